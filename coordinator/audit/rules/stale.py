"""I7 Stale changes nothing: every entry is about a call and an offer that live. Pure."""

from collections.abc import Iterator

from coordinator.audit.report import Violation
from coordinator.audit.world import Offer, World
from coordinator.journal import Entry

#: Entry type → the states of the offer in which it may come. An agent who has claimed the
#: caller may still be lost before the bridge.
LIVE: dict[str, tuple[str, ...]] = {
    "offer.claimed": ("ringing",),
    "offer.ended": ("ringing", "claimed"),
    "call.connected": ("answered",),
    "call.completed": ("connected",),
}

#: Entries about a caller in line.
IN_LINE = frozenset(
    {"caller.moved", "caller.window", "caller.detached", "caller.attached", "offer.made"}
)


def check(world: World, entry: Entry) -> Iterator[Violation]:
    """Does the entry speak of something that is over, or never was?"""
    why = ""
    if entry.type in IN_LINE:
        why = _caller(world, entry)
    elif entry.type == "caller.replaced":
        why = _replaced(world, entry)
    elif entry.type in LIVE:
        why = _offer(world, entry)
    if why:
        call, agent = str(entry.data["call_id"]), entry.data.get("agent")
        yield Violation("I7", entry.id, why, (call,), (str(agent),) if agent else ())


def _caller(world: World, entry: Entry) -> str:
    call = str(entry.data["call_id"])
    if world.caller(call) or (world.partial and call not in world.seen):
        return ""
    return f"{entry.type} is about call {call}, which is not in line."


def _replaced(world: World, entry: Entry) -> str:
    """Who waits, or talks, is replaced, and at its own box."""
    call, box = str(entry.data["call_id"]), entry.data["box"]
    caller = world.callers.get(call)
    if caller is None and world.partial and call not in world.seen:
        return ""
    if caller is None:
        return f"{entry.type} is about call {call}, which neither waits nor talks."
    return "" if caller.box == box else f"Call {call} of box {caller.box} was replaced at {box}."


def _offer(world: World, entry: Entry) -> str:
    data = entry.data
    offer = world.offers.get(data["offer_id"])
    if offer is None:
        return "" if world.partial else _unknown(world, entry)
    if offer.state not in LIVE[entry.type]:
        return f"{entry.type} is about offer {offer.offer_id}, which was {offer.state} then."
    return _other(offer, entry) or _not_restored(offer, entry)


def _unknown(world: World, entry: Entry) -> str:
    """A snapshot may find a talk the line had lost: its first entry says answered."""
    if entry.type == "offer.ended" and entry.data["outcome"] == "answered":
        return ""
    return f"{entry.type} is about offer {entry.data['offer_id']}, which is not live."


def _other(offer: Offer, entry: Entry) -> str:
    """The entry's call, agent and fence are the offer's own."""
    data = entry.data
    own = {"call_id": offer.call_id, "agent": offer.agent, "fence": offer.fence}
    for name, value in own.items():
        if data.get(name, value) != value:
            return (
                f"{entry.type} says {name} {data[name]} for offer {offer.offer_id}, which was "
                f"made with {value}."
            )
    return ""


def _not_restored(offer: Offer, entry: Entry) -> str:
    if offer.adopted and entry.type == "call.connected" and entry.data["by"] != "restored":
        return f"Call {offer.call_id} was connected by offer {offer.offer_id}, never made."
    return ""
