-- Purpose    Caller and agent are in one bridge.
-- Guarantee  The caller leaves the line answered; every other offer for it is over.
-- KEYS       tenant prefix
-- ARGV       {box, link, seq, offer_id, fence}
-- Returns    ok | stale_offer | any refusal of accept()
-- Journal    offer.ended (answered), offer.ended (answered_elsewhere)*, caller.left (answered),
--            call.connected
transition('connect', function(arg)
  local refusal, data = accept(arg)
  if refusal then return refusal, data end
  local o, stale = offers.of_event(arg)
  if not o or o.state == 'talking' then return stale or 'stale_offer' end
  calls.connect(calls.load(o.call_id), o, 'box')
end)
