-- Purpose    The box says how an offer ended without a bridge.
-- Guarantee  The caller keeps its place and is offered the next best at once; the agent rests,
--            unless it lost the caller to another offer of it, of which we shall hear. What the
--            line has as a talk, and its box as a ring that is over, is over as lost. A phone that
--            was told to stop, and has, may ring again. Who did not answer may be paused (autopause).
-- KEYS       tenant prefix
-- ARGV       {box, link, seq, offer_id, fence, outcome, reason}
-- Returns    ok | stale_offer | any refusal of accept()
-- Journal    offer.ended, member.changed or agent.changed and agent.state (autopause); or
--            call.completed (lost), or agent.state
transition('offer_ended', function(arg)
  local refusal, data = accept(arg)
  if refusal then return refusal, data end
  local o, stale = offers.of_event(arg)
  if not o then
    return not offers.stopped(arg.offer_id, arg.box, arg.fence) and stale or 'ok'
  end
  local call = calls.load(o.call_id)
  if o.state == 'talking' then return calls.complete(call, o, 'lost') end
  offers.finish(o, call, arg.outcome, arg.reason)
  if o.state == 'ringing' then missed(o, arg.outcome) end
  -- One of the others has the caller, and will say so: nobody more is to be rung (ringall).
  if arg.outcome == 'answered_elsewhere' then
    calls.close(call)
    save(call, 'tier', '')
  end
  calls.reopen(call)
end)
