-- Purpose    Does what is due: offers that expire, rest and wrap-up that end, penalty rules, callers'
--            own timeouts (timeoutpriority=conf), leases, lost boxes.
-- Guarantee  Any replica may call it at any time; each timer fires once. One whose work fails comes
--            again after a lease, and stops no other; nor does it keep anybody from being matched.
-- KEYS       tenant prefix
-- ARGV       {}
-- Returns    ok {next: when the earliest timer is due, µs, 0 for none}
-- Journal    what the timers do: offer.ended (expired), agent.state, caller.window, caller.overdue,
--            box.detached, caller.detached*, caller.left (timeout, box_lost, leave_empty)*, call.completed (lost)*,
--            line.resumed
local BATCH = 200

local DUE = {
  offer = function(id)
    local o = offers.load(id)
    local call = o and o.state ~= 'talking' and offers.cancel(id, 'expired')
    if call then calls.reopen(call) end
    if not o then offers.stopped(id) end
  end,
  agent = function(name)
    local a = agents.load(name)
    if a then agents.update(a, 'timer') end
  end,
  lease = function(box)
    local b = box_of(box)
    local due = b and tonumber(b.seen) + LEASE_US
    if b and now < due then
      set_timer('lease:' .. box, due)
    elseif b and b.attached == '1' then
      boxes.detach(box, 'silent for the lease')
    end
  end,
  lost = boxes.lose,
  hold = function() hold.finish('lease passed') end,
  rule = function(id)
    local call = calls.load(id)
    if call then rules.advance(call) end
  end,
  due = function(id)
    local call = calls.load(id)
    if call and call.state ~= 'talking' then patience.pass(call) end
  end,
  settle = function() hold.free_all() end,
  empty = function(queue) stirred.queue[queue] = true end,
}

transition('tick', function()
  local due = redis.call('ZRANGEBYSCORE', K.timers(), '-inf', int(now), 'LIMIT', 0, BATCH)
  local failure
  for _, name in ipairs(due) do
    clear_timer(name)
    local kind, id = string.match(name, '^(%a+):(.*)$')
    local well, why = pcall(DUE[kind], id)
    if not well then
      failure = failure or why
      set_timer(name, now + LEASE_US)
    end
  end
  if failure then
    pcall(settle)   -- of those the other timers freed; the first failure is the one to be told
    error(failure, 0)
  end
  local next_timer = redis.call('ZRANGE', K.timers(), 0, 0, 'WITHSCORES')
  return 'ok', { next = next_timer[2] and int(tonumber(next_timer[2])) or '0' }
end)
