"""What a field is that a record of the line does not have. Pure; the one home of these values.

A record is a hash that a step reads and writes whole (lua/lib/record.lua); a field which is as here
is not written until it has been another. So most callers and agents are short, and quick to read.
"""

from collections.abc import Mapping, Sequence

CALL: Mapping[str, str] = {
    "state": "waiting", "attached": "1", "offers": "", "tried": "", "open": "", "tier": "",
    "agent": "", "keeps_min": "0", "once": "0", "unanswered": "", "overdue": "", "due": "",
    "conf": "0", "caller_id_num": "", "caller_id_name": "", "priority": "0",
}  # fmt: skip

AGENT: Mapping[str, str] = {
    "logged_in": "0", "logged_in_at": "0", "paused": "0", "autopaused": "0", "reason": "",
    "paused_at": "0", "home": "", "device": "", "offer": "", "stopping": "", "call": "",
    "until": "0", "until_why": "", "last_call": "0", "free": "", "state": "new", "state_why": "",
    "misses": "0", "rings": "0", "phone": "", "counted": "",
}  # fmt: skip

OFFER: Mapping[str, str] = {"state": "ringing"}

BOX: Mapping[str, str] = {
    "attached": "0", "linked": "0", "seq": "0", "heard": "0", "seen": "0", "floor": "0",
    "last_rank": "0",
}  # fmt: skip

#: Beside its settings (lua/lib/queue.lua).
QUEUE: Mapping[str, str] = {
    "flat": "0", "pointer": "0", "last_order": "0", "completed": "0", "completed_in_level": "0",
    "abandoned": "0", "abandoned_in_level": "0",
}  # fmt: skip

META: Mapping[str, str] = {
    "last": "0", "ahead": "0", "fence": "0", "last_rank": "0", "began": "0",
    "conditions": "0",
}  # fmt: skip

_KINDS = (
    ("CALL", CALL), ("AGENT", AGENT), ("OFFER", OFFER), ("BOX", BOX), ("QUEUE", QUEUE),
    ("META", META),
)  # fmt: skip


def whole(kind: Mapping[str, str], fields: Mapping[str, str]) -> dict[str, str]:
    """A record of that kind with all its fields."""
    return {**kind, **fields}


def of(
    kind: Mapping[str, str], names: Sequence[str], found: Sequence[str | None]
) -> dict[str, str]:
    """The same of some of its fields, as HMGET has answered for these names."""
    there = {name: value for name, value in zip(names, found, strict=True) if value is not None}
    return whole(kind, there)


def lua_table() -> str:
    """The same as Lua functions: `CALL()` makes a table of them."""
    return "\n".join(f"local function {name}() return {_lua(kind)} end" for name, kind in _KINDS)


def _lua(kind: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"['{field}'] = '{value}'" for field, value in kind.items()) + " }"
