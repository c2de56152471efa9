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
  save(box_of(box), 'attached', '0', 'fresh', '1')
  journal('box.detached', 'box', box, 'reason', reason)
  for _, call in ipairs(boxes.calls(box)) do calls.detach(call) end
  update_homed(box, agents.leave_home)
  if not redis.call('ZSCORE', K.timers(), 'lost:' .. box) then
    set_timer('lost:' .. box, now + DETACH_US)
  end
end

function boxes.attach(box)
  local b = box_of(box)
  if b.attached == '1' then return end
  save(b, 'attached', '1')
  set_timer('lease:' .. box, now + LEASE_US)
  journal('box.attached', 'box', box)
  update_homed(box)
end

-- Its snapshot has been taken whole. A box whose snapshot fails each time is attached only till the
-- lease passes, and lost when its time has come.
function boxes.in_step(box)
  clear_timer('lost:' .. box)
  save(box_of(box), 'fresh', '0', 'seen', now)
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
