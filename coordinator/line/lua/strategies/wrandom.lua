-- wrandom: drawn over all tiers; the higher its penalty, the less likely an agent is to win.
strategies.wrandom = {
  metric = function() return 0 end,
  weight = function(penalty) return 1 + penalty end,
  pools = true,
}
