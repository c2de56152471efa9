-- Purpose    Creates a queue or changes its settings.
-- Guarantee  Callers keep their places; a new strategy rules from the next decision, a new
--            leavewhenempty or ringinuse at once.
-- KEYS       tenant prefix
-- ARGV       {queue, settings: the fields of QueueSettings, those of Announcing as one text}
-- Returns    ok
-- Journal    queue.changed when anything changed; caller.left (leave_empty)*
-- ringall again: who was rung by it before, and still is, takes more agents.
local function follow_ringall(queue)
  for _, place in ipairs(redis.call('ZRANGE', K.line(queue), 0, -1)) do
    calls.open_beside(calls.load(call_at(place)))
  end
end

transition('put_queue', function(arg)
  local key, s = K.queue(arg.queue), arg.settings
  local before = load(key) or {}
  local changed = false
  for field, value in pairs(s) do changed = changed or before[field] ~= tostring(value) end
  if not changed then return 'ok' end
  redis.call('SADD', K.queues(), arg.queue)
  for field, value in pairs(s) do redis.call('HSET', key, field, value) end
  journal('queue.changed', 'queue', arg.queue, 'strategy', s.strategy, 'weight', s.weight,
    'ring_timeout_s', s.timeout, 'retry_s', s.retry, 'wrapup_s', s.wrapuptime,
    'penalty_members_limit', s.penaltymemberslimit, 'ringinuse', s.ringinuse, 'removed', 0)
  if before.strategy and before.strategy ~= s.strategy then
    members.refile(arg.queue)
    if strategies[s.strategy].all then follow_ringall(arg.queue) end
  end
  if before.ringinuse and before.ringinuse ~= tostring(s.ringinuse) then
    members.follow_ringinuse(arg.queue)
  end
  members.flatten(arg.queue)
  redis.call(s.leavewhenempty == '' and 'SREM' or 'SADD', K.emptying(), arg.queue)
  stirred.queue[arg.queue] = true
end)
