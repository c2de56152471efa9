-- Purpose    A caller asks for a place in a queue.
-- Guarantee  A full or empty queue takes nobody, and the box lets the caller go on. Else one place
--            per call id; rank is Redis's time less the event's age; never refused for an
--            impossible age, which is cut (age_cut=1) so that no caller is lost.
-- KEYS       tenant prefix
-- ARGV       {box, link, seq, age_us, join: {call_id, queue, uniqueid, channel, caller_id_num,
--            caller_id_name, priority, min_penalty?, max_penalty?, raise_penalty?, raise_keeps_min, rule,
--            position?, timeout? (s), once}}
-- Returns    ok {rank, position, priority, age_cut} | duplicate {rank, …} | duplicate_join
--            {rank, …} | unknown_queue | queue_full | queue_empty | any refusal of accept()
-- Journal    caller.moved (placed)*, caller.joined, then what the match makes of it; or
--            caller.refused
local function ticket(call, at)
  return { rank = call.rank, priority = call.priority,
    position = at or position(call.queue, call.place) }
end

local REFUSED = {
  full = { 'queue_full', 'FULL' },
  join_empty = { 'queue_empty', 'JOINEMPTY' },
}

local function refuse(box, join, outcome)
  local code, status = unpack(REFUSED[outcome])
  journal('caller.refused', 'queue', join.queue, 'call_id', join.call_id, 'box', box,
    'channel', join.channel, 'caller_id_num', join.caller_id_num,
    'caller_id_name', join.caller_id_name, 'outcome', outcome)
  command(box, 'release', 'call_id', join.call_id, 'uniqueid', join.uniqueid, 'status', status)
  return code
end

transition('join', function(arg)
  local join = arg.join
  local refusal, data = accept(arg)
  local call = refusal ~= 'stale_link' and calls.load(join.call_id)
  if refusal == 'duplicate' and call and call.box == arg.box then return refusal, ticket(call) end
  if refusal then return refusal, data end
  if call and call.box == arg.box then return 'duplicate_join', ticket(call) end
  local known = queues.load(join.queue) ~= nil
  if call or not known then
    command(arg.box, 'release', 'call_id', join.call_id, 'uniqueid', join.uniqueid,
      'status', 'UNKNOWN')
    return known and 'duplicate_join' or 'unknown_queue'
  end
  local w = windows.of(join)
  w.keeps_min = join.raise_keeps_min
  local outcome = admission.refusal(join.queue, w)
  if outcome then return refuse(arg.box, join, outcome) end
  local cut
  call, cut = placing.newcomer(join, arg.box, arg.age_us)
  local given = ticket(call, call.original_position)
  given.age_cut = cut and '1' or '0'
  return 'ok', given
end)
