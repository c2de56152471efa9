-- Purpose    An agent logs in or out, pauses or unpauses.
-- Guarantee  Logging out stops a ringing phone, never a call; pausing stops neither. Idempotent.
-- KEYS       tenant prefix
-- ARGV       {agent, change: login | logout | pause | unpause, reason?}
-- Returns    ok | unknown_agent
-- Journal    agent.changed, offer.ended (cancelled), agent.state
local CHANGES = {
  login = { 'logged_in', '1' },
  logout = { 'logged_in', '0' },
  pause = { 'paused', '1' },
  unpause = { 'paused', '0' },
}

-- Since when, for those who show it.
local BEGUN = { login = 'logged_in_at', pause = 'paused_at' }

transition('agent_state', function(arg)
  local a = agents.load(arg.agent)
  if not a then return 'unknown_agent' end
  local field, value = unpack(CHANGES[arg.change])
  local reason = field == 'paused' and (arg.reason or '') or a.reason
  if a[field] ~= value or a.reason ~= reason then
    save(K.agent(a.name), a, field, value, 'reason', reason)
    if BEGUN[arg.change] then save(K.agent(a.name), a, BEGUN[arg.change], now) end
    agents.tell(a, arg.change)
  end
  local call = arg.change == 'logout' and a.offer ~= '' and offers.cancel(a.offer)
  agents.update(agents.load(a.name), 'api')
  if call then calls.reopen(call) end
end)
