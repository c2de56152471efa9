-- Purpose    Removes an agent and its memberships.
-- Guarantee  Refused while the agent is rung or talks.
-- KEYS       tenant prefix
-- ARGV       {agent}
-- Returns    ok | unknown_agent | agent_busy
-- Journal    agent.changed (logout), agent.state (offline), member.changed*
transition('delete_agent', function(arg)
  local a = agents.load(arg.agent)
  if not a then return 'unknown_agent' end
  if agents.is_held(a) then return 'agent_busy' end
  local at_work = a.logged_in == '1'
  save(a, 'logged_in', '0')
  if at_work then agents.tell(a, 'logout', 'api') end
  agents.refresh(a)
  journal('agent.state', 'agent', a.name, 'state', 'offline', 'reason', 'deleted', 'home', a.home,
    'by', 'api')
  for _, m in ipairs(memberships_of(a.name)) do members.remove(m.queue, a) end
  if a.home ~= '' then redis.call('SREM', K.homed(a.home), a.name) end
  clear_timer('agent:' .. a.name)
  redis.call('HDEL', K.interfaces(), agents.fold(a.interface))
  agents.unwatch(a, a.phone)
  redis.call('SREM', K.agents(), a.name)
  erase(a)
end)
