-- rrmemory: members in order, starting after the one this queue rang last.
local function pointer_of(queue)
  return tonumber(queues.load(queue).pointer)
end

strategies.rrmemory = {
  metric = function() return 0 end,
  passes = true,
  key = function(queue, m) return m.order > pointer_of(queue) and 0 or 1 end,
  start = function(queue, penalty)
    return string.format('%05d%016d%08d~', penalty, 0, pointer_of(queue))
  end,
}
