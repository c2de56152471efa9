-- Purpose    A coordinator starts, or Redis has come back.
-- Guarantee  Decides nothing until the boxes it held (all, when Redis was restarted) are back.
-- KEYS       tenant prefix
-- ARGV       {owner, boxes: names the directory knows, restarted: Redis lost its memory or may have}
-- Returns    ok {empty: 1 when Redis holds no line yet}
-- Journal    line.held
transition('start', function(arg)
  local empty = redis.call('EXISTS', K.boxes()) == 0
  local awaited = {}
  if empty then
    awaited = arg.boxes
  else
    for _, box in ipairs(redis.call('SMEMBERS', K.boxes())) do
      local owner, attached = unpack(redis.call('HMGET', K.box(box), 'owner', 'attached'))
      if attached == '1' and (arg.restarted or owner == arg.owner) then
        awaited[#awaited + 1] = box
        if arg.restarted then redis.call('HSET', K.box(box), 'fresh', '1') end
      end
    end
  end
  hold.begin(awaited, arg.restarted and 'redis restarted' or 'coordinator started')
  return 'ok', { empty = empty and '1' or '0' }
end)
