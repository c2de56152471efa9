-- Boxes coming and going as a whole.

local boxes = {}

-- A box's calls, in the order of joining: what happens to them is journalled in that order.
function boxes.calls(box)
  local list = {}
  for _, id in ipairs(redis.call('SMEMBERS', K.calls(box))) do
    list[#list + 1] = calls.load(id)
  end
  table.sort(list, function(x, y) return x.place < y.place end)
  return list
end

local function update_homed(box, change)
  local names = redis.call('SMEMBERS', K.homed(box))
  table.sort(names)
  for _, name in ipairs(names) do
    local a = agents.load(name)
    if change then change(a) end
    agents.update(a, 'box')
  end
end

function boxes.detach(box, reason)
  redis.call('HSET', K.box(box), 'attached', '0', 'fresh', '1')
  journal('box.detached', 'box', box, 'reason', reason)
  for _, call in ipairs(boxes.calls(box)) do calls.detach(call) end
  update_homed(box, agents.leave_home)
  set_timer('lost:' .. box, now + DETACH_US)
end

function boxes.attach(box)
  local key = K.box(box)
  clear_timer('lost:' .. box)
  redis.call('HSET', key, 'fresh', '0')
  if redis.call('HGET', key, 'attached') == '1' then return end
  redis.call('HSET', key, 'attached', '1')
  journal('box.attached', 'box', box)
  update_homed(box)
end

-- Away for too long: its callers are recorded as lost. Its phones are remembered: one that it still
-- reports when it comes back has not moved there.
function boxes.lose(box)
  for _, call in ipairs(boxes.calls(box)) do
    if call.state == 'talking' then
      calls.complete(call, offers.load((string.gsub(call.offers, ',', ''))), 'lost')
    else
      calls.leave(call, 'box_lost', '', 'timer')
    end
  end
end
