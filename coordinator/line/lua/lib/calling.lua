-- What an offer brings along for the talk (line/calling.py): what is heard before it, recording,
-- subroutine, and the variables
-- of setinterfacevar, setqueuevar and setqueueentryvar, as they are now, over all boxes.

local calling = {}

local function whole_seconds(us)
  return int(math.floor(tonumber(us or '0') / 1000000))
end

local function of_member(call, a)
  local m = membership_in(call.queue, a.name)
  return { { 'MEMBERINTERFACE', a.interface }, { 'MEMBERNAME', a.name }, { 'MEMBERCALLS', int(m.calls) },
    { 'MEMBERLASTCALL', whole_seconds(a.last_call) }, { 'MEMBERPENALTY', int(m.penalty) },
    { 'MEMBERDYNAMIC', '1' }, { 'MEMBERREALTIME', '0' } }
end

local function of_queue(call)
  local q = queues.load(call.queue)
  local completed = tonumber(q.completed)
  local within = completed > 0 and 100 * tonumber(q.completed_in_level) / completed or 0
  return { { 'QUEUENAME', call.queue }, { 'QUEUEMAX', int(q.settings.maxlen) }, { 'QUEUESTRATEGY', q.settings.strategy },
    { 'QUEUECALLS', int(redis.call('ZCARD', K.line(call.queue))) },
    { 'QUEUEHOLDTIME', whole_seconds(q.hold_us) }, { 'QUEUETALKTIME', whole_seconds(q.talk_us) },
    { 'QUEUECOMPLETED', int(completed) }, { 'QUEUEABANDONED', q.abandoned },
    { 'QUEUESRVLEVEL', int(q.settings.servicelevel) }, { 'QUEUESRVLEVELPERF', string.format('%.1f', within) } }
end

-- QEHOLDTIME is the box's to fill in, for it knows when the talk begins: the last, without a value.
local function of_entry(call)
  return { { 'QEORIGINALPOS', call.original_position }, { 'QEHOLDTIME' } }
end

-- Fields of the originate command, as a flat list; empty where the queue asks for nothing. `meeting`
-- stays the text it is.
function calling.of(call, a)
  local q = queues.load(call.queue)
  if q.calling == '' then return q.meeting ~= '' and { 'meeting', q.meeting } or {} end
  local asked, names, values = cjson.decode(q.calling), {}, {}
  local function add(variables)
    for _, v in ipairs(variables) do
      names[#names + 1] = v[1]
      values[#values + 1] = v[2]
    end
  end
  if asked.setinterfacevar then add(of_member(call, a)) end
  if asked.setqueuevar then add(of_queue(call)) end
  if asked.setqueueentryvar then add(of_entry(call)) end
  return { 'variables', table.concat(names, ','), 'values', table.concat(values, ','),
    'membergosub', asked.membergosub or '', 'monitor_format', asked.monitor_format or '',
    'meeting', q.meeting }
end
