-- Purpose    The box says how an offer ended without a bridge.
-- Guarantee  The caller keeps its place and is offered the next best at once; the agent rests,
--            unless it lost the caller to another offer of it, of which we shall hear.
-- KEYS       tenant prefix
-- ARGV       {box, link, seq, offer_id, fence, outcome, reason}
-- Returns    ok | stale_offer | any refusal of accept()
-- Journal    offer.ended
transition('offer_ended', function(arg)
  local refusal, data = accept(arg)
  if refusal then return refusal, data end
  local o, stale = offers.of_event(arg)
  if not o or o.state == 'talking' then return stale or 'stale_offer' end
  local call = calls.load(o.call_id)
  offers.finish(o, call, arg.outcome, arg.reason)
  -- One of the others has the caller, and will say so: nobody more is to be rung (ringall).
  if arg.outcome == 'answered_elsewhere' then
    calls.close(call)
    save(K.call(call.id), call, 'tier', '')
  end
  calls.reopen(call)
end)
