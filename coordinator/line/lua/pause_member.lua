-- Purpose    A person pauses an agent in one queue, or ends the pause there.
-- Guarantee  A phone that rings goes on ringing. Idempotent. Who was paused everywhere stays paused in
--            the other queues; an autopause ends too.
-- KEYS       tenant prefix
-- ARGV       {queue, agent, paused: 1 | 0, reason}
-- Returns    ok | unknown_queue | unknown_agent | not_a_member
-- Journal    member.changed*, agent.state
transition('pause_member', function(arg)
  if not queues.load(arg.queue) then return 'unknown_queue' end
  local a = agents.load(arg.agent)
  if not a then return 'unknown_agent' end
  if not membership_in(arg.queue, a.name) then return 'not_a_member' end
  if arg.paused == 1 then
    members.pause(arg.queue, a, '1', arg.reason, 'api')
  else
    members.unpause(arg.queue, a, arg.reason)
  end
end)
