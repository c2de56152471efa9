-- Who may join: Queue()'s maxlen and joinempty. Conditions: types.py, EMPTY_CONDITIONS.

local admission = {}

local IN_USE = { INUSE = true, BUSY = true, ONHOLD = true, RINGINUSE = true }

-- Condition → whether it holds for an agent, as a member of this effective penalty (nil: outside of
-- the caller's window).
local HOLDS = {
  paused = function(a) return a.paused == '1' end,
  penalty = function(_, effective) return effective == nil end,
  unavailable = function(a) return a.state == 'unregistered' end,
  inuse = function(a) return a.state == 'talking' or IN_USE[a.device] or false end,
  ringing = function(a) return a.state == 'ringing' or a.device == 'RINGING' end,
  unknown = function(a) return a.device == 'UNKNOWN' end,
  wrapup = function(a) return a.state == 'wrapup' end,
}

local function any(a, effective, conditions)
  for condition in items(conditions) do
    if HOLDS[condition](a, effective) then return true end
  end
  return false
end

-- Whether nobody is at work in the queue for whom none of the conditions holds. Without conditions
-- a queue is never empty.
local function is_empty(queue, w, conditions)
  if conditions == '' then return false end
  local flat = is_flat(queue)
  for _, name in ipairs(redis.call('SMEMBERS', K.members(queue))) do
    local a = agents.load(name)
    if a.logged_in == '1' then
      local m = membership(redis.call('HGET', K.memberships(name), queue))
      local effective = windows.effective(flat and {} or w, flat and 0 or m.penalty)
      if not any(a, effective, conditions) then return false end
    end
  end
  return true
end

-- Why a newcomer with this window gets no place: join_empty | full; nil when there is one.
function admission.refusal(queue, w)
  local maxlen, joinempty = unpack(redis.call('HMGET', K.queue(queue), 'maxlen', 'joinempty'))
  if is_empty(queue, w, joinempty or '') then return 'join_empty' end
  maxlen = tonumber(maxlen or '0')
  if maxlen > 0 and redis.call('ZCARD', K.line(queue)) >= maxlen then return 'full' end
end
