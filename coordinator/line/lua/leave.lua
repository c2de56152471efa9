-- Purpose    A caller is no longer waiting, by its box's account.
-- Guarantee  Exactly one outcome; phones ringing for it stop; agents so freed are matched.
-- KEYS       tenant prefix
-- ARGV       {box, link, seq, call_id, outcome, reason}
-- Returns    ok {position, its last} | unknown_call | not_waiting (it talks) | any refusal of accept()
-- Journal    offer.ended (cancelled)*, caller.left
transition('leave', function(arg)
  local refusal, data = accept(arg)
  if refusal then return refusal, data end
  local call = calls.load(arg.call_id)
  if not call or call.box ~= arg.box then return 'unknown_call' end
  if call.state == 'talking' then return 'not_waiting' end
  return 'ok', { position = calls.leave(call, arg.outcome, arg.reason, 'box') }
end)
