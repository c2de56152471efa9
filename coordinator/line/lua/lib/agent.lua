-- Agents: when they are available, and keeping the free index true to it.

local agents = {}

-- Asterisk compares interfaces in any case (app_queue.c: interface_exists): by this we find them. An
-- agent's own are kept as they were written, and dialled so. names.fold is the like in Python.
function agents.fold(device)
  return string.lower(device)
end

-- Whether its phone rings, also one that was told to stop a moment ago, or talks.
function agents.is_held(a)
  return a.offer ~= '' or a.call ~= '' or a.stopping ~= ''
end

local function registered(state)
  return state and state ~= 'UNAVAILABLE' and state ~= 'INVALID'
end

local function idle_device(state)
  return state == 'NOT_INUSE' or state == 'UNKNOWN'
end

function agents.load(name)
  local a = load(K.agent(name), AGENT)
  if a then a.name = name end
  return a
end

local function attached(box)
  local b = box ~= '' and box_of(box)
  return b and b.attached == '1'
end

-- The state and its reason, from the record alone. Order: what binds the agent hardest first.
function agents.state_of(a)
  if a.call ~= '' then return 'talking', '' end
  if a.offer ~= '' then return 'ringing', '' end
  if a.stopping ~= '' then return 'ringing', 'stopping' end
  if a.logged_in ~= '1' then return 'offline', '' end
  if a.home == '' then return 'unregistered', '' end
  if not attached(a.home) then return 'unregistered', 'box detached' end
  if a.paused == '1' then return 'paused', a.reason end
  if tonumber(a['until']) > now then return a.until_why, '' end
  if not idle_device(a.device) then return 'in_use', a.device end
  return 'available', ''
end

-- Whether somebody may ring an agent in this state: in use, only queues that ring all the same.
local function may_ring(a, state)
  return state == 'available' or (state == 'in_use' and a.rings == '1')
end

local function leave_free(a)
  for queue, name in string.gmatch(a.free, '(%S+) (%S+)') do
    redis.call('ZREM', K.free(queue), name)
  end
  save(a, 'free', '')
end

-- Into the free indexes of just those queues whose callers may have the agent now.
local function enter_free(a, state)
  local free = {}
  for _, m in ipairs(memberships_of(a.name)) do
    if m.paused == '0' and (state == 'available' or m.rings == '1') then
      local strategy = strategies[queues.load(m.queue).settings.strategy]
      local penalty = is_flat(m.queue) and 0 or m.penalty
      local name = free_name(penalty, strategy.metric(a, m), m.order, a.name)
      redis.call('ZADD', K.free(m.queue), 0, name)
      free[#free + 1] = m.queue .. ' ' .. name
    end
  end
  if #free == 0 then return end
  save(a, 'free', table.concat(free, '\n'))
  freed[#freed + 1] = a.name
end

-- Its name in a queue's free index; nil when it is not there.
function agents.free_name(name, queue)
  local a = glance(K.agent(name), AGENT, 'free')
  for of, entry in string.gmatch(a.free, '(%S+) (%S+)') do
    if of == queue then return entry end
  end
end

-- Brings state and free index in line with the record. Returns the state.
function agents.refresh(a)
  local state, why = agents.state_of(a)
  if state ~= a.state then
    if a.free ~= '' then leave_free(a) end
    if may_ring(a, state) then enter_free(a, state) end
  end
  a.was, a.was_why = a.state, a.state_why
  stirred.agent[a.name] = true
  if state ~= a.state or why ~= a.state_why then
    save(a, 'state', state, 'state_why', why)
  end
  return state
end

-- As refresh, and journals the change (of home too), where no other entry says it.
function agents.update(a, by)
  local state = agents.refresh(a)
  if state ~= a.was or a.state_why ~= a.was_why or a.moved then
    journal('agent.state', 'agent', a.name, 'state', state,
      'reason', a.state_why ~= '' and a.state_why, 'home', a.home, 'by', by)
  end
  a.moved = nil
end

-- What the operator has changed: the state may stay the same by it (of an agent who talks).
-- `change`: login | logout | pause | unpause | interface, which `was` another before. `by`: journal.py.
-- `why`: of the end of a pause, which leaves no reason behind.
function agents.tell(a, change, by, was, why)
  local queues, paused_in = {}, {}
  local reason = a.paused == '1' and a.reason or why or ''
  for _, m in ipairs(memberships_of(a.name)) do
    queues[#queues + 1] = m.queue
    if m.paused ~= '0' then paused_in[#paused_in + 1] = m.queue end
  end
  table.sort(queues)
  table.sort(paused_in)
  journal('agent.changed', 'agent', a.name, 'change', change, 'interface', a.interface,
    'was', was or false, 'reason', reason ~= '' and reason,
    'logged_in', tonumber(a.logged_in), 'paused', tonumber(a.paused),
    'queues', table.concat(queues, ','),
    'paused_in', #paused_in > 0 and table.concat(paused_in, ','),
    'by', asked.by or by, 'uniqueid', asked.uniqueid)
end

-- Takes an agent's index entries out and files them anew: a membership or a strategy has changed.
function agents.refile(a)
  if a.free ~= '' then leave_free(a) end
  if may_ring(a, a.state) then enter_free(a, a.state) end
end

-- Not to be rung before `seconds` have passed; why: resting | wrapup.
function agents.hold_back(a, seconds, why)
  if seconds <= 0 then return end
  local due = now + seconds * 1000000
  save(a, 'until', due, 'until_why', why)
  set_timer('agent:' .. a.name, due)
end

local function set_home(a, home)
  if a.home == home then return end
  if a.home ~= '' then redis.call('SREM', K.homed(a.home), a.name) end
  if home ~= '' then redis.call('SADD', K.homed(home), a.name) end
  save(a, 'home', home)
  a.moved = true
end

-- An attached box where the phone is registered, first by name; '' for none.
local function elsewhere(phone)
  local boxes = redis.call('SMEMBERS', K.boxes())
  table.sort(boxes)
  phone = agents.fold(phone)
  for _, box in ipairs(boxes) do
    if attached(box) and registered(redis.call('HGET', K.devices(box), phone)) then return box end
  end
  return ''
end

function agents.find_home(a)
  set_home(a, elsewhere(a.phone))
  local device = a.home ~= '' and redis.call('HGET', K.devices(a.home), agents.fold(a.phone))
  save(a, 'device', device or '')
end

-- Whether any box knows the phone, registered or not; one that is away may come back.
function agents.known(a)
  for _, box in ipairs(redis.call('SMEMBERS', K.boxes())) do
    if redis.call('HEXISTS', K.devices(box), agents.fold(a.phone)) == 1 then return true end
  end
  return false
end

-- Its home is detached: another box that has the phone takes over; without one it stays there.
function agents.leave_home(a)
  if elsewhere(a.phone) ~= '' then agents.find_home(a) end
end

-- Another agent whose phone this device is: who is dialled so, or judged by its state. A Custom device
-- is the operator's switch and no phone: as many as like are judged by it.
function agents.owner(device, but)
  if string.sub(device, 1, 7) == 'Custom:' then return nil end
  for _, owners in ipairs({ K.interfaces(), K.phones() }) do
    local owner = redis.call('HGET', owners, agents.fold(device))
    if owner and owner ~= but then return owner end
  end
end

-- From now on the agent is judged by this device's state.
function agents.watch(a, device)
  device = agents.fold(device)
  local others = redis.call('HGET', K.phones(), device)
  redis.call('HSET', K.phones(), device, others and others .. ',' .. a.name or a.name)
end

function agents.unwatch(a, device)
  device = agents.fold(device)
  local others = {}
  for name in items(redis.call('HGET', K.phones(), device)) do
    if name ~= a.name then others[#others + 1] = name end
  end
  if #others == 0 then
    redis.call('HDEL', K.phones(), device)
  else
    redis.call('HSET', K.phones(), device, table.concat(others, ','))
  end
end

-- The device of this agent is in this state on the box; `before`: in which it was there.
local function hear(a, box, before, state)
  if registered(state) and (not registered(before) or not attached(a.home)) then
    set_home(a, box)                         -- newly registered here: the agent has moved
  end
  if a.home == box and not registered(state) then
    agents.find_home(a)
  elseif a.home == box then
    save(a, 'device', state)
  end
end

-- A box reports a device. What it does not know it need not keep.
function agents.report(box, phone, state, by)
  phone = agents.fold(phone)
  local key = K.devices(box)
  local before = redis.call('HGET', key, phone)
  if state == 'INVALID' then
    redis.call('HDEL', key, phone)
  else
    redis.call('HSET', key, phone, state)
  end
  for name in items(redis.call('HGET', K.phones(), phone)) do
    local a = agents.load(name)
    hear(a, box, before, state)
    agents.update(a, by)
  end
end
