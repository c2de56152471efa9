-- fewestcalls: who completed the fewest calls of this queue.
strategies.fewestcalls = {
  metric = function(_, m) return m.calls end,
}
