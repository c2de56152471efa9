-- Purpose    Makes an agent a member of a queue, or changes how it serves.
-- Guarantee  Idempotent; the order of being added and the calls counted are kept, and what autopause did.
-- KEYS       tenant prefix
-- ARGV       {queue, agent, penalty, wrapuptime, ringinuse ('1' | '0'; both '': the queue's), paused
--            (1: there, by a person), reason}
-- Returns    ok | unknown_queue | unknown_agent
-- Journal    member.changed for each change
transition('put_member', function(arg)
  if not queues.load(arg.queue) then return 'unknown_queue' end
  local a = agents.load(arg.agent)
  if not a then return 'unknown_agent' end
  members.put(arg.queue, a, arg)
end)
