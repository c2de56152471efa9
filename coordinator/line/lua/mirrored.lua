-- Purpose    The directory has been mirrored to the line of this server.
-- Guarantee  Until then start() asks for it, whoever calls it, and no box is attached.
-- KEYS       tenant prefix
-- ARGV       {run_id: that start() was called with}
-- Returns    ok
-- Journal    -
transition('mirrored', function(arg)
  save(meta(), 'mirrored', arg.run_id)
end)
