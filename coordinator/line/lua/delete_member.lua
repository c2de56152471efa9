-- Purpose    Ends an agent's membership in a queue.
-- Guarantee  A phone ringing for that queue stops; a call goes on.
-- KEYS       tenant prefix
-- ARGV       {queue, agent}
-- Returns    ok | unknown_queue | unknown_agent | not_a_member
-- Journal    member.changed, offer.ended (cancelled)
transition('delete_member', function(arg)
  if not queues.load(arg.queue) then return 'unknown_queue' end
  local a = agents.load(arg.agent)
  if not a then return 'unknown_agent' end
  if not membership_in(arg.queue, a.name) then return 'not_a_member' end
  members.remove(arg.queue, a)
end)
