-- A queue's figures over its calls.

local figures = {}

-- Queue()'s service level: how many of the completed, or abandoned, did not wait longer.
function figures.count(queue, field, wait)
  local key = K.queue(queue)
  redis.call('HINCRBY', key, field, 1)
  local level = tonumber(redis.call('HGET', key, 'servicelevel') or '0') * 1000000
  if wait <= level then redis.call('HINCRBY', key, field .. '_in_level', 1) end
end

-- Queue()'s moving average: three parts old, one part new (app_queue.c: recalc_holdtime).
function figures.average(queue, field, value)
  local key = K.queue(queue)
  local old = redis.call('HGET', key, field)
  redis.call('HSET', key, field, old and int(math.floor((3 * tonumber(old) + value) / 4)) or value)
end
