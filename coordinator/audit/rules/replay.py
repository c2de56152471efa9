"""I8 Replay: entries are whole and in order, and each decision explains itself truly. Pure."""

from collections.abc import Iterator

from coordinator.audit.report import Violation
from coordinator.audit.world import Caller, World
from coordinator.journal import TYPES, Entry, stream_position

#: Entry type → the fields it cannot do without.
NEEDED = {
    kind: frozenset(name for name in fields if not name.endswith("?"))
    for kind, fields in TYPES.items()
}


def malformed(world: World, entry: Entry) -> Iterator[Violation]:
    """Why the entry cannot be replayed: unknown type, a field missing, out of order."""
    needed = NEEDED.get(entry.type)
    if needed is None:
        yield Violation("I8", entry.id, f"There is no entry type {entry.type}.")
        return
    missing = sorted(needed - entry.data.keys())
    if missing:
        yield Violation("I8", entry.id, f"{entry.type} lacks {', '.join(missing)}.")


def check(world: World, entry: Entry) -> Iterator[Violation]:
    """Does the entry follow the one before, and is an offer's explanation true?"""
    if stream_position(entry.id) <= world.last_id:
        yield Violation("I8", entry.id, f"Entry {entry.id} does not follow the one before it.")
    if entry.type == "offer.made" and not world.partial:
        caller = world.caller(entry.data["call_id"])
        for why in _false_reasons(world, entry, caller) if caller else ():
            yield Violation(
                "I8", entry.id, why, (str(entry.data["call_id"]),), (str(entry.data["agent"]),)
            )


def _false_reasons(world: World, entry: Entry, caller: Caller) -> Iterator[str]:
    data, agent = entry.data, str(entry.data["agent"])
    if not data["considered"]:  # the first few of the tier; a long tier need not name the agent
        yield f"Agent {agent} was given to call {caller.call_id} without considering anybody."
    ahead = world.queues[caller.queue].position(caller.place) - 1
    if data["ahead"] != ahead:
        yield f"{ahead} callers were ahead of call {caller.call_id}, not {data['ahead']}."
    for call, why in data["passed_over"]:
        other = world.caller(call)
        if other is None or other.place >= caller.place or not _passed(world, other, agent, why):
            yield f"Call {call} was not passed over because of {why}."


def _passed(world: World, other: Caller, agent: str, why: str) -> bool:
    """Whether this reason for passing a caller over holds."""
    member = world.member(other, agent)
    reasons = {
        "ringing": bool(other.offers),
        "detached": other.detached,
        "penalty": member is not None and world.penalty(other, member) is None,
    }
    return reasons.get(why, False)
