-- Hashes as Lua tables.

-- All fields of a hash as a table; nil when it does not exist.
local function load(key)
  local flat = redis.call('HGETALL', key)
  if #flat == 0 then return nil end
  local record = {}
  for i = 1, #flat, 2 do record[flat[i]] = flat[i + 1] end
  return record
end

-- Writes the fields to the hash and to the record that mirrors it.
local function save(key, record, ...)
  local fields = { ... }
  for i = 1, #fields, 2 do
    local value = fields[i + 1]
    record[fields[i]] = type(value) == 'number' and int(value) or value
  end
  redis.call('HSET', key, ...)
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
