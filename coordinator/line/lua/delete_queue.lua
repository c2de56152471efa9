-- Purpose    Removes a queue and its memberships.
-- Guarantee  Refused while callers wait in it.
-- KEYS       tenant prefix
-- ARGV       {queue}
-- Returns    ok | unknown_queue | queue_in_use {callers}
-- Journal    member.changed*, queue.changed
transition('delete_queue', function(arg)
  if not queues.load(arg.queue) then return 'unknown_queue' end
  local waiting = redis.call('ZCARD', K.line(arg.queue))
  if waiting > 0 then return 'queue_in_use', { callers = waiting } end
  for _, agent in ipairs(redis.call('SMEMBERS', K.members(arg.queue))) do
    members.remove(arg.queue, agents.load(agent))
  end
  erase(queues.load(arg.queue))
  redis.call('SREM', K.queues(), arg.queue)
  admission.index(arg.queue)
  journal('queue.changed', 'queue', arg.queue, 'removed', 1)
end)
