-- Purpose    A box reports a device's state; an agent's home follows its registration.
-- Guarantee  Devices of nobody we know are remembered and change nothing else.
-- KEYS       tenant prefix
-- ARGV       {box, link, seq, interface, state}
-- Returns    ok | any refusal of accept()
-- Journal    agent.state when the agent's state changes
transition('device', function(arg)
  local refusal, data = accept(arg)
  if refusal then return refusal, data end
  agents.report(arg.box, arg.interface, arg.state, 'box')
end)
