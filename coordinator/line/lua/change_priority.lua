-- Purpose    A waiting caller gets another priority.
-- Guarantee  Its rank stays, so among equals it keeps its turn. Its box writes the new ticket.
-- KEYS       tenant prefix
-- ARGV       {call_id, priority}
-- Returns    ok {position} | unknown_call | not_waiting
-- Journal    caller.moved
transition('change_priority', function(arg)
  local call = calls.load(arg.call_id)
  if not call then return 'unknown_call' end
  if call.state == 'talking' then return 'not_waiting' end
  local place = place_of(arg.priority, tonumber(call.rank), call.id)
  local window = string.match(call.open, '^[^|]+')
  calls.close(call)
  redis.call('ZREM', K.line(call.queue), call.place)
  redis.call('ZADD', K.line(call.queue), 0, place)
  save(K.call(call.id), call, 'priority', arg.priority, 'place', place)
  if window then
    local name = window .. '|' .. place
    redis.call('ZADD', K.open(call.queue), 0, name)
    save(K.call(call.id), call, 'open', name)
  end
  command(call.box, 'ticket', 'call_id', call.id, 'uniqueid', call.uniqueid,
    'priority', arg.priority, 'rank', call.rank)
  local now_at = position(call.queue, place)
  journal('caller.moved', 'queue', call.queue, 'call_id', call.id, 'box', call.box,
    'priority', arg.priority, 'rank', tonumber(call.rank), 'position', now_at, 'by', 'api')
  return 'ok', { position = now_at }
end)
