"""Every Redis key of the line: name, type, lifetime, meaning. The one place where keys are built.

All keys of a tenant begin with `gvq:{tenant}:`; the braces are Redis Cluster's hash tag, so a
tenant's line lives on one node and every transition is one atomic function there. The table is
handed to the Lua library (scripts.py), which builds keys by the same templates.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """A key's template; `{}` stands for the name it is about."""

    template: str
    type: str
    meaning: str


TABLE: dict[str, Key] = {
    # For good (until deleted by the operator)
    "meta": Key(
        "meta",
        "hash",
        "last fence; highest ticket restored; hold deadline, µs; server's run id, since when, that "
        "mirrored to; time of the last step, by how much the line is ahead of the clock; how many "
        "queues have conditions",
    ),
    "queues": Key("queues", "set", "names of all queues"),
    "rules": Key("rules", "hash", "penalty rule → its changes as JSON"),
    "conditions": Key(
        "conditions", "hash", "queue → library, joinempty, leavewhenempty; only where one is set"
    ),
    "queue": Key("queue:{}", "hash", "settings as texts, round-robin pointer, figures"),
    "members": Key("members:{}", "set", "agents who are members of a queue"),
    "agents": Key("agents", "set", "names of all agents"),
    "agent": Key("agent:{}", "hash", "interface, login, pause, home, device, offer, call, timer"),
    "memberships": Key("memberships:{}", "hash", "of an agent: queue → index.lua: MEMBERSHIP"),
    "interfaces": Key("interfaces", "hash", "interface (names.fold) → agent who is dialled so"),
    "phones": Key("phones", "hash", "device → agent whose state it tells; of Custom: many, a,b"),
    "boxes": Key("boxes", "set", "names of all boxes ever linked"),
    "box": Key("box:{}", "hash", "link, instance, epoch, seq, heard, seen, attached, last rank"),
    # While callers wait, phones ring and calls last
    "line": Key("line:{}", "zset", "a queue's callers by place (all scores 0: ordered by name)"),
    "open": Key("open:{}", "zset", "a queue's open callers: penalty window, then place"),
    "free": Key("free:{}", "zset", "a queue's available members: penalty, metric, order, agent"),
    "call": Key("call:{}", "hash", "a caller from joining to the end of the call"),
    "offer": Key("offer:{}", "hash", "an agent being rung for, or talking with, a caller"),
    "calls": Key("calls:{}", "set", "a box's calls"),
    "homed": Key("homed:{}", "set", "agents whose home is this box"),
    "devices": Key("devices:{}", "hash", "of a box: device (names.fold) → state, but INVALID"),
    "timers": Key("timers", "zset", "what is due when: KIND:NAME (lua/tick.lua: DUE)"),
    "awaited": Key("awaited", "set", "boxes that must be heard of before the line decides again"),
    "joinempty": Key("joinempty:{}", "zset", "members who let callers join: score is penalty"),
    "leavewhenempty": Key("leavewhenempty:{}", "zset", "members who let callers stay, likewise"),
    # Streams
    "commands": Key("commands:{}", "stream", "commands to a box, each deleted when done"),
    "journal": Key("journal", "stream", "every transition, in order; trimmed once SQL has it"),
}


def prefix(tenant: str) -> str:
    """What every key of the tenant begins with."""
    return f"gvq:{{{tenant}}}:"


def key(tenant: str, name: str, about: str = "") -> str:
    """A key by its name in the table, e.g. `key("default", "line", "sales")`."""
    return prefix(tenant) + TABLE[name].template.format(about)


def lua_table() -> str:
    """The same templates as Lua functions of a table `K`: K.line('sales'), K.meta()."""
    lines = ["local K = {}"]
    for name, entry in TABLE.items():
        head, hole, _ = entry.template.partition("{}")
        about = " .. about" if hole else ""
        lines.append(f"function K.{name}(about) return prefix .. '{head}'{about} end")
    return "\n".join(lines)
