-- The one clock, and what a transition starts and ends with.
--
-- transition(name, body) registers a function whose call is one atomic step:
--   KEYS  1: the tenant's prefix (all keys of a tenant share its hash tag)
--   ARGV  1: arguments as a JSON object   2: the time in µs, by tests only; else Redis's own
--   Returns  {code, now_us, earliest timer set by this step or 0, name, value, …}
-- Whatever the step made available or open is matched before it returns (match.settle).

local prefix = ''
local now = 0
local earliest = 0     -- earliest timer set by this step, µs
local freed = {}       -- agents this step made available
local opened = {}      -- callers this step made open
local settle           -- lib/match.lua

-- A number as whole digits. Lua's own conversion keeps 14, µs need 16.
local function int(number)
  return string.format('%.0f', number)
end

-- A drawn whole number. Redis seeds Lua's own generator alike for every call.
local draws = 0
local function draw()
  draws = draws + 1
  return tonumber(string.sub(redis.sha1hex(int(now) .. ':' .. draws), 1, 8), 16)
end

local function begin(keys, args)
  prefix = keys[1]
  if args[2] then
    now = tonumber(args[2])
  else
    local time = redis.call('TIME')
    now = time[1] * 1000000 + time[2]
  end
  earliest, draws, freed, opened = 0, 0, {}, {}
  return cjson.decode(args[1])
end

local function transition(name, body)
  redis.register_function(LIBRARY .. '_' .. name, function(keys, args)
    local code, data = body(begin(keys, args))
    settle()
    local reply = { code or 'ok', int(now), int(earliest) }
    for field, value in pairs(data or {}) do
      reply[#reply + 1] = field
      reply[#reply + 1] = tostring(value)
    end
    return reply
  end)
end
