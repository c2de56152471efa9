-- Purpose    A box's link is closed.
-- Guarantee  The lease runs on: a link that comes back in time costs nobody anything.
-- KEYS       tenant prefix
-- ARGV       {box, link}
-- Returns    ok | stale_link (a newer link is there: nothing to close)
-- Journal    -
transition('unlink', function(arg)
  local key = K.box(arg.box)
  if redis.call('HGET', key, 'link') ~= arg.link then return 'stale_link' end
  redis.call('HSET', key, 'linked', '0')
end)
