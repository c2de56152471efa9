-- Purpose    The operator takes a caller out of the line.
-- Guarantee  The box is told to let it go on in the dialplan with QUEUESTATUS WITHDRAW, and why.
-- KEYS       tenant prefix
-- ARGV       {call_id, reason}
-- Returns    ok | unknown_call | not_waiting
-- Journal    offer.ended (cancelled)*, caller.left (withdrawn)
transition('withdraw', function(arg)
  local call = calls.load(arg.call_id)
  if not call then return 'unknown_call' end
  if call.state == 'talking' then return 'not_waiting' end
  calls.let_go(call, 'withdrawn', 'WITHDRAW', arg.reason, 'api')
end)
