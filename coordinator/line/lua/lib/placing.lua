-- Newcomers: their rank, and Queue()'s position, by which one may be placed further ahead than the
-- tail, but past nobody of higher priority (app_queue.c: join_queue).

local placing = {}

local PRIORITY_HEAD = 10

local function rank_in(place)
  return tonumber(string.sub(place, PRIORITY_HEAD + 1, PLACE_HEAD))
end

local function ahead_of(queue, place)
  return redis.call('ZLEXCOUNT', K.line(queue), '-', '(' .. place)
end

local function at(queue, index)
  return redis.call('ZRANGE', K.line(queue), index, index)[1]
end

-- Ranks are whole µs, so between two neighbours there may be none free: those behind give way, each
-- by as little as keeps their order. From the last on, so that nobody passes anybody on the way.
local function push_back(queue, index, place)
  local pushed = {}
  local last, follower = place, at(queue, index)
  while follower and follower <= last do
    local call = calls.load(call_at(follower))
    local rank = rank_in(last) + 1
    pushed[#pushed + 1] = { call = call, rank = rank }
    last = place_of(call.priority, rank, call.id)
    index = index + 1
    follower = at(queue, index)
  end
  for i = #pushed, 1, -1 do
    local call, rank = pushed[i].call, pushed[i].rank
    calls.move(call, tonumber(call.priority), rank, 'placed')
    seen_rank(call.box, rank)
  end
end

-- A rank behind `index` callers: of this priority the one there is to come right behind.
local function rank_at(join, index, higher)
  local behind, before = at(join.queue, index), index > higher and at(join.queue, index - 1)
  local rank
  for _, free in ipairs({ rank_in(behind) - 1, rank_in(behind) }) do
    local place = place_of(join.priority, free, join.call_id)
    if place < behind and (not before or place > before) then return free end
  end
  rank = rank_in(before) + 1
  push_back(join.queue, index, place_of(join.priority, rank, join.call_id))
  return rank
end

-- A rank for the position asked for; nil when that is no better than `rank`'s place. And since when
-- it is known: as that of the caller who comes right behind.
local function asked_for(join, rank)
  local natural = place_of(join.priority, rank, join.call_id)
  local higher = ahead_of(join.queue, string.sub(natural, 1, PRIORITY_HEAD))
  local index = math.max(join.position - 1, higher)
  if index >= ahead_of(join.queue, natural) then return nil end
  local taken = glance(K.call(call_at(at(join.queue, index))), CALL, 'taken').taken
  return rank_at(join, index, higher), tonumber(taken)
end

-- Who came `age` µs ago takes a place. `waited`: how long it has waited, where that is known better
-- than by the rank. Returns the call, and whether the age was cut.
function placing.newcomer(join, box, age, waited)
  local rank, cut = rank_of(box, age, AGE_GRACE_US)
  waited = waited or math.max(now - rank, 0)
  local placed, taken
  if join.position then placed, taken = asked_for(join, rank) end
  local call = calls.enter(join, box, placed or rank, waited, 'join', taken or now,
    placed and join.position)
  return call, cut
end
