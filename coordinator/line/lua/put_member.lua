-- Purpose    Makes an agent a member of a queue, or changes its penalty.
-- Guarantee  Idempotent; the order of being added and the calls counted are kept.
-- KEYS       tenant prefix
-- ARGV       {queue, agent, penalty}
-- Returns    ok | unknown_queue | unknown_agent
-- Journal    member.changed when anything changed
transition('put_member', function(arg)
  if redis.call('SISMEMBER', K.queues(), arg.queue) == 0 then return 'unknown_queue' end
  local a = agents.load(arg.agent)
  if not a then return 'unknown_agent' end
  members.put(arg.queue, a, arg.penalty)
end)
