-- Penalty windows: which members a caller admits. Queue()'s QUEUE_MIN/MAX/RAISE_PENALTY.

local windows = {}

local MAX_PENALTY = 99999     -- five digits, so that names sort as numbers do (protocol/fields.py: Penalty)

local function text(bound)
  return bound and string.format('%05d', bound) or '-'
end

function windows.of(call)
  return {
    min = tonumber(call.min_penalty), max = tonumber(call.max_penalty),
    raise = tonumber(call.raise_penalty), keeps_min = call.keeps_min == '1',
  }
end

-- The window's name in the open index.
function windows.name(w)
  local kind = w.keeps_min and 'r' or ''
  return text(w.min) .. ',' .. text(w.max) .. ',' .. kind .. text(w.raise)
end

function windows.parse(name)
  if name == '-,-,-' then return {} end
  local min, max, kind, raise = string.match(name, '^([^,]+),([^,]+),(r?)([^,]+)$')
  return { min = tonumber(min), max = tonumber(max), raise = tonumber(raise),
    keeps_min = kind == 'r' }
end

-- The window of a name in the open index; an open one where penalties do not count.
function windows.in_force(flat, name)
  return flat and {} or windows.parse(string.match(name, '^[^|]+'))
end

-- A member's penalty as this caller sees it; nil when not admitted. A raise that keeps min lifts
-- nobody from below it.
function windows.effective(w, penalty)
  local lifted = not (w.keeps_min and w.min and penalty < w.min)
  local e = math.max(penalty, lifted and w.raise or 0)
  if (w.min and e < w.min) or (w.max and e > w.max) then return nil end
  return e
end

-- Not above `tier`: a ringing ringall caller still takes agents of the tier that rings.
function windows.capped(w, tier)
  return { min = w.min, max = math.min(w.max or tier, tier), raise = w.raise,
    keeps_min = w.keeps_min }
end
