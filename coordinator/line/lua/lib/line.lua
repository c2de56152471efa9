-- Callers: taking a place, keeping it, leaving it. Every join ends here in exactly one outcome.

calls = {}

local function in_line(queue)
  return redis.call('ZCARD', K.line(queue))
end

function calls.load(id)
  local call = load(K.call(id), CALL)
  if call then
    call.id = id
    touched[call.box] = true
  end
  return call
end

-- Not to be matched now: out of the open index, the place in the line untouched.
function calls.close(call)
  if call.open == '' then return end
  redis.call('ZREM', K.open(call.queue), call.open)
  save(call, 'open', '')
end

-- To be matched: under its own window, or not above the tier that rings for it (ringall).
function calls.open(call, tier)
  calls.close(call)
  save(call, 'tier', tier or '')
  if call.attached ~= '1' then return end
  if call.overdue == '1' or call.once == '1' then ending[#ending + 1] = call.id end
  if call.overdue == '1' then return end
  local w = windows.of(call)
  local name = windows.name(tier and windows.capped(w, tier) or w) .. '|' .. call.place
  redis.call('ZADD', K.open(call.queue), 0, name)
  save(call, 'open', name)
  opened[#opened + 1] = call.id
  stirred.queue[call.queue] = true
end

-- After an offer ended without a bridge: back to waiting once nothing rings for it any more.
function calls.reopen(call)
  if call.offers ~= '' then return end
  save(call, 'state', 'waiting', 'agent', '')
  calls.open(call)
end

-- Until when the caller waits by its own wish, and whether a ring goes on beyond that.
local function set_due(call, timeout)
  local due = timeout and tonumber(call.joined) + timeout * 1000000
  local conf = queues.load(call.queue).settings.timeoutpriority == 'conf'
  save(call, 'due', due or '', 'conf', conf and '1' or '0')
  if due and conf then set_timer('due:' .. call.id, due) end
end

-- Takes a place in the line. `by`: join | restored. `taken`: when the line gave the rank by its own
-- clock, -1 for a ticket's. `placed`: the position by which it stands ahead of others. Returns the
-- call.
function calls.enter(join, box, rank, age, by, taken, placed)
  local call = create(K.call(join.call_id), CALL)
  call.id = join.call_id
  local place = place_of(join.priority, rank, call.id)
  save(call, 'queue', join.queue, 'box', box, 'uniqueid', join.uniqueid,
    'channel', join.channel, 'caller_id_num', join.caller_id_num,
    'caller_id_name', join.caller_id_name, 'priority', join.priority, 'rank', rank,
    'place', place, 'joined', now - age, 'keeps_min', join.raise_keeps_min and '1' or '0',
    'taken', taken, 'once', join.once and '1' or '0')
  set_due(call, join.timeout)
  for _, bound in ipairs({ 'min_penalty', 'max_penalty', 'raise_penalty' }) do
    if join[bound] then save(call, bound, join[bound]) end
  end
  redis.call('ZADD', K.line(join.queue), 0, place)
  redis.call('SADD', K.calls(box), call.id)
  save(call, 'original_position', position(join.queue, place))
  journal('caller.joined', 'queue', join.queue, 'call_id', call.id, 'uniqueid', call.uniqueid,
    'box', box, 'channel', join.channel, 'caller_id_num', join.caller_id_num,
    'caller_id_name', join.caller_id_name, 'priority', join.priority, 'rank', rank,
    'position', tonumber(call.original_position), 'min_penalty', join.min_penalty or false,
    'max_penalty', join.max_penalty or false, 'raise_penalty', join.raise_penalty or false,
    'keeps_min', join.raise_keeps_min and 1 or false, 'age_us', age,
    'placed', placed or false, 'once', join.once and 1 or false, 'count', in_line(join.queue),
    'url', (join.url or '') ~= '' and join.url, 'by', by)
  rules.begin(call, join.rule)
  calls.open(call)
  return call
end

-- Gives a waiting caller another place; its box writes the new ticket. Returns its position.
function calls.move(call, priority, rank, by)
  local place = place_of(priority, rank, call.id)
  local window = string.match(call.open, '^[^|]+')
  calls.close(call)
  redis.call('ZREM', K.line(call.queue), call.place)
  redis.call('ZADD', K.line(call.queue), 0, place)
  save(call, 'priority', priority, 'rank', rank, 'place', place)
  if window then
    local name = window .. '|' .. place
    redis.call('ZADD', K.open(call.queue), 0, name)
    save(call, 'open', name)
  end
  command(call.box, 'ticket', 'call_id', call.id, 'uniqueid', call.uniqueid,
    'priority', int(priority), 'rank', int(rank))
  local now_at = position(call.queue, place)
  journal('caller.moved', 'queue', call.queue, 'call_id', call.id, 'box', call.box,
    'priority', priority, 'rank', rank, 'position', now_at, 'by', by)
  return now_at
end

-- Another channel is in its place.
function calls.replace(call, by)
  save(call, 'known_as', callid(call), 'uniqueid', by.uniqueid, 'channel', by.channel,
    'caller_id_num', by.caller_id_num, 'caller_id_name', by.caller_id_name)
  journal('caller.replaced', 'queue', call.queue, 'call_id', call.id, 'uniqueid', call.uniqueid,
    'box', call.box, 'channel', call.channel, 'caller_id_num', call.caller_id_num,
    'caller_id_name', call.caller_id_name)
end

-- A ticket ahead of the clock shows that this server's clock is behind that which gave it. Who was
-- ranked by this one since it began came later: behind the ticket, in their order.
function calls.line_up_behind(ticket)
  local began = tonumber(meta().began)
  local late = {}
  for _, box in ipairs(redis.call('SMEMBERS', K.boxes())) do
    for _, id in ipairs(redis.call('SMEMBERS', K.calls(box))) do
      local call = calls.load(id)
      if call and call.state ~= 'talking' and tonumber(call.taken) >= began
        and tonumber(call.rank) < ticket then late[#late + 1] = call end
    end
  end
  table.sort(late, function(x, y)
    if x.rank ~= y.rank then return tonumber(x.rank) < tonumber(y.rank) end
    return x.id < y.id
  end)
  for _, call in ipairs(late) do
    calls.move(call, tonumber(call.priority), rank_of(call.box, 0, 0), 'resync')
  end
end

local function out_of_line(call, outcome, reason, by)
  local place = position(call.queue, call.place)
  calls.close(call)
  if call.rule then clear_timer('rule:' .. call.id) end
  if call.conf == '1' then clear_timer('due:' .. call.id) end
  redis.call('ZREM', K.line(call.queue), call.place)
  journal('caller.left', 'queue', call.queue, 'call_id', call.id, 'uniqueid', callid(call),
    'box', call.box, 'outcome', outcome, 'reason', reason ~= '' and reason, 'position', place,
    'original_position', tonumber(call.original_position),
    'wait_us', now - tonumber(call.joined), 'count', in_line(call.queue), 'by', by)
  return place
end

local function forget(call)
  erase(call)
  redis.call('SREM', K.calls(call.box), call.id)
end

-- A waiting caller leaves without an agent; whoever is being rung for it stops. Its last position.
function calls.leave(call, outcome, reason, by)
  offers.finish_others(call, nil, 'cancelled')
  local place = out_of_line(call, outcome, reason, by)
  if outcome ~= 'exit_key' then
    figures.count(queues.load(call.queue), 'abandoned', now - tonumber(call.joined))
  end
  forget(call)
  return place
end

-- It leaves as the line wants it: the box sends it on in the dialplan with this QUEUESTATUS.
function calls.let_go(call, outcome, status, reason, by)
  local place = calls.leave(call, outcome, reason, by)
  command(call.box, 'release', 'call_id', call.id, 'uniqueid', call.uniqueid, 'status', status,
    'position', place, 'info', reason)
end

-- Caller and agent talk, since `age` µs. `by`: box | restored.
function calls.connect(call, o, by, age)
  clear_timer('offer:' .. o.id)
  local since = now - (age or 0)
  local hold = math.max(since - tonumber(call.joined), 0)
  local a = agents.load(o.agent)
  save(a, 'offer', '', 'call', call.id, 'misses', '0')
  agents.refresh(a)
  save(o, 'state', 'talking', 'connected', since)
  save(call, 'state', 'talking', 'agent', o.agent, 'hold', hold)
  journal('offer.ended', 'queue', call.queue, 'call_id', call.id, 'agent', o.agent,
    'offer_id', o.id, 'fence', tonumber(o.fence), 'outcome', 'answered',
    'ring_us', since - tonumber(o.made), 'agent_state', 'talking')
  offers.finish_others(call, o.id, 'answered_elsewhere')
  out_of_line(call, 'answered', '', by)
  journal('call.connected', 'queue', call.queue, 'call_id', call.id, 'box', call.box,
    'agent', o.agent, 'home', o.home, 'offer_id', o.id, 'fence', tonumber(o.fence),
    'hold_us', hold, 'ring_us', since - tonumber(o.made), 'uniqueid', callid(call),
    'interface', o.interface, 'by', by)
  figures.average(queues.load(call.queue), 'hold_us', hold)
end

-- The talk is over. The agent wraps up as its membership says, else the queue, and counts one call
-- more. `transfer`: how and where to, when the box says so.
function calls.complete(call, o, ended_by, transfer)
  local talk, q = now - tonumber(o.connected), queues.load(call.queue)
  erase(o)
  forget(call)
  local a, state = agents.load(o.agent), 'offline'
  if a then
    save(a, 'call', '', 'last_call', now)
    local m = membership_in(call.queue, a.name)
    if m then
      m.calls = m.calls + 1
      put_membership(a.name, m)
    end
    agents.hold_back(a, m and tonumber(m.wrapuptime) or (q and q.settings.wrapuptime or 0), 'wrapup')
    state = agents.refresh(a)
  end
  journal('call.completed', 'queue', call.queue, 'call_id', call.id, 'agent', o.agent,
    'offer_id', o.id, 'ended_by', ended_by, 'transfer', transfer or false,
    'hold_us', tonumber(call.hold), 'talk_us', talk, 'agent_state', state,
    'uniqueid', callid(call), 'interface', o.interface,
    'original_position', tonumber(call.original_position))
  if q then   -- not deleted meanwhile
    figures.count(q, 'completed', tonumber(call.hold))
    figures.average(q, 'talk_us', talk)
  end
end

-- Its box is gone from us: it keeps its place and is passed over.
function calls.detach(call)
  if call.state == 'talking' then return end
  calls.close(call)
  save(call, 'attached', '0')
  journal('caller.detached', 'queue', call.queue, 'call_id', call.id, 'box', call.box)
end

-- Whom ringall rings for, to take more of the tier.
function calls.open_beside(call)
  if call.state == 'ringing' and call.tier ~= '' then calls.open(call, tonumber(call.tier)) end
end

function calls.attach(call)
  if call.attached == '1' then return end
  save(call, 'attached', '1')
  journal('caller.attached', 'queue', call.queue, 'call_id', call.id, 'box', call.box)
  if call.state == 'waiting' then
    calls.open(call)
  else
    calls.open_beside(call)
  end
end
