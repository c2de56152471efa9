-- Purpose    A line of somebody's own for queue_log, in its place in the order of things: an operator's,
--            or of a box's dialplan.
-- Guarantee  Changes nothing else; nothing in it need exist.
-- KEYS       tenant prefix
-- ARGV       {queue, uniqueid, interface, event, message} and of a box {box, link, seq}
-- Returns    ok | of a box any refusal of accept()
-- Journal    queue.logged
transition('log', function(arg)
  if arg.box then
    local refusal, data = accept(arg)
    if refusal then return refusal, data end
  end
  journal('queue.logged', 'queue', arg.queue, 'uniqueid', arg.uniqueid, 'box', arg.box or false,
    'interface', arg.interface, 'event', arg.event, 'message', arg.message)
end)
