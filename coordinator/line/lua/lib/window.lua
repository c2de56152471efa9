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

-- The lowest and the highest penalty admitted; lowest above highest for nobody. A raise lifts whom it
-- finds below min, unless it keeps min; it lifts nobody who is above it.
function windows.admits(w)
  local from, to, raise = w.min or 0, w.max or MAX_PENALTY, w.raise or 0
  if raise >= from and not w.keeps_min then from = 0 end
  if w.max and raise > w.max then to = -1 end
  return from, to
end

-- A member's penalty as this caller sees it; nil when not admitted.
function windows.effective(w, penalty)
  local from, to = windows.admits(w)
  if penalty < from or penalty > to then return nil end
  return math.max(penalty, w.raise or 0)
end

-- Not above `tier`: a ringing ringall caller still takes agents of the tier that rings.
function windows.capped(w, tier)
  return { min = w.min, max = math.min(w.max or tier, tier), raise = w.raise,
    keeps_min = w.keeps_min }
end
