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

-- No later caller of this box gets a rank before this one.
local function seen_rank(box, rank)
  local last = tonumber(redis.call('HGET', K.box(box), 'last_rank') or '0')
  redis.call('HSET', K.box(box), 'last_rank', math.max(last, rank))
end

-- Rank of a caller who joined `age` µs ago: never before the last heartbeat, which followed all
-- that was kept back till then (less a grace); never back behind an earlier caller of the same box. Returns rank, whether the age was cut.
local function rank_of(box, age, grace)
  local key = K.box(box)
  local floor, last = unpack(redis.call('HMGET', key, 'floor', 'last_rank'))
  local earliest_rank = tonumber(floor or '0') - grace
  local rank, cut = now - age, false
  if rank < earliest_rank then rank, cut = earliest_rank, true end
  if last and rank <= tonumber(last) then rank = tonumber(last) + 1 end
  redis.call('HSET', key, 'last_rank', rank)
  return rank, cut
end
