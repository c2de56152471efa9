-- Autopause: who does not answer is paused, in the queue (yes) or everywhere (all). Only by what the
-- box says of a phone that it rang: not when the caller hung up, another answered, or nobody knows.

-- Outcome → true, or the queue's setting by which it counts.
local MISSES = { no_answer = true, rejected = true, busy = 'autopausebusy', failed = 'autopauseunavail' }

local REASON = 'Auto-Pause'

local function counts(outcome, s)
  local by = MISSES[outcome]
  return by == true or (by and s[by])
end

-- Queue()'s autopausedelay: none so soon after a call.
local function too_soon(a, delay)
  return a.last_call ~= '0' and now < tonumber(a.last_call) + delay * 1000000
end

local function pause_everywhere(a)
  if a.paused == '1' then return end
  save(a, 'paused', '1', 'autopaused', '1', 'reason', REASON, 'paused_at', now)
  agents.tell(a, 'pause', 'autopause')
  agents.update(a, 'autopause')
end

-- An offer has ended so, and was not answered before. Misses count over all queues that have
-- autopause, till the agent talks or a person ends a pause.
local function missed(o, outcome)
  local a, s = agents.load(o.agent), queues.load(o.queue).settings
  if not a or s.autopause == 'no' then return end
  if not counts(outcome, s) or too_soon(a, s.autopausedelay) then return end
  save(a, 'misses', tonumber(a.misses) + 1)
  if tonumber(a.misses) < s.autopause_after then return end
  if s.autopause == 'all' then return pause_everywhere(a) end
  local m = membership_in(o.queue, a.name)
  if m and m.paused == '0' then
    members.pause(o.queue, a, '2', REASON, 'autopause')
  end
end
