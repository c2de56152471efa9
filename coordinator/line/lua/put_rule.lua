-- Purpose    Creates a penalty rule or changes it.
-- Guarantee  Callers who wait keep the rule as it was when they joined.
-- KEYS       tenant prefix
-- ARGV       {rule, changes: [[after_s, max, min, raise], …] by time}
-- Returns    ok
-- Journal    nothing
transition('put_rule', function(arg)
  redis.call('HSET', K.rules(), arg.rule, cjson.encode(arg.changes))
end)
