-- transition(name, body) registers a function whose call is one atomic step:
--   KEYS  1: the tenant's prefix (all keys of a tenant share its hash tag)
--   ARGV  1: arguments as a JSON object   2: the time in µs, by tests only; else Redis's own
--   Returns  {code, now_us, earliest timer set by this step or 0, name, value, …}
-- Whose patience is over leaves; whatever the step made available or open is matched before it
-- returns (match.settle); then who waits for nobody leaves (admission.sweep); then what became of the
-- records is written (record.lua).
--
-- An error in it is a defect of ours, and Redis takes nothing back: what was done stays, what
-- should have followed is missing. So in the same step every box it may concern is marked to begin
-- anew with a snapshot, which is the truth about that box; and what was to be matched is matched
-- a little later.

local function distrust(box)
  if redis.pcall('HEXISTS', K.box(box), 'link') == 1 then
    redis.call('HSET', K.box(box), 'fresh', '1')
  end
end

local function give_up(arg, failure)
  pcall(admission.file_stirred)
  pcall(write_records)
  if arg.box then touched[arg.box] = true end
  for box in pairs(touched) do distrust(box) end
  redis.call('ZADD', K.timers(), 'NX', int(now + LEASE_US), 'settle:')   -- not put off by the next
  error(failure, 0)
end

local function step(body, arg, quiet)
  hold.after_silence(quiet)
  local code, data = body(arg)
  patience.before_match()
  settle()
  admission.file_stirred()
  admission.sweep()
  write_records()
  return code, data
end

local function transition(name, body)
  redis.register_function(LIBRARY .. '_' .. name, function(keys, args)
    local arg = begin(keys, args)
    local well, code, data = pcall(step, body, arg, keep_time())
    if not well then give_up(arg, code) end
    local reply = { code or 'ok', int(now), int(earliest) }
    for field, value in pairs(data or {}) do
      reply[#reply + 1] = field
      reply[#reply + 1] = tostring(value)
    end
    return reply
  end)
end
