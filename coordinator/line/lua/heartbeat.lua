-- Purpose    A box's link says it lives.
-- Guarantee  Renews the lease of the current link only, once the snapshot is there. It follows
--            whatever the adapter had kept back, so from now on no event may be older, and the line
--            need not wait for this box.
-- KEYS       tenant prefix
-- ARGV       {box, link}
-- Returns    ok {fresh: 1 while a snapshot must come first} | unknown_box | stale_link
-- Journal    line.resumed
transition('heartbeat', function(arg)
  local key = K.box(arg.box)
  local link, fresh = unpack(redis.call('HMGET', key, 'link', 'fresh'))
  if not link then return 'unknown_box' end
  if link ~= arg.link then return 'stale_link' end
  redis.call('HSET', key, 'heard', now)
  if fresh ~= '0' then return 'ok', { fresh = '1' } end
  redis.call('HSET', key, 'seen', now, 'floor', now)
  hold.heard(arg.box)
end)
