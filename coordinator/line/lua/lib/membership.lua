-- An agent in a queue: one text of its agent's hash. Read once in a step, all of an agent's together,
-- and written at once.

-- paused: 0 | 1 by a person | 2 by autopause; paused_at, µs; wrapuptime, ringinuse: its own, '' for the
-- queue's; rings: 1 where in use does not bar it, by either.
local MEMBERSHIP = '^(%d+):(%d+):(%d+):([012]):(%d+):(%d*):([01]?):([01]):(.*)$'

local function membership(queue, value)
  local penalty, order, calls, paused, paused_at, wrapuptime, ringinuse, rings, reason =
    string.match(value, MEMBERSHIP)
  return { queue = queue, penalty = tonumber(penalty), order = tonumber(order),
    calls = tonumber(calls), paused = paused, paused_at = paused_at, wrapuptime = wrapuptime,
    ringinuse = ringinuse, rings = rings, reason = reason }
end

-- All of an agent's.
local function memberships_of(agent)
  local list = memberships[agent]
  if not list then
    local flat = redis.call('HGETALL', K.memberships(agent))
    list = {}
    for i = 1, #flat, 2 do list[#list + 1] = membership(flat[i], flat[i + 1]) end
    memberships[agent] = list
  end
  return list
end

-- nil when it is no member.
local function membership_in(queue, agent)
  for _, m in ipairs(memberships_of(agent)) do
    if m.queue == queue then return m end
  end
end

-- Writes a new one, or one that was changed.
local function put_membership(agent, m)
  if membership_in(m.queue, agent) ~= m then memberships[agent] = nil end
  redis.call('HSET', K.memberships(agent), m.queue,
    string.format('%d:%d:%d:%s:%s:%s:%s:%s:%s', m.penalty, m.order, m.calls, m.paused,
      m.paused_at, m.wrapuptime, m.ringinuse, m.rings, m.reason))
  stirred.agent[agent] = true
end

local function drop_membership(agent, queue)
  redis.call('HDEL', K.memberships(agent), queue)
  memberships[agent] = nil
end
