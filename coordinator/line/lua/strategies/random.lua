-- random: uniformly drawn within the tier.
strategies.random = {
  metric = function() return 0 end,
  weight = function() return 1 end,
}
