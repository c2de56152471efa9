-- Purpose    A coordinator starts, or has found its Redis again.
-- Guarantee  Decides nothing until all boxes have been heard of: those of a coordinator that lives
--            are at their next heartbeat, those of one that is gone when they are back. When the
--            server is another process than before (run_id), what it took last may be lost: then
--            all boxes begin anew with a snapshot. Replicas may all call it; only the first that
--            sees the new server counts. Each is asked to mirror the directory until one has
--            (mirrored.lua).
-- KEYS       tenant prefix
-- ARGV       {boxes: names the directory knows, run_id: of the Redis server}
-- Returns    ok {empty: 1 when Redis holds no line yet, restarted: 1 for another server,
--            mirror: 1 when the directory must be mirrored}
-- Journal    line.held

transition('start', function(arg)
  local known = meta().run_id
  local empty = not known
  local restarted = not empty and known ~= arg.run_id
  if known ~= arg.run_id then save(meta(), 'run_id', arg.run_id, 'began', now) end
  local boxes = empty and arg.boxes or hold.boxes_of()
  for _, box in ipairs(restarted and boxes or {}) do save(box_of(box), 'fresh', '1') end
  for _, queue in ipairs(redis.call('SMEMBERS', K.queues())) do admission.index(queue) end
  hold.begin(boxes, restarted and 'redis restarted' or 'coordinator started')
  return 'ok', { empty = empty and '1' or '0', restarted = restarted and '1' or '0',
    mirror = meta().mirrored ~= arg.run_id and '1' or '0' }
end)
