-- A queue: its record, with its figures; `settings`: those that decide (types.py: QueueSettings,
-- without what is heard and done around a talk). They are one text, `deciding`.

local queues = {}

-- What a text says is decoded once, over steps too, and changed by nobody.
local MANY = 1000       -- texts remembered at most
local known, count = {}, 0

local function decoded(text)
  if not known[text] then
    if count == MANY then known, count = {}, 0 end
    known[text], count = cjson.decode(text), count + 1
  end
  return known[text]
end

function queues.load(name)
  local q = load(K.queue(name), QUEUE)
  if q and not q.settings then q.name, q.settings = name, decoded(q.deciding) end
  return q
end

-- Gives it these settings. `texts`: {deciding, announcing, calling, meeting}, of which the last follows
-- from the others. Whether they are others.
function queues.put(name, texts)
  local q = queues.load(name) or create(K.queue(name), QUEUE)
  if q.deciding == texts.deciding and q.announcing == texts.announcing
    and q.calling == texts.calling then return false end
  save(q, 'deciding', texts.deciding, 'announcing', texts.announcing, 'calling', texts.calling,
    'meeting', texts.meeting)
  q.settings = nil
  return true
end
