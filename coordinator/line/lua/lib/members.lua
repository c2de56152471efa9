-- Memberships: an agent in a queue, with its own settings and pause, the order of being added, completed
-- calls.

local members = {}

-- With few members, penalties do not count (penaltymemberslimit): everybody is of penalty 0, and
-- every window admits everybody. Kept as `flat` on the queue; who is available is filed anew.
function members.flatten(queue)
  local q = queues.load(queue)
  local flat = redis.call('SCARD', K.members(queue)) <= q.settings.penaltymemberslimit and '1' or '0'
  if flat == q.flat then return end
  save(q, 'flat', flat)
  members.refile(queue)
end

function members.refile(queue)
  for _, name in ipairs(redis.call('ZRANGE', K.free(queue), 0, -1)) do
    agents.refile(agents.load(free_entry(name).agent))
  end
end

-- Journals a change of a membership, with what its agent is by then. change: journal.py. why: of the
-- end of a pause, which leaves no reason behind.
local function tell(queue, a, m, change, by, why)
  local reason = m.reason ~= '' and m.reason or why or ''
  journal('member.changed', 'queue', queue, 'agent', a.name, 'interface', a.interface,
    'logged_in', tonumber(a.logged_in), 'paused', tonumber(a.paused), 'change', change,
    'penalty', m.penalty, 'order', m.order, 'calls', m.calls,
    'member_paused', m.paused ~= '0' and 1 or 0, 'reason', reason ~= '' and reason,
    'wrapup_s', m.wrapuptime ~= '' and m.wrapuptime, 'ringinuse', m.ringinuse ~= '' and m.ringinuse,
    'added', change == 'added' and 1 or 0, 'removed', change == 'removed' and 1 or 0,
    'by', asked.by or by, 'uniqueid', asked.uniqueid)
end

-- Kept on the agent: whether any queue rings it while it is in use.
local function keep_rings(a)
  local rings = '0'
  for _, m in ipairs(memberships_of(a.name)) do
    if m.rings == '1' then rings = '1' end
  end
  save(a, 'rings', rings)
end

-- Takes the queue's ringinuse where the membership has none of its own.
local function resolve(q, a, m)
  m.rings = m.ringinuse ~= '' and m.ringinuse or (q.settings.ringinuse and '1' or '0')
  put_membership(a.name, m)
  keep_rings(a)
end

-- A person's pause, or its end; what autopause did is ended by `members.unpause` only. What changed.
local function take_pause(m, paused, reason)
  if paused == 1 and (m.paused ~= '1' or m.reason ~= reason) then
    m.paused, m.paused_at, m.reason = '1', int(now), reason
    return 'pause'
  elseif paused == 0 and m.paused == '1' then
    m.paused, m.reason = '0', ''
    return 'unpause'
  end
end

-- What a membership is to be: the fields, and how it differs from that. Changes `m`.
local function take(m, s)
  local changes = {}
  for _, field in ipairs({ 'penalty', 'wrapuptime', 'ringinuse' }) do
    if m[field] ~= s[field] then
      m[field] = s[field]
      changes[#changes + 1] = field
    end
  end
  changes[#changes + 1] = take_pause(m, s.paused, s.reason)
  return changes
end

local function new(q)
  local order = tonumber(q.last_order) + 1
  save(q, 'last_order', order)
  return { queue = q.name, order = order, calls = 0,
    paused = '0', paused_at = '0', reason = '' }
end

-- s: penalty, wrapuptime, ringinuse, paused, reason.
function members.put(queue, a, s)
  local q, known = queues.load(queue), membership_in(queue, a.name)
  local m = known or new(q)
  local changes = take(m, s)
  if not known then
    redis.call('SADD', K.members(queue), a.name)
    changes = { 'added' }
  end
  if #changes == 0 then return end
  resolve(q, a, m)
  for _, change in ipairs(changes) do tell(queue, a, m, change, 'api') end
  agents.refile(a)
  members.flatten(queue)
  stirred.queue[queue] = true
end

-- The queue rings in use, or no longer, those who do not say so themselves.
function members.follow_ringinuse(queue)
  for _, name in ipairs(redis.call('SMEMBERS', K.members(queue))) do
    local a = agents.load(name)
    local m = membership_in(queue, name)
    if m.ringinuse == '' then
      resolve(queues.load(queue), a, m)
      if a.state == 'in_use' then agents.refile(a) end
    end
  end
end

-- Pauses or unpauses a membership. `as`: 0 | 1 a person's | 2 autopause's.
local function set_pause(queue, a, m, as, reason, change, by)
  m.paused, m.reason = as, as ~= '0' and reason or ''
  if as ~= '0' then m.paused_at = int(now) end
  put_membership(a.name, m)
  tell(queue, a, m, change, by, reason)
  stirred.queue[queue] = true
end

function members.pause(queue, a, as, reason, by)
  local m = membership_in(queue, a.name)
  if m.paused == as and m.reason == reason then return end
  set_pause(queue, a, m, as, reason, 'pause', by)
  agents.refile(a)
end

-- Who is paused everywhere stays so in the other queues: in each by itself. As SQL, which knows of no
-- autopause, has it: by a person, if a person paused everywhere, also where autopause had been before.
local function pause_each(a, except)
  local as, reason = a.autopaused == '1' and '2' or '1', a.reason
  save(a, 'paused', '0', 'autopaused', '0', 'reason', '')
  for _, m in ipairs(memberships_of(a.name)) do
    if m.queue ~= except and m.paused ~= '1' and m.paused ~= as then
      set_pause(m.queue, a, m, as, reason, 'stays_paused', 'api')
    end
  end
end

-- A person ends a pause in one queue, whoever began it.
function members.unpause(queue, a, reason)
  local m = membership_in(queue, a.name)
  if m.paused == '0' and a.paused == '0' then return end
  if a.paused == '1' then pause_each(a, queue) end
  set_pause(queue, a, m, '0', reason, 'unpause', 'api')
  save(a, 'misses', '0')
  agents.refile(a)
  agents.update(a, 'api')
end

-- A person ends a pause in all queues: also those that were of one queue. Whether there was any.
function members.end_pauses(a)
  local any = false
  for _, m in ipairs(memberships_of(a.name)) do
    if m.paused ~= '0' then
      m.paused, m.reason, any = '0', '', true
      put_membership(a.name, m)
      stirred.queue[m.queue] = true
    end
  end
  if any then agents.refile(a) end
  return any
end

-- A phone that rings for this queue stops.
function members.remove(queue, a)
  local m = membership_in(queue, a.name)
  drop_membership(a.name, queue)
  redis.call('SREM', K.members(queue), a.name)
  admission.file(a)
  tell(queue, a, m, 'removed', 'api')
  if m.rings == '1' then keep_rings(a) end
  local o = a.offer ~= '' and offers.load(a.offer)
  if o and o.queue == queue then
    calls.reopen(offers.cancel(o.id))
  else
    agents.refile(a)
  end
  members.flatten(queue)
  stirred.queue[queue] = true
end
