-- Purpose    A connected call is over.
-- Guarantee  The agent wraps up or is matched in this step; hold and talk times are counted once.
-- KEYS       tenant prefix
-- ARGV       {box, link, seq, offer_id, fence, ended_by, transfer?}
-- Returns    ok | stale_offer | any refusal of accept()
-- Journal    call.completed
transition('complete', function(arg)
  local refusal, data = accept(arg)
  if refusal then return refusal, data end
  local o, stale = offers.of_event(arg)
  if not o or o.state ~= 'talking' then return stale or 'stale_offer' end
  calls.complete(calls.load(o.call_id), o, arg.ended_by,
    arg.transfer ~= '' and arg.transfer)
end)
