-- Best agent: whom of a queue's free members a caller gets. In words: coordinator/README.md.

local PAGE = 5          -- members looked at, and told of in the journal, at a time

-- The members of one penalty, one at a time: from `start` on (a name in the free index) and around,
-- or in the index's order.
local function walk(queue, penalty, start)
  local head = string.format('%05d', penalty)
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

-- The penalties of the free members whom this window admits, lowest first, one at a time.
local function admitted(queue, w)
  local from = 0
  return function()
    while from <= MAX_PENALTY do
      local name = redis.call('ZRANGEBYLEX', K.free(queue), string.format('[%05d', from), '+',
        'LIMIT', 0, 1)[1]
      local penalty = name and free_entry(name).penalty
      if not penalty or (w.max and penalty > w.max) then return nil end
      from = penalty + 1
      if windows.effective(w, penalty) then return penalty end
      from = math.max(from, w.min or 0)
    end
  end
end

-- Whether this caller may be offered to this agent: in one pass (option n) nobody is rung twice.
local function in_turn(call, agent)
  return call.once ~= '1' or not has(call.tried, agent)
end

-- Whether it may be offered to one of the members of a penalty that somebody has.
local function anybody(call, queue, penalty)
  if call.once ~= '1' then return true end
  for m in walk(queue, penalty) do
    if in_turn(call, m.agent) then return true end
  end
  return false
end

-- The real penalties of the best tier with anybody in it; of all tiers to a strategy that pools.
local function best_tier(call, queue, w, pools)
  local tier, lowest = {}, nil
  for penalty in admitted(queue, w) do
    if anybody(call, queue, penalty) then
      local effective = windows.effective(w, penalty)
      lowest = lowest or effective
      if effective ~= lowest and not pools then break end
      tier[#tier + 1] = penalty
      if not (w.raise or pools) then break end   -- nobody of another penalty is of the same tier
    end
  end
  return tier
end

-- Of one penalty, in the strategy's order: the first not tried by this caller, and the first of all.
local function ordered(call, queue, penalty, strategy, see)
  local first = nil
  for m in walk(queue, penalty, strategy.start and strategy.start(queue, penalty)) do
    m.key = strategy.key and strategy.key(queue, m) or m.metric
    first = first or m
    see(m)
    if not has(call.tried, m.agent) then return m, first end
  end
  return nil, first
end

-- Ranks in the free index of this caller's tried agents, lowest first, of those of one penalty.
local function tried_ranks(call, queue, penalty)
  local ranks = {}
  for agent in items(call.tried) do
    local name = agents.free_name(agent, queue)
    if name and free_entry(name).penalty == penalty then
      ranks[#ranks + 1] = redis.call('ZRANK', K.free(queue), name)
    end
  end
  table.sort(ranks)
  return ranks
end

-- The least of n uniform draws from [0, weight): by it the best of several penalties are compared as
-- if each of their members had drawn.
local function least_of(n, weight)
  return weight * (1 - (1 - (draw() + 0.5) / 2 ^ 32) ^ (1 / n))
end

-- Of one penalty, drawn: any not tried by this caller, and any of all.
local function drawn(call, queue, penalty, weight, see)
  local key, head = K.free(queue), string.format('[%05d', penalty)
  local before = redis.call('ZLEXCOUNT', key, '-', head)
  local size = redis.call('ZLEXCOUNT', key, head, head .. '~')
  local tried = tried_ranks(call, queue, penalty)
  local function member(rank, n)
    local m = free_entry(redis.call('ZRANGE', key, rank, rank)[1])
    m.key = least_of(n, weight)
    return m
  end
  for m in walk(queue, penalty) do
    if not see(m) then break end
  end
  local untried = nil
  if size > #tried then
    local rank = before + draw() % (size - #tried)
    for _, taken in ipairs(tried) do
      if taken <= rank then rank = rank + 1 end
    end
    untried = member(rank, size - #tried)
  end
  return untried, member(before + draw() % size, size)
end

local function first_of_two(x, y)
  if not x or not y then return x or y end
  if x.key ~= y.key then return x.key < y.key and x or y end
  return x.order < y.order and x or y
end

local function pick_one(call, queue, tier, strategy, w)
  local seen, fresh, any = {}, nil, nil
  local function see(m)
    if #seen < PAGE then seen[#seen + 1] = m end
    return #seen < PAGE
  end
  for _, penalty in ipairs(tier) do
    local untried, first
    if strategy.weight then
      local weight = strategy.weight(windows.effective(w, penalty))
      untried, first = drawn(call, queue, penalty, weight, see)
    else
      untried, first = ordered(call, queue, penalty, strategy, see)
    end
    fresh, any = first_of_two(fresh, untried), first_of_two(any, first)
  end
  if not fresh then save(call, 'tried', '') end
  local chosen = fresh or any
  local told = false
  for _, m in ipairs(seen) do told = told or m.agent == chosen.agent end
  if not told then seen[#seen + 1] = chosen end
  return { chosen }, seen
end

local function pick_all(call, queue, tier)
  local everyone = {}
  for _, penalty in ipairs(tier) do
    for m in walk(queue, penalty) do
      if in_turn(call, m.agent) then everyone[#everyone + 1] = m end
    end
  end
  return everyone, { unpack(everyone, 1, PAGE + 1) }
end

-- The members this caller is to be offered to now, and those who were looked at; nil when nobody is
-- available whom its window admits and its pass has not had.
local function choose(call, queue, strategy, w)
  local tier = best_tier(call, queue, w, strategy.pools)
  if not tier[1] then return nil end
  if strategy.all then return pick_all(call, queue, tier) end
  return pick_one(call, queue, tier, strategy, w)
end
