-- ringall: the whole tier rings at once; `all` tells the match so.
strategies.ringall = {
  metric = function() return 0 end,
  all = true,
}
