-- Callers who do not wait for ever: Queue()'s timeout, which with timeoutpriority=conf is looked at
-- between two rings only, and its option n: one pass over the agents. With timeoutpriority=app the
-- box ends the wait, whatever rings.

local patience = {}

local RING_ON_S = 3600          -- timeout=0: until somebody answers; a Dial lasts an hour at most
local LEAST_RING_US = 1000000

-- How long a phone rings for this caller, µs.
function patience.ring_us(call, timeout_s)
  local full = (timeout_s == 0 and RING_ON_S or timeout_s) * 1000000
  if call.due == '' or call.conf == '1' then return full end
  return math.min(full, math.max(tonumber(call.due) - now, LEAST_RING_US))
end

-- The time of a caller with timeoutpriority=conf is over. Nobody more is rung for it; it leaves when
-- nobody is.
function patience.pass(call)
  save(K.call(call.id), call, 'overdue', '1')
  if call.offers ~= '' then
    calls.close(call)
    save(K.call(call.id), call, 'tier', '')
    journal('caller.overdue', 'queue', call.queue, 'call_id', call.id, 'box', call.box)
  elseif call.attached == '1' then
    calls.open(call)
  end
end

-- Whether somebody is available whom this caller, opened just now, has not been offered to.
local function untried(call)
  for penalty in admitted(call.queue, windows.in_force(is_flat(call.queue), call.open)) do
    for m in walk(call.queue, penalty) do
      if not has(call.tried, m.agent) then return true end
    end
  end
  return false
end

-- Whether a caller with option n, for whom nobody rings any more, has had its pass.
local function passed(call)
  local strategy = strategies[redis.call('HGET', K.queue(call.queue), 'strategy')]
  return (call.unanswered == '1' and not strategy.passes) or not untried(call)
end

-- Those this step made wait who have no patience left, for each of whom `over` says so.
local function end_waits(over)
  for _, id in ipairs(ending) do
    local call = calls.load(id)
    if call and call.state == 'waiting' and call.attached == '1' and over(call) then
      calls.let_go(call, 'timeout', 'TIMEOUT', '', 'line')
    end
  end
end

-- Before the match. While the line is held nobody can be seen to be there: the pass begins anew.
function patience.before_match()
  local held = redis.call('HEXISTS', K.meta(), 'held') == 1
  end_waits(function(call)
    if call.overdue == '1' then return true end
    if held then save(K.call(call.id), call, 'tried', '', 'unanswered', '') end
    return call.tried ~= '' and passed(call)
  end)
end

-- After it: who might have been offered to another agent, whom somebody else has now.
function patience.after_match()
  end_waits(function(call) return call.once == '1' and call.tried ~= '' end)
end
