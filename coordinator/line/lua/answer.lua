-- Purpose    An agent's phone answered and holds the claim on the caller; an announcement plays.
-- Guarantee  From here no other agent can have this caller: the others' phones stop.
-- KEYS       tenant prefix
-- ARGV       {box, link, seq, offer_id, fence}
-- Returns    ok | stale_offer | any refusal of accept()
-- Journal    offer.claimed, offer.ended (answered_elsewhere)*
transition('answer', function(arg)
  local refusal, data = accept(arg)
  if refusal then return refusal, data end
  local o, stale = offers.of_event(arg)
  if not o or o.state ~= 'ringing' then return stale or 'stale_offer' end
  local call = calls.load(o.call_id)
  journal('offer.claimed', 'queue', call.queue, 'call_id', call.id, 'agent', o.agent,
    'offer_id', o.id, 'fence', tonumber(o.fence))
  offers.finish_others(call, o.id, 'answered_elsewhere')
  calls.close(call)
  save(o, 'state', 'claimed')
  set_timer('offer:' .. o.id, now + DETACH_US)   -- however long the announcement is
  save(call, 'state', 'claimed', 'agent', o.agent)
end)
