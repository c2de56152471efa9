-- A box's link: every event of a box passes accept() first.

local function box_of(name)
  return load(K.box(name), BOX)
end

-- Refuses what comes over an old link, twice, or out of order; nil when the event is to be taken.
-- The sequence number moves in the same step as the event's effect, so neither can be lost alone.
local function accept(arg, is_snapshot)
  local b = box_of(arg.box)
  if not b then return 'unknown_box' end
  if b.link ~= arg.link then return 'stale_link' end
  local seq = tonumber(b.seq)
  if arg.seq <= seq then return 'duplicate' end
  if arg.seq ~= seq + 1 then return 'out_of_sequence', { expected = int(seq + 1) } end
  if b.fresh == '1' and not is_snapshot then return 'snapshot_required' end
  save(b, 'seq', arg.seq, 'heard', now)
  if not is_snapshot then save(b, 'seen', now) end   -- boxes.in_step, at its end
  return nil
end

-- A ticket's rank stands. No later caller of this box gets one before it; nor of any box while it is
-- ahead of the clock (that of the Redis which gave it was).
local function seen_rank(box, rank)
  for _, record in ipairs({ box_of(box), meta() }) do
    save(record, 'last_rank', math.max(tonumber(record.last_rank), rank))
  end
end

-- Rank of a caller who joined `age` µs ago: never before the last heartbeat, which followed all
-- that was kept back till then (less a grace); never back behind an earlier caller of the same box, or
-- a ticket ahead of the clock. Returns rank, whether the age was cut.
local function rank_of(box, age, grace)
  local b, m = box_of(box), meta()
  local earliest_rank = tonumber(b.floor) - grace
  local rank, cut = now - age, false
  if rank < earliest_rank then rank, cut = earliest_rank, true end
  rank = math.max(rank, tonumber(b.last_rank) + 1)
  local ticket = tonumber(m.last_rank)
  if ticket > now then
    rank = math.max(rank, ticket + 1)
    save(m, 'last_rank', rank)
  end
  save(b, 'last_rank', rank)
  return rank, cut
end
