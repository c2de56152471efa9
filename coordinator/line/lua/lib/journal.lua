-- The two streams: entries of the journal and commands to boxes, written in the step that makes them.
-- Each is one JSON text: as fields of the stream, twenty to an entry, they cost twice as much, here
-- and where they are read. Digits are text in it: Lua's JSON keeps 14 of a number.

local function fill(body, ...)
  local fields = { ... }
  for i = 1, #fields, 2 do
    local value = fields[i + 1]
    if value ~= false then body[fields[i]] = type(value) == 'number' and int(value) or value end
  end
  return cjson.encode(body)
end

-- journal(type, field, value, …); a field whose value is false is left out.
-- Fields and types: coordinator/journal.py.
local function journal(kind, ...)
  redis.call('XADD', K.journal(), '*', 'entry', fill({ type = kind, at_us = int(now) }, ...))
end

-- A command into the box's stream; it stays there until the adapter says done.
local function command(box, kind, ...)
  redis.call('XADD', K.commands(box), '*', 'command', fill({ kind = kind }, ...))
end
