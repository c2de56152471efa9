-- Purpose    An operator's own line for queue_log, in its place in the order of things.
-- Guarantee  Changes nothing else; nothing in it need exist.
-- KEYS       tenant prefix
-- ARGV       {queue, uniqueid, interface, event, message}
-- Returns    ok
-- Journal    queue.logged
transition('log', function(arg)
  journal('queue.logged', 'queue', arg.queue, 'uniqueid', arg.uniqueid,
    'interface', arg.interface, 'event', arg.event, 'message', arg.message)
end)
