-- Purpose    A queue's figures begin anew: completed, abandoned, hold and talk times, members' calls.
-- Guarantee  Callers, members and their order are untouched; fewestcalls counts from nothing.
-- KEYS       tenant prefix
-- ARGV       {queue}
-- Returns    ok | unknown_queue
-- Journal    queue.reset
transition('reset_queue', function(arg)
  if not queues.load(arg.queue) then return 'unknown_queue' end
  local q = queues.load(arg.queue)
  save(q, 'completed', 0, 'completed_in_level', 0, 'abandoned', 0, 'abandoned_in_level', 0)
  drop(q, 'hold_us', 'talk_us')
  for _, agent in ipairs(redis.call('SMEMBERS', K.members(arg.queue))) do
    local m = membership_in(arg.queue, agent)
    m.calls = 0
    put_membership(agent, m)
  end
  members.refile(arg.queue)
  journal('queue.reset', 'queue', arg.queue, 'by', 'api')
end)
