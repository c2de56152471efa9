-- Purpose    A box says all it has at once; the line is brought in line with it.
-- Guarantee  Callers known keep their places; unknown ones are restored at their tickets' ranks;
--            ghosts leave; talks go on, also those that cannot be the line's; phones ringing for
--            nobody stop. Whose ticket is missing or old gets the right one. One step, matched at
--            its end.
-- KEYS       tenant prefix
-- ARGV       {box, link, seq (1), age_us: since it was taken, calls: [{join, age_us, rank?}],
--            offers: [{offer_id, fence, call_id, agent, queue, talking, age_us}],
--            devices: {interface: state}}
-- Returns    ok {restored, gone} | any refusal of accept()
-- Journal    box.attached, caller.left (abandoned)*, call.completed (lost)*, offer.ended (failed,
--            cancelled)*, caller.moved*,
--            caller.attached*, caller.joined (restored)*, offer.ended and call.connected (restored)*,
--            caller.left (redirected)*, agent.state*

-- Offers and talks of ours that the box does not have are over. One that it was never told of was
-- no ring: the agent need not rest and may be rung for the same caller.
local function end_offer(o, call, unheard)
  if not unheard or o.state ~= 'ringing' then
    return offers.finish(o, call, 'failed', 'gone at resync')
  end
  offers.finish(o, call, 'cancelled', 'never rung')
  save(call, 'tried', without(call.tried, o.agent))
end

local function end_ghosts(box, has_call, has_offer, unheard)
  local gone = 0
  for _, call in ipairs(boxes.calls(box)) do
    for id in items(call.offers) do
      local o = not has_offer[id] and offers.load(id)
      if o and o.state == 'talking' then
        calls.complete(call, o, 'lost')
        call = nil
        break
      elseif o then
        end_offer(o, call, unheard[o.id])
      end
    end
    if call and call.state ~= 'talking' and not has_call[call.id] then
      calls.leave(call, 'abandoned', 'gone at resync', 'resync')
      gone = gone + 1
    elseif call and call.state ~= 'talking' then
      calls.reopen(call)
    end
  end
  return gone
end

local function let_go(box, join, status, told)
  command(box, 'release', 'call_id', join.call_id, 'uniqueid', join.uniqueid, 'status', status,
    'position', told and told.position or '0', 'info', told and told.info or '')
end

-- A caller who talks is in the line no more; any other keeps its place on its channel.
local function ticket(call, entry)
  local same = tonumber(call.rank) == entry.rank
    and tonumber(call.priority) == entry.join.priority
  if same or call.state == 'talking' then return end
  command(call.box, 'ticket', 'call_id', call.id, 'uniqueid', call.uniqueid,
    'priority', call.priority, 'rank', call.rank)
end

local function take_back(box, entry, age)
  local join, call = entry.join, calls.load(entry.join.call_id)
  if call and call.box == box then
    save(call, 'known_as', callid(call), 'uniqueid', join.uniqueid, 'channel', join.channel)
    calls.attach(call)
    ticket(call, entry)
    return 0
  end
  if call or not queues.load(join.queue) then
    let_go(box, join, 'UNKNOWN')
    return 0
  end
  if entry.rank then
    seen_rank(box, entry.rank)
    call = calls.enter(join, box, entry.rank, age, 'restored', -1)
  else
    call = placing.newcomer(join, box, age, age)
  end
  ticket(call, entry)
  return 1
end

-- The offer of ours that the box speaks of.
local function ours(box, live)
  local o = offers.load(live.offer_id)
  local same = o and o.box == box and tonumber(o.fence) == live.fence and o.call_id == live.call_id
  return same and o
end

local function waits(box, call)
  return call and call.box == box and call.state ~= 'talking'
end

-- Whether a talk that is no offer of ours may be the line's: its agent and caller have no other.
local function adoptable(box, live)
  local call, a = calls.load(live.call_id), agents.load(live.agent)
  local held = a and a.offer ~= '' and offers.load(a.offer)
  return not offers.load(live.offer_id) and a and a.call == ''
    and (not held or held.state == 'ringing') and (not call or waits(box, call))
end

-- An agent who talks cannot be rung: who it was rung for meanwhile is offered the next best.
local function stop_ringing(name)
  local a = agents.load(name)
  if a.offer ~= '' then calls.reopen(offers.cancel(a.offer)) end
end

-- Nobody is hung up who talks. A talk we called off before we heard of it, or have lost, is the
-- line's again; where it cannot be, its caller is nevertheless served.
local function take_talk(box, live, age)
  local o, call = ours(box, live), calls.load(live.call_id)
  if o and o.state ~= 'talking' then
    calls.connect(call, o, 'box')
  elseif not o and waits(box, call) then
    offers.finish_others(call, nil, 'cancelled')
    if adoptable(box, live) then
      stop_ringing(live.agent)
      call = calls.load(live.call_id)
      calls.connect(call, offers.adopt(live, call, agents.load(live.agent), age), 'restored', age)
    else
      calls.leave(call, 'redirected', 'talks with an agent whom the line did not give', 'resync')
    end
  end
end

-- Those with a ticket first, whose ranks are known; the others in the order of joining, as ranks
-- never run backwards within a box.
local function in_order(x, y)
  local first, second = x.rank or math.huge, y.rank or math.huge
  if first ~= second then return first < second end
  if x.age_us ~= y.age_us then return x.age_us > y.age_us end
  return x.join.call_id < y.join.call_id
end

-- What the box had not done yet: callers let go of (with what they were told), and offers to be made. Of
-- the rest of its commands the snapshot shows the effect.
local function undone(box)
  local let_gone, unheard = {}, {}
  for _, entry in ipairs(redis.call('XRANGE', K.commands(box), '-', '+')) do
    local fields = cjson.decode(entry[2][2])
    if fields.kind == 'release' then let_gone[fields.call_id] = fields end
    if fields.kind == 'originate' then unheard[fields.offer_id] = true end
  end
  redis.call('DEL', K.commands(box))
  return let_gone, unheard
end

local function take_devices(box, devices)
  local told = {}
  for interface in pairs(devices) do told[agents.fold(interface)] = true end
  for interface in pairs(read(K.devices(box), {}) or {}) do
    if not told[interface] then agents.report(box, interface, 'INVALID', 'box') end
  end
  for interface, state in pairs(devices) do agents.report(box, interface, state, 'box') end
end

transition('snapshot', function(arg)
  local refusal, data = accept(arg, true)
  if refusal then return refusal, data end
  local has_call, has_offer, talks = {}, {}, {}
  for _, entry in ipairs(arg.calls) do has_call[entry.join.call_id] = true end
  for _, live in ipairs(arg.offers) do
    has_offer[live.offer_id] = true
    if live.talking then
      has_call[live.call_id], talks[live.call_id] = true, live
    end
  end
  local let_gone, unheard = undone(arg.box)
  boxes.attach(arg.box)
  local gone, restored = end_ghosts(arg.box, has_call, has_offer, unheard), 0
  table.sort(arg.calls, in_order)
  local highest = 0
  for _, entry in ipairs(arg.calls) do
    local id = entry.join.call_id
    local known, talk = calls.load(id), talks[id]
    if let_gone[id] and not known then
      let_go(arg.box, entry.join, let_gone[id].status, let_gone[id])
    elseif known or not talk or adoptable(arg.box, talk) then
      local taken = take_back(arg.box, entry, entry.age_us + arg.age_us)
      restored = restored + taken
      if taken == 1 then highest = math.max(highest, entry.rank or 0) end
    end
  end
  if highest > now then calls.line_up_behind(highest) end
  for _, live in ipairs(arg.offers) do
    if not live.talking and not ours(arg.box, live) then
      command(arg.box, 'cancel', 'offer_id', live.offer_id, 'elsewhere', '0')
    end
  end
  for _, live in ipairs(arg.offers) do
    if live.talking then take_talk(arg.box, live, live.age_us + arg.age_us) end
  end
  take_devices(arg.box, arg.devices)
  boxes.in_step(arg.box)
  return 'ok', { restored = restored, gone = gone }
end)
