-- A box's link: every event of a box passes accept() first.

-- Refuses what comes over an old link, twice, or out of order; nil when the event is to be taken.
-- The sequence number moves in the same step as the event's effect, so neither can be lost alone.
local function accept(arg, is_snapshot)
  local key = K.box(arg.box)
  local link, seq, fresh = unpack(redis.call('HMGET', key, 'link', 'seq', 'fresh'))
  if not link then return 'unknown_box' end
  if link ~= arg.link then return 'stale_link' end
  seq = tonumber(seq)
  if arg.seq <= seq then return 'duplicate' end
  if arg.seq ~= seq + 1 then return 'out_of_sequence', { expected = int(seq + 1) } end
  if fresh == '1' and not is_snapshot then return 'snapshot_required' end
  redis.call('HSET', key, 'seq', arg.seq, 'heard', now)
  if not is_snapshot then redis.call('HSET', key, 'seen', now) end   -- boxes.in_step, at its end
  return nil
end

local function last_rank(key)
  return tonumber(redis.call('HGET', key, 'last_rank') or '0')
end

-- A ticket's rank stands. No later caller of this box gets one before it; nor of any box while it is
-- ahead of the clock (that of the Redis which gave it was).
local function seen_rank(box, rank)
  for _, key in ipairs({ K.box(box), K.meta() }) do
    redis.call('HSET', key, 'last_rank', int(math.max(last_rank(key), rank)))
  end
end

-- Rank of a caller who joined `age` µs ago: never before the last heartbeat, which followed all
-- that was kept back till then (less a grace); never back behind an earlier caller of the same box, or
-- a ticket ahead of the clock. Returns rank, whether the age was cut.
local function rank_of(box, age, grace)
  local key = K.box(box)
  local earliest_rank = tonumber(redis.call('HGET', key, 'floor') or '0') - grace
  local rank, cut = now - age, false
  if rank < earliest_rank then rank, cut = earliest_rank, true end
  rank = math.max(rank, last_rank(key) + 1)
  local ticket = last_rank(K.meta())
  if ticket > now then
    rank = math.max(rank, ticket + 1)
    redis.call('HSET', K.meta(), 'last_rank', int(rank))
  end
  redis.call('HSET', key, 'last_rank', int(rank))
  return rank, cut
end
