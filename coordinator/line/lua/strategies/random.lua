-- random: uniformly drawn. The tier's members in order, starting at a drawn one and wrapping.
strategies.random = {
  metric = function() return 0 end,
  key = draw,
  start = function(queue, penalty)
    local from, to = string.format('[%05d', penalty), string.format('[%05d~', penalty)
    local size = redis.call('ZLEXCOUNT', K.free(queue), from, to)
    if size < 2 then return from:sub(2) end
    local first = redis.call('ZRANGEBYLEX', K.free(queue), from, to, 'LIMIT', 0, 1)[1]
    local rank = redis.call('ZRANK', K.free(queue), first) + draw() % size
    return redis.call('ZRANGE', K.free(queue), rank, rank)[1]
  end,
}
