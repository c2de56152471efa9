-- Records: hashes as Lua tables. Each is read once in a step and written once, at its end: what
-- changes meanwhile is in its table only, so nobody reads or writes such a hash but through here.
-- Indexes, sets and streams are written at once.
--
-- `kind`: CALL, AGENT, …, which make a table of what fields are that are not there (line/records.py).

-- The hash's fields, written over those of `record`.
local function read(key, record)
  local flat = redis.call('HGETALL', key)
  for i = 1, #flat, 2 do record[flat[i]] = flat[i + 1] end
  return flat[1] and record
end

-- A record; nil when there is none. Who loads it again gets the same table.
local function load(key, kind)
  local record = records[key]
  if record == nil then
    record = read(key, kind()) or false
    records[key] = record
    if record then record.key = key end
  end
  return record or nil
end

local function create(key, kind)
  local record = kind()
  record.key = key
  records[key] = record
  return record
end

local usual = {}       -- kind → one with all its fields as they are by default

-- A record of which no more than these fields is needed, and nothing to be changed.
local function glance(key, kind, ...)
  if records[key] then return records[key] end
  usual[kind] = usual[kind] or kind()
  local names, record = { ... }, {}
  for i, value in ipairs(redis.call('HMGET', key, ...)) do
    record[names[i]] = value or usual[kind][names[i]]
  end
  return record
end

-- Gives fields of a record other values; numbers become whole.
local function save(record, ...)
  local fields, changes = { ... }, record.changes
  for i = 1, #fields, 2 do
    local field, value = fields[i], fields[i + 1]
    if type(value) == 'number' then value = int(value) end
    if record[field] ~= value then
      if not changes then
        changes = {}
        record.changes = changes
        unwritten[#unwritten + 1] = record
      end
      record[field], changes[field] = value, true
    end
  end
end

-- Takes fields out of a record that have no value by default.
local function drop(record, ...)
  redis.call('HDEL', record.key, ...)
  for _, field in ipairs({ ... }) do
    record[field] = nil
    if record.changes then record.changes[field] = nil end
  end
end

local function erase(record)
  redis.call('DEL', record.key)
  records[record.key] = false
end

local words = {}       -- of one command after the other: a new table each time would grow each time

-- At a step's end.
local function write_records()
  for _, record in ipairs(unwritten) do
    local n = 0
    for field in pairs(record.changes) do
      words[n + 1], words[n + 2] = field, record[field]
      n = n + 2
    end
    if n > 0 and records[record.key] == record then
      redis.call('HSET', record.key, unpack(words, 1, n))
    end
  end
end

-- What the line remembers of itself.
local function meta()
  remembered = remembered or load(K.meta(), META) or create(K.meta(), META)
  return remembered
end

-- A comma list ',a,b,' as a set: has, with, without.
local function has(list, item)
  return string.find(list or '', ',' .. item .. ',', 1, true) ~= nil
end

local function with(list, item)
  if has(list, item) then return list end
  return (list == nil or list == '') and ',' .. item .. ',' or list .. item .. ','
end

local function without(list, item)
  local from, to = string.find(list or '', ',' .. item .. ',', 1, true)
  if not from then return list or '' end
  local rest = string.sub(list, 1, from) .. string.sub(list, to + 1)
  return rest == ',' and '' or rest
end

local function items(list)
  return string.gmatch(list or '', '[^,]+')
end
