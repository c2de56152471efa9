-- Callers who do not wait for ever: Queue()'s timeout, which with timeoutpriority=conf is looked at
-- between two rings only, and its option n: one pass over the agents. With timeoutpriority=app the
-- box ends the wait, whatever rings.

local patience = {}

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
  save(call, 'overdue', '1')
  if call.offers ~= '' then
    calls.close(call)
    save(call, 'tier', '')
    journal('caller.overdue', 'queue', call.queue, 'call_id', call.id, 'box', call.box)
  elseif call.attached == '1' then
    calls.open(call)
  end
end

local function let_go(call)
  calls.let_go(call, 'timeout', 'TIMEOUT', '', 'line')
end

-- Nobody is available for this caller, whose turn it is: one with option n has had its pass, if that
-- had begun.
function patience.end_pass(call)
  if call.once == '1' and call.state == 'waiting' and call.tried ~= '' then let_go(call) end
end

-- Whether a caller whom this step made wait leaves, whoever is available.
local function is_over(call)
  if call.overdue == '1' then return true end
  local strategy = strategies[queues.load(call.queue).settings.strategy]
  return call.unanswered == '1' and not strategy.passes
end

-- Before the match. While the line is held nobody can be seen to be there: the pass begins anew.
function patience.before_match()
  for _, id in ipairs(ending) do
    local call = calls.load(id)
    if call and call.state == 'waiting' and call.attached == '1' then
      if meta().held and call.once == '1' then
        save(call, 'tried', '', 'unanswered', '')
      end
      if is_over(call) then let_go(call) end
    end
  end
end
