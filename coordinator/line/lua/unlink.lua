-- Purpose    A box's link is closed.
-- Guarantee  The lease runs on: a link that comes back in time costs nobody anything.
-- KEYS       tenant prefix
-- ARGV       {box, link}
-- Returns    ok | stale_link (a newer link is there: nothing to close)
-- Journal    -
transition('unlink', function(arg)
  local b = box_of(arg.box)
  if not b or b.link ~= arg.link then return 'stale_link' end
  save(b, 'linked', '0')
end)
