"""I4 Place kept: nothing but a change of priority moves a caller in its line. Pure.

And two things more: a ticket ahead of the clock shows that who was ranked by this clock came later;
and who makes room for a newcomer placed ahead gets another rank, but passes nobody.
"""

from collections.abc import Iterator

from coordinator.audit.report import Violation
from coordinator.audit.world import Caller, Place, Queue, World
from coordinator.journal import Entry

POSITIONED = frozenset({"caller.joined", "caller.moved", "caller.left", "offer.made"})


def check(world: World, entry: Entry) -> Iterator[Violation]:
    """Is the caller where the entries before this one put it?"""
    if entry.type == "caller.joined":
        yield from _joined_again(world, entry)
    elif entry.type == "caller.moved":
        yield from _moved(world, entry)
    if entry.type in POSITIONED and not world.partial:
        yield from _position(world, entry)


def _violation(entry: Entry, sentence: str) -> Violation:
    return Violation("I4", entry.id, sentence, (str(entry.data["call_id"]),))


def _joined_again(world: World, entry: Entry) -> Iterator[Violation]:
    data = entry.data
    known = world.caller(data["call_id"])
    if known is None:
        return
    if data["by"] != "restored":
        yield _violation(entry, f"Call {known.call_id} joined again while it was in line.")
    elif (known.priority, known.rank) != (data["priority"], data["rank"]):
        yield _violation(
            entry,
            f"Call {known.call_id} was restored with priority {data['priority']} and rank "
            f"{data['rank']}; it had {known.priority} and {known.rank}.",
        )


def _moved(world: World, entry: Entry) -> Iterator[Violation]:
    caller = world.caller(entry.data["call_id"])
    if caller is None or caller.rank == entry.data["rank"]:
        return
    behind_a_ticket = entry.data["by"] == "resync" and entry.data["rank"] > entry.at_us
    if not behind_a_ticket and not _gave_way(world.queues[caller.queue], caller, entry):
        yield _violation(
            entry,
            f"Call {caller.call_id} was moved from rank {caller.rank} to {entry.data['rank']}; "
            "only its priority may change.",
        )


def _gave_way(queue: Queue, caller: Caller, entry: Entry) -> bool:
    """Whether it made room for one behind it, in the order it had."""
    data = entry.data
    back = data["rank"] > caller.rank and data["priority"] == caller.priority
    stays = data["position"] == queue.position(caller.place)
    return bool(data["by"] == "placed" and back and stays)


def _position(world: World, entry: Entry) -> Iterator[Violation]:
    """The position an entry names is the one its place has by the journal."""
    data = entry.data
    queue, caller = world.queues.get(data["queue"]), world.caller(data["call_id"])
    if queue is None or (caller is None and entry.type != "caller.joined"):
        return
    stood = caller.place if caller else None
    expected = _expected(queue, stood, entry)
    if data["position"] != expected:
        yield _violation(
            entry,
            f"Call {data['call_id']} is said to be at position {data['position']} of queue "
            f"{queue.name}; by the entries before it is at {expected}.",
        )


def _expected(queue: Queue, stood: Place | None, entry: Entry) -> int:
    """Position after the entry for those that give a place, before it for the others."""
    data = entry.data
    if entry.type not in ("caller.joined", "caller.moved"):
        return queue.position(stood) if stood else 0
    new: Place = (-data["priority"], data["rank"], data["call_id"])
    return queue.position(new) - (1 if stood and stood < new else 0)
