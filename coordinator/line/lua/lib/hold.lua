-- Holding: after a coordinator or Redis restarted, the line decides nothing until the boxes that
-- were attached have been heard of again (or the lease has passed), so that a box which reconnects
-- first does not overtake. Places are taken and kept all the while.

local hold = {}

function hold.begin(boxes, reason)
  if #boxes == 0 then return end
  redis.call('SADD', K.awaited(), unpack(boxes))
  redis.call('HSET', K.meta(), 'held', now + LEASE_US)
  set_timer('hold:', now + LEASE_US)
  journal('line.held', 'reason', reason)
end

-- All who are available may be matched again with all who are open.
function hold.free_all()
  for _, queue in ipairs(redis.call('SMEMBERS', K.queues())) do
    for _, name in ipairs(redis.call('ZRANGE', K.free(queue), 0, -1)) do
      freed[#freed + 1] = free_entry(name).agent
    end
  end
end

function hold.finish(reason)
  if redis.call('HDEL', K.meta(), 'held') == 0 then return end
  redis.call('DEL', K.awaited())
  clear_timer('hold:')
  journal('line.resumed', 'reason', reason)
  hold.free_all()
  for _, queue in ipairs(redis.call('SMEMBERS', K.emptying())) do stirred.queue[queue] = true end
end

function hold.heard(box)
  if redis.call('SREM', K.awaited(), box) == 1 and redis.call('SCARD', K.awaited()) == 0 then
    hold.finish('all boxes are back')
  end
end
