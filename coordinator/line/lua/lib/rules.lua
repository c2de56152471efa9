-- Penalty rules: how a caller's window changes while it waits. Queue()'s queuerules.conf, as
-- app_queue.c (update_qe_rule) applies them. A rule is copied to the caller as it joins.
--
-- A change: {after (s), max, min, raise}; a bound is '' (stays), '5' (becomes), '+2' or '-1' (by so
-- much). A raise that begins with r, as 'r5', lifts none who are below min.

local rules = {}

local STEPS = { max = 2, min = 3, raise = 4 }

-- A bound that was not set when the caller joined never is.
local function changed(bound, change)
  if not bound or change == '' then return bound end
  local relative = string.find(change, '^[+-]')
  return math.max(relative and bound + tonumber(change) or tonumber(change), 0)
end

local function after(w, step)
  local raise, keeps_min = string.gsub(step[STEPS.raise], '^r', '')
  local max = changed(w.max, step[STEPS.max])
  local function below_max(bound) return bound and max and math.min(bound, max) or bound end
  return {
    max = max,
    min = below_max(changed(w.min, step[STEPS.min])),
    raise = below_max(changed(w.raise, raise)),
    keeps_min = w.raise and (keeps_min == 1 or raise == '' and w.keeps_min),
  }
end

local function store(call, w)
  local bounds = { min_penalty = w.min, max_penalty = w.max, raise_penalty = w.raise }
  for field, bound in pairs(bounds) do save(call, field, bound) end
  save(call, 'keeps_min', w.keeps_min and '1' or '0')
  journal('caller.window', 'queue', call.queue, 'call_id', call.id, 'box', call.box,
    'min_penalty', w.min or false, 'max_penalty', w.max or false, 'raise_penalty', w.raise or false,
    'keeps_min', w.keeps_min and 1 or false, 'by', 'rule')
end

-- Makes the changes whose time has come, and sets the timer for the next.
function rules.advance(call)
  local steps = call.rule and cjson.decode(call.rule)
  if not steps then return end
  local at, before = tonumber(call.rule_at), windows.name(windows.of(call))
  local w = windows.of(call)
  while steps[at] and tonumber(call.joined) + steps[at][1] * 1000000 <= now do
    w = after(w, steps[at])
    at = at + 1
  end
  save(call, 'rule_at', at)
  if steps[at] then set_timer('rule:' .. call.id, tonumber(call.joined) + steps[at][1] * 1000000) end
  if windows.name(w) == before then return end
  store(call, w)
  if call.open ~= '' then calls.open(call, tonumber(call.tier)) end
end

-- A caller joins: by the rule it names, or its queue's own. One that nobody knows is none.
function rules.begin(call, name)
  if not name or name == '' then name = queues.load(call.queue).settings.defaultrule end
  local rule = name ~= '' and redis.call('HGET', K.rules(), name)
  if not rule then return end
  save(call, 'rule', rule, 'rule_at', 1)
  rules.advance(call)
end
