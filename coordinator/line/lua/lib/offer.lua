-- Offers: one agent rung for one caller, fenced by a number that only grows.

local offers = {}
local calls          -- lib/line.lua

-- Longest that a phone told to stop is taken to ring on, where its box does not say that it has
-- stopped, µs. Until then nobody rings it anew: another box's INVITE would come before the CANCEL.
local STOPPING_US = 1000000

-- Later than any number given before, by an emptied Redis too: never behind the clock.
local function next_fence()
  local fence = math.max(tonumber(meta().fence) + 1, now)
  save(meta(), 'fence', fence)
  return fence
end

function offers.load(id)
  local o = load(K.offer(id), OFFER)
  if not o or o.state == 'stopping' then return nil end
  o.id = id
  return o
end

-- The offer an event speaks of, only if it is of that box and fence; else why not.
function offers.of_event(arg)
  local o = offers.load(arg.offer_id)
  if not o or o.box ~= arg.box or tonumber(o.fence) ~= arg.fence then return nil, 'stale_offer' end
  return o
end

local function new(id, fence, call, a, state)
  local o = create(K.offer(id), OFFER)
  o.id = id
  save(o, 'call_id', call.id, 'agent', a.name, 'interface', a.interface,
    'queue', call.queue, 'box', call.box, 'home', a.home, 'fence', fence, 'made', now,
    'state', state)
  return o
end

-- Rings `a` for `call`, who is at that position. The agent leaves the free index; the caller's
-- record names the offer.
function offers.make(call, a, at, ring_us)
  local fence = next_fence()
  local id = 'gvq-' .. int(fence)
  local o = new(id, fence, call, a, 'ringing')
  save(a, 'offer', id)
  agents.refresh(a)
  save(call, 'offers', with(call.offers, id), 'tried', with(call.tried, a.name),
    'state', 'ringing', 'agent', a.name)
  set_timer('offer:' .. id, now + ring_us + OFFER_GRACE_US)
  command(call.box, 'originate', 'offer_id', id, 'fence', fence, 'call_id', call.id,
    'uniqueid', call.uniqueid, 'queue', call.queue, 'agent', a.name, 'interface', a.interface,
    'home', a.home, 'timeout_ms', math.ceil(ring_us / 1000), 'caller_id_num', call.caller_id_num,
    'caller_id_name', call.caller_id_name, 'position', at,
    unpack(calling.of(call, a)))
  return o
end

-- A talk the box knows of and we do not: called off on the way, or a snapshot after an emptied
-- Redis or a long silence. The agent rests no more from what was taken for its end.
function offers.adopt(live, call, a, age)
  local id = live.offer_id
  save(meta(), 'fence', math.max(live.fence, tonumber(meta().fence)))
  save(a, 'offer', id, 'until', '0', 'stopping', '')
  agents.refresh(a)
  save(call, 'offers', with(call.offers, id))
  local o = new(id, live.fence, call, a, 'claimed')
  save(o, 'made', now - age)
  return o
end

local UNANSWERED = { no_answer = true, expired = true }
local RESTS = { no_answer = true, busy = true, rejected = true, failed = true, expired = true }

-- Ends an offer without a bridge. The caller keeps its place; see calls.reopen for the rest. A phone
-- that is told to stop rings on until its box says that it has (offers.stopped).
function offers.finish(o, call, outcome, reason, stopping)
  local claimed = o.state == 'claimed'
  if stopping then
    save(o, 'state', 'stopping')
    set_timer('offer:' .. o.id, now + STOPPING_US)
  else
    erase(o)
    clear_timer('offer:' .. o.id)
  end
  save(call, 'offers', without(call.offers, o.id))
  if call.once == '1' and UNANSWERED[outcome] then
    save(call, 'unanswered', '1')
  end
  local a, state = agents.load(o.agent), 'offline'
  if a then
    save(a, 'offer', '', 'stopping', stopping and o.id or '')
    -- Lost to none of ours: whoever has taken the caller out of the queue's hands, nobody is to be
    -- rung for it in a loop.
    if RESTS[outcome] or (outcome == 'answered_elsewhere' and call.offers == '') then
      agents.hold_back(a, queues.load(o.queue).settings.retry, 'resting')
    end
    state = agents.refresh(a)
  end
  journal('offer.ended', 'queue', o.queue, 'call_id', call.id, 'agent', o.agent, 'offer_id', o.id,
    'fence', tonumber(o.fence), 'outcome', outcome, 'reason', reason ~= '' and reason,
    'ring_us', now - tonumber(o.made), 'agent_state', state, 'claimed', claimed and 1,
    'uniqueid', callid(call), 'interface', o.interface)
end

local function stop(o, call, outcome)
  command(o.box, 'cancel', 'offer_id', o.id,
    'elsewhere', outcome == 'answered_elsewhere' and '1' or '0')
  offers.finish(o, call, outcome, '', true)
end

-- A phone told to stop rings no more: its box says so (box and fence given), or the time is over.
-- False when there is none such.
function offers.stopped(id, box, fence)
  local o = load(K.offer(id), OFFER)
  if not o or o.state ~= 'stopping' then return false end
  if box and (o.box ~= box or tonumber(o.fence) ~= fence) then return false end
  erase(o)
  clear_timer('offer:' .. id)
  local a = agents.load(o.agent)
  if a and a.stopping == id then
    save(a, 'stopping', '')
    agents.update(a, 'box')
  end
  return true
end

-- The talk of this phone, at home on `box`, which another channel holds; and its call. Of a Local
-- channel the box does not know whether the agent's interface ends with /n.
function offers.abroad(box, interface)
  interface = agents.fold(interface)
  local name = redis.call('HGET', K.interfaces(), interface)
    or redis.call('HGET', K.interfaces(), interface .. '/n')
  local a = name and agents.load(name)
  local call = a and a.call ~= '' and calls.load(a.call)
  if not call then return nil end
  for id in items(call.offers) do
    local o = offers.load(id)
    if o and o.state == 'talking' and o.home == box then return o, call end
  end
end

-- Ends all offers of a call but one, and tells the box to stop ringing.
function offers.finish_others(call, keep, outcome)
  for id in items(call.offers) do
    if id ~= keep then stop(offers.load(id), call, outcome) end
  end
end

-- Ends one offer of ours, ringing or claimed. Returns its call, to be reopened.
function offers.cancel(id, outcome)
  local o = offers.load(id)
  local call = calls.load(o.call_id)
  stop(o, call, outcome or 'cancelled')
  return call
end
