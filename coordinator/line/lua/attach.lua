-- Purpose    An adapter links its box: a new epoch, or the same one over a new connection.
-- Guarantee  One live link a box; the newest link of one adapter process wins at once, another
--            process only when the old link is closed or silent for the lease. A hello renews the
--            lease only where it resumes: else the box is back with its snapshot, not before.
--            No box meets a line without its queues (emptied, even under the same run id), which
--            would let its callers go. A link never closed, taken over by another coordinator:
--            the former is gone, and its other boxes are awaited too.
-- KEYS       tenant prefix
-- ARGV       {box, link, instance, epoch, owner}
-- Returns    ok {seq: last event taken of this epoch, fresh: 1 when a snapshot must come first}
--            | not_ready (nobody has mirrored the directory here) | box_already_linked
--            | stale_link (an older epoch)
-- Journal    line.held
transition('attach', function(arg)
  if not meta().mirrored then return 'not_ready' end
  local b = box_of(arg.box) or create(K.box(arg.box), BOX)
  local alive = b.linked == '1' and now < tonumber(b.heard) + LEASE_US
  if alive and b.instance ~= arg.instance then return 'box_already_linked' end
  if b.instance == arg.instance and arg.epoch < tonumber(b.epoch) then return 'stale_link' end
  local resumed = b.instance == arg.instance and tonumber(b.epoch) == arg.epoch
    and b.attached == '1' and b.fresh ~= '1'
  local seq = resumed and b.seq or '0'
  if b.linked == '1' and b.owner ~= arg.owner then
    hold.begin(hold.boxes_of(b.owner), 'coordinator gone')
  end
  redis.call('SADD', K.boxes(), arg.box)
  save(b, 'link', arg.link, 'instance', arg.instance, 'epoch', arg.epoch, 'owner', arg.owner,
    'linked', '1', 'seq', seq, 'fresh', resumed and '0' or '1', 'heard', now)
  if resumed then save(b, 'seen', now) end
  return 'ok', { seq = seq, fresh = resumed and '0' or '1' }
end)
