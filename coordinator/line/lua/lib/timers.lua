-- What is due when. A timer's name is kind:id; setting it again moves it.

local function set_timer(name, due)
  redis.call('ZADD', K.timers(), int(due), name)
  if earliest == 0 or due < earliest then earliest = due end
end

local function clear_timer(name)
  redis.call('ZREM', K.timers(), name)
end
