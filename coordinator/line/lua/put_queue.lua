-- Purpose    Creates a queue or changes its settings.
-- Guarantee  Callers keep their places; a new strategy rules from the next decision, a new
--            leavewhenempty or ringinuse at once.
-- KEYS       tenant prefix
-- ARGV       {queue, deciding, announcing, calling, meeting: its settings as a text each
--            (engine.py)}
-- Returns    ok
-- Journal    queue.changed when anything changed; caller.left (leave_empty)*
-- ringall again: who was rung by it before, and still is, takes more agents.
local function follow_ringall(queue)
  for _, place in ipairs(redis.call('ZRANGE', K.line(queue), 0, -1)) do
    calls.open_beside(calls.load(call_at(place)))
  end
end

transition('put_queue', function(arg)
  local q = queues.load(arg.queue)
  local before = q and q.settings
  if not queues.put(arg.queue, arg) then return 'ok' end
  local s = queues.load(arg.queue).settings
  redis.call('SADD', K.queues(), arg.queue)
  journal('queue.changed', 'queue', arg.queue, 'strategy', s.strategy, 'weight', s.weight,
    'ring_timeout_s', s.timeout, 'retry_s', s.retry, 'wrapup_s', s.wrapuptime,
    'penalty_members_limit', s.penaltymemberslimit, 'ringinuse', s.ringinuse and 1 or 0,
    'removed', 0)
  if before and before.strategy ~= s.strategy then
    members.refile(arg.queue)
    if strategies[s.strategy].all then follow_ringall(arg.queue) end
  end
  if before and before.ringinuse ~= s.ringinuse then members.follow_ringinuse(arg.queue) end
  members.flatten(arg.queue)
  admission.index(arg.queue)
  stirred.queue[arg.queue] = true
end)
