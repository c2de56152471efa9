-- Who may join and who may stay: Queue()'s maxlen, joinempty and leavewhenempty. Conditions:
-- types.py, EMPTY_CONDITIONS.

local admission = {}

local LEAVING = 200     -- callers of one window who leave in one step at most

-- The device's state; of one that does not show yet, or not at all, what the line has it do.
local function device(a)
  local silent = a.device == '' or a.device == 'NOT_INUSE' or a.device == 'UNKNOWN'
  if silent and a.state == 'talking' then return 'INUSE' end
  if silent and a.state == 'ringing' then return 'RINGING' end
  return a.device
end

local function unregistered(a, known)
  return a.state == 'unregistered' and agents.known(a) == known
end

-- Condition → whether it holds for an agent, by its membership of this effective penalty (nil: outside
-- of the caller's window).
local HOLDS = {
  paused = function(a, m) return a.paused == '1' or m.paused ~= '0' end,
  penalty = function(_, _, effective) return effective == nil end,
  unavailable = function(a) return unregistered(a, true) end,
  invalid = function(a) return unregistered(a, false) end,
  inuse = function(a) return device(a) == 'INUSE' end,
  ringing = function(a) return device(a) == 'RINGING' end,
  unknown = function(a) return a.device == 'UNKNOWN' end,
  wrapup = function(a) return a.until_why == 'wrapup' and tonumber(a['until']) > now end,
}

local function any(a, m, effective, conditions)
  for condition in items(conditions) do
    if HOLDS[condition](a, m, effective) then return true end
  end
  return false
end

-- Whether this agent is at work in the queue and none of the conditions holds for it.
local function counts(name, queue, w, flat, conditions)
  local a = agents.load(name)
  local m = a and membership_in(queue, name)
  if not m or a.logged_in ~= '1' then return false end
  return not any(a, m, windows.effective(w, flat and 0 or m.penalty), conditions)
end

-- Whether nobody counts. Without conditions a queue is never empty. Who counted when last asked is
-- asked first: the next look costs no search as long as one stays.
local function is_empty(queue, w, conditions)
  if conditions == '' then return false end
  local q, flat = queues.load(queue), is_flat(queue)
  if flat then w = {} end
  if q.witness and counts(q.witness, queue, w, flat, conditions) then return false end
  for _, name in ipairs(redis.call('SMEMBERS', K.members(queue))) do
    if counts(name, queue, w, flat, conditions) then
      save(q, 'witness', name)
      return false
    end
  end
  return true
end

-- Why a newcomer with this window gets no place: join_empty | full; nil when there is one.
function admission.refusal(queue, w)
  local s = queues.load(queue).settings
  if is_empty(queue, w, s.joinempty) then return 'join_empty' end
  if s.maxlen > 0 and redis.call('ZCARD', K.line(queue)) >= s.maxlen then return 'full' end
end

-- Queues with leavewhenempty of which this step has changed a member, or made a caller wait.
local function stirred_queues()
  local list, seen = {}, {}
  local function add(queue)
    if not seen[queue] and redis.call('SISMEMBER', K.emptying(), queue) == 1 then
      list[#list + 1] = queue
    end
    seen[queue] = true
  end
  for queue in pairs(stirred.queue) do add(queue) end
  for agent in pairs(stirred.agent) do
    for _, m in ipairs(memberships_of(agent)) do add(m.queue) end
  end
  table.sort(list)
  return list
end

-- The callers of this window who wait and are not rung let go; more than LEAVING at a later step.
local function let_go(queue, window)
  local names = redis.call('ZRANGEBYLEX', K.open(queue), '[' .. window .. '|', '(' .. window .. '}',
    'LIMIT', 0, LEAVING)
  local left = 0
  for _, name in ipairs(names) do
    local call = calls.load(call_at(string.match(name, '|(.*)$')))
    if call and call.state == 'waiting' then
      calls.let_go(call, 'leave_empty', 'LEAVEEMPTY', '', 'line')
      left = left + 1
    end
  end
  if #names == LEAVING and left > 0 then set_timer('empty:' .. queue, now) end
end

local function sweep_queue(queue)
  local conditions = queues.load(queue).settings.leavewhenempty
  local from = '-'
  while true do
    local name = redis.call('ZRANGEBYLEX', K.open(queue), from, '+', 'LIMIT', 0, 1)[1]
    if not name then return end
    local window = string.match(name, '^[^|]+')
    if is_empty(queue, windows.parse(window), conditions) then let_go(queue, window) end
    from = '(' .. window .. '}'
  end
end

-- At a step's end: whoever waits where, for all who could serve it, one of the conditions of
-- leavewhenempty holds, leaves. Not while the line is held: nobody can be seen to be there then.
function admission.sweep()
  if not next(stirred.queue) and not next(stirred.agent) then return end
  if meta().emptying == '0' or meta().held then return end
  for _, queue in ipairs(stirred_queues()) do sweep_queue(queue) end
end
