-- Purpose    Removes a penalty rule.
-- Guarantee  Callers who wait keep it.
-- KEYS       tenant prefix
-- ARGV       {rule}
-- Returns    ok | unknown_rule
-- Journal    nothing
transition('delete_rule', function(arg)
  if redis.call('HDEL', K.rules(), arg.rule) == 0 then return 'unknown_rule' end
end)
