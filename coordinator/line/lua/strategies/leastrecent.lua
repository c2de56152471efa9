-- leastrecent: whose last connected call ended longest ago; never called comes first.
strategies.leastrecent = {
  metric = function(a) return tonumber(a.last_call) end,
}
