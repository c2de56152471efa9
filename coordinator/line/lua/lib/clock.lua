-- The one clock, and all that is remembered during one step.

local prefix = ''
local now = 0
local earliest = 0     -- earliest timer set by this step, µs
local records = {}     -- key → record, false where there is none (record.lua)
local unwritten = {}   -- records of which fields are to be written
local remembered       -- the line's own record: meta()
local memberships = {} -- agent → its memberships (membership.lua)
local freed = {}       -- agents this step made available
local opened = {}      -- callers this step made open
local ending = {}      -- callers this step made wait whose patience may be over (patience.lua)
local touched = {}     -- boxes whose callers this step has looked at
local asked = {}       -- who asks for this step: by, and the uniqueid of a phone's channel
local conditions = {}  -- queue → those its indexes are made by, as text (admission.lua)
local stirred = { queue = {}, agent = {} }   -- of whom some member or caller is not as before

-- A whole number as digits. Lua's own conversion keeps 14, µs need 16. Most are small, or the time:
-- writing these out again and again took a tenth of a step.
local SMALL = {}       -- those below 1,000 that were met, over steps too
local now_as_text = nil

local function int(number)
  if number == now then
    now_as_text = now_as_text or string.format('%d', now)
    return now_as_text
  end
  local text = SMALL[number] or string.format('%d', number)
  if number >= 0 and number < 1000 then SMALL[number] = text end
  return text
end

-- A drawn whole number. Redis seeds Lua's own generator alike for every call.
local draws = 0
local function draw()
  draws = draws + 1
  return tonumber(string.sub(redis.sha1hex(int(now) .. ':' .. draws), 1, 8), 16)
end

local function set_now(time)
  now, now_as_text = time, nil
end

local function begin(keys, args)
  prefix = keys[1]
  if args[2] then
    set_now(tonumber(args[2]))
  else
    local time = redis.call('TIME')
    set_now(time[1] * 1000000 + time[2])
  end
  earliest, draws, freed, opened, ending, touched = 0, 0, {}, {}, {}, {}
  records, unwritten, memberships, remembered = {}, {}, {}, nil
  conditions, stirred = {}, { queue = {}, agent = {} }
  local arg = cjson.decode(args[1])
  asked = { by = arg.asked_by or false, uniqueid = arg.asked_on or false }
  return arg
end
