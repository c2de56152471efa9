-- Holding: after a coordinator or Redis restarted, the line decides nothing until the boxes that
-- were attached have been heard of again (or the lease has passed), so that a box which reconnects
-- first does not overtake. Places are taken and kept all the while. So too when another
-- coordinator takes over from one that is gone, and when none could reach Redis for a while.

local hold = {}

-- Awaits these boxes. That an attached one was not heard of is not its silence: its lease begins
-- anew.
function hold.begin(boxes, reason)
  if #boxes == 0 then return end
  redis.call('SADD', K.awaited(), unpack(boxes))
  for _, box in ipairs(boxes) do
    local b = box_of(box)
    if b and b.attached == '1' then save(b, 'seen', now) end
  end
  local already = meta().held
  save(meta(), 'held', now + LEASE_US)
  set_timer('hold:', now + LEASE_US)
  if not already then journal('line.held', 'reason', reason) end
end

-- The attached boxes of this coordinator; of all, without one. By name.
function hold.boxes_of(owner)
  local list = {}
  for _, box in ipairs(redis.call('SMEMBERS', K.boxes())) do
    local b = box_of(box)
    if b and b.attached == '1' and (not owner or b.owner == owner) then list[#list + 1] = box end
  end
  table.sort(list)
  return list
end

-- Coordinators tick each second: when nothing at all was heard for so long, none reached Redis.
function hold.after_silence(quiet)
  if QUIET_US > 0 and quiet > QUIET_US then hold.begin(hold.boxes_of(), 'no coordinator was here') end
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
  if not meta().held then return end
  drop(meta(), 'held')
  redis.call('DEL', K.awaited())
  clear_timer('hold:')
  journal('line.resumed', 'reason', reason)
  hold.free_all()
  for _, queue in ipairs(redis.call('HKEYS', K.conditions())) do stirred.queue[queue] = true end
end

function hold.heard(box)
  if redis.call('SREM', K.awaited(), box) == 1 and redis.call('SCARD', K.awaited()) == 0 then
    hold.finish('all boxes are back')
  end
end
