-- Purpose    An agent's home box says that the phone has transferred its call, of which another channel
--            holds the talk: of another box (trunk), or a Local channel of this one.
-- Guarantee  Only a talk of that phone at that home is ended by it; the box that holds it tells no more.
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
