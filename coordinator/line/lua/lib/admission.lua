-- Who may join and who may stay: Queue()'s maxlen, joinempty and leavewhenempty. Conditions:
-- types.py, EMPTY_CONDITIONS. For whom none holds is kept in indexes, by penalty, so that a question
-- costs no look at each member; what is filed for an agent stands on it, as `counted`.

local admission = {}

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

-- What a queue's indexes are made by, setting → conditions; nil for a queue without any.
function admission.conditions(queue)
  local text = conditions[queue]
  if text == nil then
    text = redis.call('HGET', K.conditions(), queue)
    conditions[queue] = text
  end
  if not text then return nil end
  local joinempty, leavewhenempty = string.match(text, '^%S+ (%S*) (%S*)$')
  return { joinempty = joinempty, leavewhenempty = leavewhenempty }
end

do   -- a room of its own: Lua allows 200 locals in one
  -- The two settings and their indexes, as K has them.
  local SETTINGS = { 'joinempty', 'leavewhenempty' }

  -- Where an agent counts, whatever the caller's window: lines of setting, queue, penalty.
  local function where_it_counts(a)
    local lines = {}
    for _, m in ipairs(a.logged_in == '1' and memberships_of(a.name) or {}) do
      local by = admission.conditions(m.queue)
      for _, setting in ipairs(by and SETTINGS or {}) do
        if by[setting] ~= '' and not any(a, m, m.penalty, by[setting]) then
          lines[#lines + 1] = setting .. ' ' .. m.queue .. ' ' .. int(m.penalty)
        end
      end
    end
    return lines
  end

  -- Brings the indexes in line with an agent and its memberships; writes only what is another now.
  function admission.file(a)
    if meta().conditions == '0' and a.counted == '' then return end
    local lines, stays = where_it_counts(a), {}
    local counted = table.concat(lines, '\n')
    if counted == a.counted then return end
    for _, line in ipairs(lines) do stays[line] = true end
    for line in string.gmatch(a.counted, '[^\n]+') do
      local setting, queue = string.match(line, '(%S+) (%S+)')
      if not stays[line] then redis.call('ZREM', K[setting](queue), a.name) end
      stays[line] = nil
    end
    for line in pairs(stays) do
      local setting, queue, penalty = string.match(line, '(%S+) (%S+) (%S+)')
      redis.call('ZADD', K[setting](queue), penalty, a.name)
    end
    save(a, 'counted', counted)
  end

  -- Files whom the step has changed.
  function admission.file_stirred()
    if meta().conditions == '0' then return end
    for name in pairs(stirred.agent) do
      local a = agents.load(name)
      if a then admission.file(a) end
    end
  end

  -- Files all members anew when a queue's conditions are others, or another library's, by which they may
  -- have meant something else. How many queues have any stands in meta too: each step asks, and most
  -- lines have none.
  function admission.index(queue)
    local q = queues.load(queue)
    local by = q and q.settings.joinempty .. ' ' .. q.settings.leavewhenempty or ' '
    local text = by ~= ' ' and LIBRARY .. ' ' .. by
    if redis.call('HGET', K.conditions(), queue) == text then return end
    if text then
      redis.call('HSET', K.conditions(), queue, text)
    else
      redis.call('HDEL', K.conditions(), queue)
    end
    conditions[queue] = text
    save(meta(), 'conditions', redis.call('HLEN', K.conditions()))
    for _, name in ipairs(redis.call('SMEMBERS', K.members(queue))) do
      admission.file(agents.load(name))
    end
  end
end

-- Whether nobody counts. Without conditions a queue is never empty.
local function is_empty(queue, w, setting)
  local by = queues.load(queue).settings[setting]
  if by == '' then return false end
  local from, to = 0, MAX_PENALTY
  if has(',' .. by .. ',', 'penalty') and not is_flat(queue) then from, to = windows.admits(w) end
  return not redis.call('ZRANGEBYSCORE', K[setting](queue), from, to, 'LIMIT', 0, 1)[1]
end

-- Why a newcomer with this window gets no place: join_empty | full; nil when there is one.
function admission.refusal(queue, w)
  local s = queues.load(queue).settings
  if is_empty(queue, w, 'joinempty') then return 'join_empty' end
  if s.maxlen > 0 and redis.call('ZCARD', K.line(queue)) >= s.maxlen then return 'full' end
end

do
  local LEAVING = 200     -- callers of one window who leave in one step at most

  -- Queues with leavewhenempty of which this step has changed a member, or made a caller wait.
  local function stirred_queues()
    local list, seen = {}, {}
    local function add(queue)
      local by = not seen[queue] and admission.conditions(queue)
      if by and by.leavewhenempty ~= '' then list[#list + 1] = queue end
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
    local from = '-'
    while true do
      local name = redis.call('ZRANGEBYLEX', K.open(queue), from, '+', 'LIMIT', 0, 1)[1]
      if not name then return end
      local window = string.match(name, '^[^|]+')
      if is_empty(queue, windows.parse(window), 'leavewhenempty') then let_go(queue, window) end
      from = '(' .. window .. '}'
    end
  end

  -- At a step's end: whoever waits where, for all who could serve it, one of the conditions of
  -- leavewhenempty holds, leaves. Not while the line is held: nobody can be seen to be there then.
  function admission.sweep()
    if not next(stirred.queue) and not next(stirred.agent) then return end
    if meta().conditions == '0' or meta().held then return end
    for _, queue in ipairs(stirred_queues()) do sweep_queue(queue) end
  end
end
