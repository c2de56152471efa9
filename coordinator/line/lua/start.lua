-- Purpose    A coordinator starts, or has found its Redis again.
-- Guarantee  Decides nothing until the boxes it held are back; when the server is another process
--            than before (run_id), what it took last may be lost: then all boxes begin anew with
--            a snapshot. Replicas may all call it; only the first that sees the new server counts.
--            Each is asked to mirror the directory until one has (mirrored.lua).
-- KEYS       tenant prefix
-- ARGV       {owner, boxes: names the directory knows, run_id: of the Redis server}
-- Returns    ok {empty: 1 when Redis holds no line yet, restarted: 1 for another server,
--            mirror: 1 when the directory must be mirrored}
-- Journal    line.held

-- Boxes whose callers may be known late: all after a restart of Redis, else those of this owner.
local function to_await(owner, restarted)
  local list = {}
  for _, box in ipairs(redis.call('SMEMBERS', K.boxes())) do
    local its_owner, attached = unpack(redis.call('HMGET', K.box(box), 'owner', 'attached'))
    if attached == '1' and (restarted or its_owner == owner) then
      list[#list + 1] = box
      if restarted then redis.call('HSET', K.box(box), 'fresh', '1') end
    end
  end
  return list
end

transition('start', function(arg)
  local known, mirrored = unpack(redis.call('HMGET', K.meta(), 'run_id', 'mirrored'))
  local empty = not known
  local restarted = not empty and known ~= arg.run_id
  redis.call('HSET', K.meta(), 'run_id', arg.run_id)
  hold.begin(empty and arg.boxes or to_await(arg.owner, restarted),
    restarted and 'redis restarted' or 'coordinator started')
  return 'ok', { empty = empty and '1' or '0', restarted = restarted and '1' or '0',
    mirror = mirrored ~= arg.run_id and '1' or '0' }
end)
