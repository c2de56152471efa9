-- Purpose    A box's link says it lives.
-- Guarantee  Renews the lease of the current link only.
-- KEYS       tenant prefix
-- ARGV       {box, link}
-- Returns    ok | unknown_box | stale_link
-- Journal    -
transition('heartbeat', function(arg)
  local key = K.box(arg.box)
  local link, fresh = unpack(redis.call('HMGET', key, 'link', 'fresh'))
  if not link then return 'unknown_box' end
  if link ~= arg.link then return 'stale_link' end
  redis.call('HSET', key, 'seen', now)
  if fresh == '0' then hold.heard(arg.box) end
end)
