-- The two indexes that make a decision cost O(log n): who is free, who is open.
--
-- free:{queue}  <penalty:5><metric:16><order:8><agent>      available members, best first
-- open:{queue}  <min,max,raise>|<place>                     open callers by window, first first
-- place         <inverted priority:10><rank:16><call id>    also the member of line:{queue}
-- All scores are 0: Redis orders by name, and a name never loses digits as a score would.

local PLACE_HEAD = 26
local FREE_HEAD = 29

local function place_of(priority, rank, call_id)
  return string.format('%010d%016d%s', 2147483648 - priority, rank, call_id)
end

local function call_at(place)
  return string.sub(place, PLACE_HEAD + 1)
end

-- What names a call in the journal, and so in queue_log: the channel that joined, whoever has its
-- place now.
local function callid(call)
  return call.known_as or call.uniqueid
end

-- A position in a queue, 1-based; 0 when not in it.
local function position(queue, place)
  local ahead = redis.call('ZRANK', K.line(queue), place)
  return ahead and ahead + 1 or 0
end

local function free_name(penalty, metric, order, agent)
  return string.format('%05d%016d%08d%s', penalty, metric, order, agent)
end

local function free_entry(name)
  return {
    name = name,
    penalty = tonumber(string.sub(name, 1, 5)),
    metric = tonumber(string.sub(name, 6, 21)),
    order = tonumber(string.sub(name, 22, FREE_HEAD)),
    agent = string.sub(name, FREE_HEAD + 1),
  }
end

-- Strategies register here (strategies/*.lua): metric(agent record, membership) → number, by which
-- the free index is ordered, and what else a strategy is:
--   start(queue, penalty) → name in the free index from which the order begins
--   key(queue, member)    → what compares the bests of several penalties, else the metric
--   weight(penalty)       → members draw from [0, weight), and the lowest wins; there is no order
--   pools                 → no tiers: all members whom the window admits are one
--   all                   → the whole tier is rung at once
--   passes                → a pass (option n) goes on to the next member after a ring unanswered
local strategies = {}

-- Whether penalties do not count here, for there are few members (members.flatten).
local function is_flat(queue)
  return queues.load(queue).flat == '1'
end
