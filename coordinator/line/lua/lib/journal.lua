-- The journal: one entry a transition's effect, written in the same step.

-- journal(type, field, value, …); a field whose value is false is left out.
-- Fields and types: coordinator/journal.py.
local function journal(kind, ...)
  local entry = { 'XADD', K.journal(), '*', 'type', kind, 'at_us', int(now) }
  local fields = { ... }
  for i = 1, #fields, 2 do
    local value = fields[i + 1]
    if value ~= false then
      entry[#entry + 1] = fields[i]
      entry[#entry + 1] = type(value) == 'number' and int(value) or value
    end
  end
  redis.call(unpack(entry))
end

-- A command into the box's stream; it stays there until the adapter says done.
local function command(box, kind, ...)
  redis.call('XADD', K.commands(box), '*', 'kind', kind, ...)
end
