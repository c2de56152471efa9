-- Purpose    An agent logs in or out, pauses or unpauses in all queues.
-- Guarantee  Logging out stops a ringing phone, never a call; pausing stops neither. Idempotent. A
--            person's unpause ends every pause; end_pause, of the directory's mirror, only the person's
--            own of all queues: what autopause did stays.
-- KEYS       tenant prefix
-- ARGV       {agent, change: login | logout | pause | unpause | end_pause, reason?}
-- Returns    ok | unknown_agent
-- Journal    agent.changed, offer.ended (cancelled), agent.state

-- Each returns whether anything has changed.
local CHANGES = {
  login = function(a)
    if a.logged_in == '1' then return false end
    save(a, 'logged_in', '1', 'logged_in_at', now, 'misses', '0')
    return true
  end,
  logout = function(a)
    if a.logged_in == '0' then return false end
    save(a, 'logged_in', '0')
    return true
  end,
  pause = function(a, reason)
    local same = a.paused == '1' and a.autopaused == '0' and a.reason == reason
    if same then return false end
    save(a, 'paused', '1', 'autopaused', '0', 'reason', reason, 'paused_at', now)
    return true
  end,
  end_pause = function(a)
    if a.paused == '0' or a.autopaused == '1' then return false end
    save(a, 'paused', '0', 'reason', '')
    return true
  end,
  unpause = function(a)
    local ended = members.end_pauses(a)
    if a.paused == '0' and not ended then return false end
    save(a, 'paused', '0', 'autopaused', '0', 'reason', '', 'misses', '0')
    return true
  end,
}

transition('agent_state', function(arg)
  local a = agents.load(arg.agent)
  if not a then return 'unknown_agent' end
  if CHANGES[arg.change](a, arg.reason or '') then
    local mirrored = arg.change == 'end_pause'
    agents.tell(a, mirrored and 'unpause' or arg.change, mirrored and 'directory' or 'api', nil, arg.reason)
  end
  local call = arg.change == 'logout' and a.offer ~= '' and offers.cancel(a.offer)
  agents.update(agents.load(a.name), 'api')
  if call then calls.reopen(call) end
end)
