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
  return 'ok', { position = calls.move(call, arg.priority, tonumber(call.rank), 'api') }
end)
