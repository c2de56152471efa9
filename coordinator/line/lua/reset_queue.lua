-- Purpose    A queue's figures begin anew: completed, abandoned, hold and talk times, members' calls.
-- Guarantee  Callers, members and their order are untouched; fewestcalls counts from nothing.
-- KEYS       tenant prefix
-- ARGV       {queue}
-- Returns    ok | unknown_queue
-- Journal    queue.reset
local FIGURES = {
  'completed', 'completed_in_level', 'abandoned', 'abandoned_in_level', 'hold_us', 'talk_us',
}

transition('reset_queue', function(arg)
  if redis.call('SISMEMBER', K.queues(), arg.queue) == 0 then return 'unknown_queue' end
  redis.call('HDEL', K.queue(arg.queue), unpack(FIGURES))
  for _, agent in ipairs(redis.call('SMEMBERS', K.members(arg.queue))) do
    local key = K.memberships(agent)
    local m = membership(redis.call('HGET', key, arg.queue))
    m.calls = 0
    redis.call('HSET', key, arg.queue, membership_value(m))
  end
  members.refile(arg.queue)
  journal('queue.reset', 'queue', arg.queue, 'by', 'api')
end)
