-- Purpose    Creates a queue or changes its settings.
-- Guarantee  Callers and their places are untouched; a new strategy rules from the next decision.
-- KEYS       tenant prefix
-- ARGV       {queue, settings: {strategy, weight, timeout, retry, wrapuptime, servicelevel}}
-- Returns    ok
-- Journal    queue.changed when anything changed
transition('put_queue', function(arg)
  local key, s = K.queue(arg.queue), arg.settings
  local before = load(key) or {}
  local changed = false
  for field, value in pairs(s) do changed = changed or before[field] ~= tostring(value) end
  if not changed then return 'ok' end
  redis.call('SADD', K.queues(), arg.queue)
  redis.call('HSET', key, 'strategy', s.strategy, 'weight', s.weight, 'timeout', s.timeout,
    'retry', s.retry, 'wrapuptime', s.wrapuptime, 'servicelevel', s.servicelevel)
  journal('queue.changed', 'queue', arg.queue, 'strategy', s.strategy, 'weight', s.weight,
    'ring_timeout_s', s.timeout, 'retry_s', s.retry, 'wrapup_s', s.wrapuptime, 'removed', 0)
  if before.strategy and before.strategy ~= s.strategy then
    for _, name in ipairs(redis.call('ZRANGE', K.free(arg.queue), 0, -1)) do
      agents.refile(agents.load(free_entry(name).agent))
    end
  end
end)
