-- Memberships: an agent in a queue, with penalty, the order of being added, completed calls.

local members = {}

-- With few members, penalties do not count (penaltymemberslimit): everybody is of penalty 0, and
-- every window admits everybody. Kept as `flat` on the queue; who is available is filed anew.
function members.flatten(queue)
  local key = K.queue(queue)
  local limit, flat = unpack(redis.call('HMGET', key, 'penaltymemberslimit', 'flat'))
  local now_flat = redis.call('SCARD', K.members(queue)) <= tonumber(limit or '0') and '1' or '0'
  if now_flat == (flat or '0') then return end
  redis.call('HSET', key, 'flat', now_flat)
  members.refile(queue)
end

function members.refile(queue)
  for _, name in ipairs(redis.call('ZRANGE', K.free(queue), 0, -1)) do
    agents.refile(agents.load(free_entry(name).agent))
  end
end

-- Journals a change of a membership, with what its agent is by then.
local function tell(queue, a, ...)
  journal('member.changed', 'queue', queue, 'agent', a.name, 'interface', a.interface,
    'logged_in', tonumber(a.logged_in), 'paused', tonumber(a.paused), 'by', asked.by,
    'uniqueid', asked.uniqueid, ...)
end

function members.put(queue, a, penalty)
  local key = K.memberships(a.name)
  local value = redis.call('HGET', key, queue)
  local m = value and membership(value)
  if m and m.penalty == penalty then return end
  local added = not m
  if added then
    m = { order = redis.call('HINCRBY', K.queue(queue), 'last_order', 1), calls = 0 }
    redis.call('SADD', K.members(queue), a.name)
  end
  m.penalty = penalty
  redis.call('HSET', key, queue, membership_value(m))
  tell(queue, a, 'penalty', penalty, 'order', m.order, 'added', added and 1 or 0, 'removed', 0)
  agents.refile(a)
  members.flatten(queue)
  stirred.queue[queue] = true
end

-- A phone that rings for this queue stops.
function members.remove(queue, a)
  local m = membership(redis.call('HGET', K.memberships(a.name), queue))
  redis.call('HDEL', K.memberships(a.name), queue)
  redis.call('SREM', K.members(queue), a.name)
  tell(queue, a, 'penalty', m.penalty, 'calls', m.calls, 'removed', 1)
  local o = a.offer ~= '' and offers.load(a.offer)
  if o and o.queue == queue then
    calls.reopen(offers.cancel(o.id))
  else
    agents.refile(a)
  end
  members.flatten(queue)
  stirred.queue[queue] = true
end
