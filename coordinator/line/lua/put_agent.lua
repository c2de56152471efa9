-- Purpose    Creates an agent (logged out) or changes its interface, or the phone whose state counts.
-- Guarantee  One agent an interface, and one a phone; neither changes under a ringing or talking agent.
-- KEYS       tenant prefix
-- ARGV       {agent, interface: dialled, phone: whose state counts}
-- Returns    ok | interface_taken {agent} | agent_busy
-- Journal    agent.changed (interface), agent.state when the agent's state changes
local function taken(arg)
  for _, field in ipairs({ 'interface', 'phone' }) do
    local owner = redis.call('HGET', field == 'phone' and K.phones() or K.interfaces(), arg[field])
    if owner and owner ~= arg.agent then return { agent = owner, interface = arg[field] } end
  end
end

transition('put_agent', function(arg)
  local data = taken(arg)
  if data then return 'interface_taken', data end
  local a = agents.load(arg.agent)
  if a and a.interface == arg.interface and a.phone == arg.phone then return 'ok' end
  if a and (a.offer ~= '' or a.call ~= '') then return 'agent_busy' end
  local was = a and a.interface
  if a then
    redis.call('HDEL', K.interfaces(), a.interface)
    redis.call('HDEL', K.phones(), a.phone)
  else
    a = create(K.agent(arg.agent), AGENT)
    a.name = arg.agent
    redis.call('SADD', K.agents(), arg.agent)
  end
  local moved = a.phone ~= arg.phone
  save(a, 'interface', arg.interface, 'phone', arg.phone)
  redis.call('HSET', K.interfaces(), arg.interface, arg.agent)
  redis.call('HSET', K.phones(), arg.phone, arg.agent)
  if was and was ~= arg.interface then agents.tell(a, 'interface', 'api', was) end
  if moved then agents.find_home(a) end
  agents.update(a, 'api')
end)
