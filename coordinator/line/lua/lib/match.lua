-- THE rule of who gets whom; its only production home. In words: coordinator/README.md.
--
-- Whatever a step made available (agents) or open (callers) is matched before the step returns:
-- of all callers that may now be matched, the first by (queue weight, place) gets its best agent,
-- until none can be. Nothing else need be looked at: before the step, nobody could be matched.

local PASSED_OVER = 5   -- callers ahead that the journal names

-- Who is ahead and why they do not get this agent: for the journal and `gvq why`.
local function passed_over(call, ahead)
  local rows = {}
  if ahead == 0 then return rows end
  local last = math.min(ahead, PASSED_OVER) - 1
  for _, place in ipairs(redis.call('ZRANGE', K.line(call.queue), 0, last)) do
    local id = call_at(place)
    local other = glance(K.call(id), CALL, 'attached', 'offers')
    local why = other.attached ~= '1' and 'detached' or other.offers ~= '' and 'ringing' or 'penalty'
    rows[#rows + 1] = { id, why }
  end
  return rows
end

local function considered(seen, w)
  local rows = {}
  for i, m in ipairs(seen) do
    rows[i] = { m.agent, int(windows.effective(w, m.penalty)), int(m.metric) }
  end
  return rows
end

-- Offers the caller to its best agent (ringall: to all of the best tier). False when nobody is
-- available whom its window admits; then a pass that has begun is over.
local function serve(call)
  local queue = call.queue
  local q = queues.load(queue)
  local strategy = strategies[q.settings.strategy]
  if call.state == 'ringing' and not strategy.all then   -- the queue was ringall when it began
    calls.close(call)
    return false
  end
  local w = windows.in_force(is_flat(queue), call.open)
  local chosen, seen = choose(call, queue, strategy, w)
  if not chosen then
    patience.end_pass(call)
    return false
  end
  if strategy.all and call.once ~= '1' then
    calls.open(call, windows.effective(w, chosen[1].penalty))
  else
    calls.close(call)
  end
  local ahead = position(queue, call.place) - 1
  local passed, rows = passed_over(call, ahead), considered(seen, w)
  for _, m in ipairs(chosen) do
    local a = agents.load(m.agent)
    local ring_us = patience.ring_us(call, q.settings.timeout)
    local o = offers.make(call, a, ahead + 1, ring_us)
    save(q, 'pointer', m.order)
    journal('offer.made', 'queue', queue, 'call_id', call.id, 'box', call.box, 'agent', a.name,
      'home', a.home, 'offer_id', o.id, 'fence', tonumber(o.fence),
      'penalty', windows.effective(w, m.penalty), 'position', ahead + 1, 'strategy', q.settings.strategy,
      'considered', rows, 'passed_over', passed, 'ahead', ahead,
      'timeout_us', ring_us)
  end
  return true
end

-- A caller's turn, by its name in the open index.
local function turn(queue, name)
  local place = string.match(name, '|(.*)$')
  return { id = call_at(place), queue = queue, name = name, place = place,
    weight = queues.load(queue).settings.weight }
end

-- The first caller of one queue whose window admits this penalty (0 where penalties do not count): the
-- first of each window's.
local function first_in_queue(queue, penalty)
  local flat, from, best = is_flat(queue), '-', nil
  while true do
    local name = redis.call('ZRANGEBYLEX', K.open(queue), from, '+', 'LIMIT', 0, 1)[1]
    if not name then return best and turn(queue, best.name) end
    local window, place = string.match(name, '^([^|]+)|(.*)$')
    local admits = windows.effective(windows.in_force(flat, name), penalty)
    if admits and (not best or place < best.place) then best = { name = name, place = place } end
    from = '(' .. window .. '}'   -- '}' follows '|': past all places of this window
  end
end

-- Earlier in the order over all queues: higher weight, then place.
local function earlier(x, y)
  if not y then return true end
  if x.weight ~= y.weight then return x.weight > y.weight end
  return x.place < y.place
end

-- The caller this agent should take: over all queues in whose free index it is.
local function first_caller(agent)
  local a, best = agents.load(agent), nil
  for queue, name in string.gmatch(a and a.free or '', '(%S+) (%S+)') do
    local candidate = first_in_queue(queue, free_entry(name).penalty)
    if candidate and earlier(candidate, best) then best = candidate end
  end
  return best
end

-- Callers this step opened, in order. Agents only go while settling, so one look each is enough.
local function opened_in_order()
  local turns = {}
  for _, id in ipairs(opened) do
    local call = calls.load(id)
    if call and call.open ~= '' then turns[#turns + 1] = turn(call.queue, call.open) end
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
  if (#freed == 0 and #opened == 0) or meta().held then return end
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
