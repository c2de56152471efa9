-- THE rule of who gets whom; its only production home. In words: coordinator/README.md.
--
-- Whatever a step made available (agents) or open (callers) is matched before the step returns:
-- of all callers that may now be matched, the first by (queue weight, place) gets its best agent,
-- until none can be. Nothing else need be looked at: before the step, nobody could be matched.

local match = {}

local PAGE = 5          -- members looked at, and told of in the journal, at a time
local PASSED_OVER = 5   -- callers ahead that the journal names

-- The members of one penalty in the strategy's order, one at a time.
local function walk(queue, penalty, strategy)
  local head = string.format('%05d', penalty)
  local start = strategy.start and strategy.start(queue, penalty)
  local from, stop, rounds = '[' .. (start or head), '[' .. head .. '~', start and 2 or 1
  local page, at = {}, 0
  return function()
    at = at + 1
    while at > #page and rounds > 0 do
      page = redis.call('ZRANGEBYLEX', K.free(queue), from, stop, 'LIMIT', 0, PAGE)
      at = 1
      if #page == PAGE then
        from = '(' .. page[PAGE]
      else
        rounds = rounds - 1
        from, stop = '[' .. head, '(' .. (start or head)
      end
    end
    return page[at] and free_entry(page[at])
  end
end

-- The best tier with anybody in it that this window admits: effective penalty, real penalties.
local function best_tier(queue, w)
  local key, floor = K.free(queue), w.min or 0
  local function next_penalty(from)
    local name = redis.call('ZRANGEBYLEX', key, string.format('[%05d', from), '+', 'LIMIT', 0, 1)[1]
    return name and free_entry(name).penalty
  end
  if w.raise then
    local raised, p = {}, windows.effective(w, 0) and next_penalty(0)
    while p and p <= w.raise do
      raised[#raised + 1] = p
      p = next_penalty(p + 1)
    end
    if #raised > 0 then return w.raise, raised end
    floor = math.max(floor, w.raise + 1)
  end
  local p = next_penalty(floor)
  if not p or (w.max and p > w.max) then return nil end
  return p, { p }
end

local function before(strategy, queue, x, y)
  local kx = strategy.key and strategy.key(queue, x) or x.metric
  local ky = strategy.key and strategy.key(queue, y) or y.metric
  if kx ~= ky then return kx < ky end
  return x.order < y.order
end

-- Of one penalty: the first not tried by this caller, else nil; the first of all; those seen.
local function first_of(call, queue, penalty, strategy, seen)
  local next_member, first = walk(queue, penalty, strategy), nil
  local m = next_member()
  while m do
    first = first or m
    if #seen < PAGE then seen[#seen + 1] = m end
    if not has(call.tried, m.agent) then return m, first end
    m = next_member()
  end
  return nil, first
end

local function pick_one(call, queue, penalties, strategy)
  local seen, fresh, any = {}, nil, nil
  for _, penalty in ipairs(penalties) do
    local untried, first = first_of(call, queue, penalty, strategy, seen)
    if untried and (not fresh or before(strategy, queue, untried, fresh)) then fresh = untried end
    if first and (not any or before(strategy, queue, first, any)) then any = first end
  end
  if not fresh then save(K.call(call.id), call, 'tried', '') end
  local chosen = fresh or any
  local told = false
  for _, m in ipairs(seen) do told = told or m.agent == chosen.agent end
  if not told then seen[#seen + 1] = chosen end
  return { chosen }, seen
end

local function pick_all(queue, penalties, strategy)
  local everyone = {}
  for _, penalty in ipairs(penalties) do
    for m in walk(queue, penalty, strategy) do everyone[#everyone + 1] = m end
  end
  return everyone, everyone
end

-- Who is ahead and why they do not get this agent: for the journal and `gvq why`.
local function passed_over(call, ahead)
  local rows = {}
  if ahead == 0 then return rows end
  local last = math.min(ahead, PASSED_OVER) - 1
  for _, place in ipairs(redis.call('ZRANGE', K.line(call.queue), 0, last)) do
    local id = call_at(place)
    local attached, offered = unpack(redis.call('HMGET', K.call(id), 'attached', 'offers'))
    local why = attached ~= '1' and 'detached' or offered ~= '' and 'ringing' or 'penalty'
    rows[#rows + 1] = { id, why }
  end
  return rows
end

local function considered(seen, tier)
  local rows = {}
  for i = 1, math.min(#seen, PAGE + 1) do
    rows[i] = { seen[i].agent, int(tier), int(seen[i].metric) }
  end
  return rows
end

-- Offers the caller to its best agent (ringall: to all of the best tier). False when nobody is
-- available whom its window admits.
local function serve(call)
  local queue = call.queue
  local name, timeout = unpack(redis.call('HMGET', K.queue(queue), 'strategy', 'timeout'))
  local strategy = strategies[name]
  if call.state == 'ringing' and not strategy.all then   -- the queue was ringall when it began
    calls.close(call)
    return false
  end
  local w = windows.parse(string.match(call.open, '^[^|]+'))
  local tier, penalties = best_tier(queue, w)
  if not tier then return false end
  local chosen, seen
  if strategy.all then
    chosen, seen = pick_all(queue, penalties, strategy)
    calls.open(call, tier)
  else
    chosen, seen = pick_one(call, queue, penalties, strategy)
    calls.close(call)
  end
  local ahead = position(queue, call.place) - 1
  local passed = cjson.encode(passed_over(call, ahead))
  local rows = cjson.encode(considered(seen, tier))
  for _, m in ipairs(chosen) do
    local a = agents.load(m.agent)
    local o = offers.make(call, a, tonumber(timeout), OFFER_GRACE_US)
    redis.call('HSET', K.queue(queue), 'pointer', m.order)
    journal('offer.made', 'queue', queue, 'call_id', call.id, 'box', call.box, 'agent', a.name,
      'home', a.home, 'offer_id', o.id, 'fence', tonumber(o.fence), 'penalty', tier,
      'position', ahead + 1, 'strategy', name, 'considered', rows, 'passed_over', passed,
      'ahead', ahead, 'timeout_us', tonumber(timeout) * 1000000)
  end
  return true
end

-- A caller's turn, by its name in the open index.
local function turn(queue, name)
  local place = string.match(name, '|(.*)$')
  local weight = tonumber(redis.call('HGET', K.queue(queue), 'weight') or '0')
  return { id = call_at(place), queue = queue, name = name, place = place, weight = weight }
end

-- The first caller of one queue whose window admits this penalty: the first of each window's.
local function first_in_queue(queue, penalty)
  local from, best = '-', nil
  while true do
    local name = redis.call('ZRANGEBYLEX', K.open(queue), from, '+', 'LIMIT', 0, 1)[1]
    if not name then return best and turn(queue, best.name) end
    local window, place = string.match(name, '^([^|]+)|(.*)$')
    if windows.effective(windows.parse(window), penalty) and (not best or place < best.place) then
      best = { name = name, place = place }
    end
    from = '(' .. window .. '}'   -- '}' follows '|': past all places of this window
  end
end

-- Earlier in the order over all queues: higher weight, then place.
local function earlier(x, y)
  if not y then return true end
  if x.weight ~= y.weight then return x.weight > y.weight end
  return x.place < y.place
end

-- The caller this agent should take: over all its queues.
local function first_caller(agent)
  if redis.call('HGET', K.agent(agent), 'state') ~= 'available' then return nil end
  local best = nil
  for _, m in ipairs(memberships_of(agent)) do
    local candidate = first_in_queue(m.queue, m.penalty)
    if candidate and earlier(candidate, best) then best = candidate end
  end
  return best
end

-- Callers this step opened, in order. Agents only go while settling, so one look each is enough.
local function opened_in_order()
  local turns = {}
  for _, id in ipairs(opened) do
    local queue, open = unpack(redis.call('HMGET', K.call(id), 'queue', 'open'))
    if open and open ~= '' then turns[#turns + 1] = turn(queue, open) end
  end
  table.sort(turns, earlier)
  return turns
end

-- Serves the caller whose turn it is. An entry without its record (which only a lost key leaves)
-- goes, or it would come first for ever. Whether anything has changed: if not, looking again shows
-- the same.
local function take(first)
  local call = calls.load(first.id)
  if call and call.open == first.name then
    return serve(call) or call.open ~= first.name
  end
  return redis.call('ZREM', K.open(first.queue), first.name) == 1
end

local function settle()
  if (#freed == 0 and #opened == 0) or redis.call('HEXISTS', K.meta(), 'held') == 1 then return end
  local turns, at = opened_in_order(), 1
  local firsts = {}
  for _, agent in ipairs(freed) do firsts[agent] = first_caller(agent) end
  while true do
    local best = turns[at]
    for _, first in pairs(firsts) do
      if earlier(first, best) then best = first end
    end
    if not best then return end
    local turned = turns[at] and turns[at].id == best.id
    if turned then at = at + 1 end
    local look_again = take(best) or turned
    for agent, first in pairs(firsts) do
      if first.id == best.id then firsts[agent] = look_again and first_caller(agent) or nil end
    end
  end
end
