-- Purpose    An agent's home box says that the phone has transferred the call it had over the trunk.
-- Guarantee  Only a talk that another box holds is ended by it; that box tells of it no more.
-- KEYS       tenant prefix
-- ARGV       {box, link, seq, interface, transfer}
-- Returns    ok | unknown_call | any refusal of accept()
-- Journal    call.completed (transfer)
transition('transferred', function(arg)
  local refusal, data = accept(arg)
  if refusal then return refusal, data end
  local o, call = offers.abroad(arg.box, arg.interface)
  if not o then return 'unknown_call' end
  command(o.box, 'release', 'call_id', call.id, 'uniqueid', call.uniqueid, 'status', 'WITHDRAW')
  calls.complete(call, o, 'transfer', arg.transfer ~= '' and arg.transfer)
end)
