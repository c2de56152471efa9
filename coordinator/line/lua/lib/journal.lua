-- The journal: one entry a transition's effect, written in the same step.

-- journal(type, field, value, …); a field whose value is false is left out.
-- Fields and types: coordinator/journal.py.
local function journal(kind, ...)
  local fields, n = { ... }, 0
  for i = 1, #fields, 2 do
    local value = fields[i + 1]
    if value ~= false then   -- in place: a table that grows is laid out anew six times
      fields[n + 1], fields[n + 2] = fields[i], type(value) == 'number' and int(value) or value
      n = n + 2
    end
  end
  redis.call('XADD', K.journal(), '*', 'type', kind, 'at_us', int(now), unpack(fields, 1, n))
end

-- A command into the box's stream; it stays there until the adapter says done.
local function command(box, kind, ...)
  redis.call('XADD', K.commands(box), '*', 'kind', kind, ...)
end
