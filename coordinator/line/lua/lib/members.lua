-- Memberships: an agent in a queue, with penalty, the order of being added, completed calls.

local members = {}

function members.put(queue, a, penalty)
  local key = K.memberships(a.name)
  local value = redis.call('HGET', key, queue)
  local m = value and membership(value)
  if m and m.penalty == penalty then return end
  if not m then
    m = { order = redis.call('HINCRBY', K.queue(queue), 'last_order', 1), calls = 0 }
    redis.call('SADD', K.members(queue), a.name)
  end
  m.penalty = penalty
  redis.call('HSET', key, queue, membership_value(m))
  journal('member.changed', 'queue', queue, 'agent', a.name, 'penalty', penalty,
    'order', m.order, 'removed', 0)
  agents.refile(a)
end

-- A phone that rings for this queue stops.
function members.remove(queue, a)
  redis.call('HDEL', K.memberships(a.name), queue)
  redis.call('SREM', K.members(queue), a.name)
  journal('member.changed', 'queue', queue, 'agent', a.name, 'removed', 1)
  local o = a.offer ~= '' and offers.load(a.offer)
  if o and o.queue == queue then
    calls.reopen(offers.cancel(o.id))
  else
    agents.refile(a)
  end
end
