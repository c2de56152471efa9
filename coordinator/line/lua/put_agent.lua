-- Purpose    Creates an agent (logged out) or changes its interface.
-- Guarantee  One agent an interface; an interface does not change under a ringing or talking agent.
-- KEYS       tenant prefix
-- ARGV       {agent, interface}
-- Returns    ok | interface_taken {agent} | agent_busy
-- Journal    agent.changed (interface), agent.state when the agent's state changes
transition('put_agent', function(arg)
  local owner = redis.call('HGET', K.interfaces(), arg.interface)
  if owner and owner ~= arg.agent then return 'interface_taken', { agent = owner } end
  local a = agents.load(arg.agent)
  if a and a.interface == arg.interface then return 'ok' end
  if a and (a.offer ~= '' or a.call ~= '') then return 'agent_busy' end
  local key, was = K.agent(arg.agent), a and a.interface
  if a then
    redis.call('HDEL', K.interfaces(), a.interface)
  else
    a = { name = arg.agent }
    redis.call('SADD', K.agents(), arg.agent)
    save(key, a, 'logged_in', '0', 'paused', '0', 'reason', '', 'home', '', 'device', '',
      'offer', '', 'stopping', '', 'call', '', 'until', '0', 'until_why', '', 'last_call', '0', 'free', '',
      'state', 'new', 'state_why', '')
  end
  save(key, a, 'interface', arg.interface)
  redis.call('HSET', K.interfaces(), arg.interface, arg.agent)
  if was then agents.tell(a, 'interface', was) end
  agents.find_home(a)
  agents.update(a, 'api')
end)
