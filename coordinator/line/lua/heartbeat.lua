-- Purpose    A box's link says it lives.
-- Guarantee  Renews the lease of the current link only, once the snapshot is there. It follows
--            whatever the adapter had kept back, so from now on no event may be older, and the line
--            need not wait for this box.
-- KEYS       tenant prefix
-- ARGV       {box, link}
-- Returns    ok {fresh: 1 while a snapshot must come first} | unknown_box | stale_link
-- Journal    line.resumed
transition('heartbeat', function(arg)
  local b = box_of(arg.box)
  if not b then return 'unknown_box' end
  if b.link ~= arg.link then return 'stale_link' end
  save(b, 'heard', now)
  if b.fresh ~= '0' then return 'ok', { fresh = '1' } end
  save(b, 'seen', now, 'floor', now)
  hold.heard(arg.box)
end)
