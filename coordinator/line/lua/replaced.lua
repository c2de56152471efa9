-- Purpose    Another channel has a caller's place, or its talk: an attended transfer.
-- Guarantee  The place, the wait and the offers stay; only who is there is another one.
-- KEYS       tenant prefix
-- ARGV       {box, link, seq, call_id, uniqueid, channel, caller_id_num, caller_id_name}
-- Returns    ok | unknown_call | any refusal of accept()
-- Journal    caller.replaced
transition('replaced', function(arg)
  local refusal, data = accept(arg)
  if refusal then return refusal, data end
  local call = calls.load(arg.call_id)
  if not call or call.box ~= arg.box then return 'unknown_call' end
  calls.replace(call, arg)
end)
