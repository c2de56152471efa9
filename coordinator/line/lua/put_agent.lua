-- Purpose    Creates an agent (logged out) or changes its interface, or the phone whose state counts.
-- Guarantee  A phone is one agent's, dialled or watched; neither changes under a ringing or talking agent.
-- KEYS       tenant prefix
-- ARGV       {agent, interface: dialled, phone: whose state counts}
-- Returns    ok | interface_taken {agent, interface} | agent_busy
-- Journal    agent.changed (interface), agent.state when the agent's state changes
transition('put_agent', function(arg)
  local a = agents.load(arg.agent)
  if a and a.interface == arg.interface and a.phone == arg.phone then return 'ok' end
  for _, device in ipairs({ arg.interface, arg.phone }) do
    local owner = agents.owner(device, arg.agent)
    if owner then return 'interface_taken', { agent = owner, interface = device } end
  end
  if a and agents.is_held(a) then return 'agent_busy' end
  local was = a and a.interface
  if a then
    redis.call('HDEL', K.interfaces(), agents.fold(a.interface))
    agents.unwatch(a, a.phone)
  else
    a = create(K.agent(arg.agent), AGENT)
    a.name = arg.agent
    redis.call('SADD', K.agents(), arg.agent)
  end
  local moved = a.phone ~= arg.phone
  save(a, 'interface', arg.interface, 'phone', arg.phone)
  redis.call('HSET', K.interfaces(), agents.fold(arg.interface), arg.agent)
  agents.watch(a, arg.phone)
  if was and was ~= arg.interface then agents.tell(a, 'interface', 'api', was) end
  if moved then agents.find_home(a) end
  agents.update(a, 'api')
end)
