-- A queue's figures over its calls.

local figures = {}

local function one_more(q, field)
  save(q, field, tonumber(q[field]) + 1)
end

-- Queue()'s service level: how many of the completed, or abandoned, did not wait longer.
function figures.count(q, field, wait)
  one_more(q, field)
  if wait <= q.settings.servicelevel * 1000000 then one_more(q, field .. '_in_level') end
end

-- Queue()'s moving average: three parts old, one part new (app_queue.c: recalc_holdtime).
function figures.average(q, field, value)
  local old = tonumber(q[field])
  save(q, field, old and math.floor((3 * old + value) / 4) or value)
end
