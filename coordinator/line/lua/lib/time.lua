-- The line's time: Redis's clock, but never backwards. When the server's clock is set back, or a
-- replica behind it takes over, time goes on from the last step: ranks, leases and timers stay true.
-- Kept in meta: `last`, the last step's time; `ahead`, how far the line is ahead of the clock, µs.

-- Turns `now` from the clock's time into the line's. Returns the µs since the last step, if any.
local function keep_time()
  local last, owed = tonumber(meta().last), tonumber(meta().ahead)
  if now >= last then
    owed = 0
  elseif now + owed < last then
    owed = last - now
  end
  if owed > 0 then set_now(now + owed) end
  save(meta(), 'last', now, 'ahead', owed)
  return last > 0 and now - last or 0
end
