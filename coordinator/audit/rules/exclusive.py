"""I3 Exclusive: one offer or call per agent, one agent per caller, fences that grow. Pure."""

from collections.abc import Iterator

from coordinator.audit.report import Violation
from coordinator.audit.world import Offer, World
from coordinator.journal import Entry

#: Entries by which an agent has the caller for itself.
WON = {"offer.claimed": "claimed by", "call.connected": "connected to"}


def check(world: World, entry: Entry) -> Iterator[Violation]:
    """At an offer, a claim and a connection: is anybody engaged already?"""
    if entry.type == "offer.made":
        yield from _agent(world, entry)
        yield from _caller(world, entry)
        yield from _fence(world, entry)
    elif entry.type in WON:
        yield from _second_winner(world, entry)


def _violation(entry: Entry, sentence: str, *others: Offer) -> Violation:
    calls = dict.fromkeys([str(entry.data["call_id"]), *(offer.call_id for offer in others)])
    agents = dict.fromkeys([str(entry.data["agent"]), *(offer.agent for offer in others)])
    return Violation("I3", entry.id, sentence, tuple(calls), tuple(agents))


def _agent(world: World, entry: Entry) -> Iterator[Violation]:
    agent = world.agents.get(str(entry.data["agent"]))
    for held in agent.holds.values() if agent else ():
        yield _violation(
            entry,
            f"Agent {held.agent} was given to call {entry.data['call_id']} while {held.state} "
            f"for call {held.call_id} (offer {held.offer_id}).",
            held,
        )


def _caller(world: World, entry: Entry) -> Iterator[Violation]:
    call = str(entry.data["call_id"])
    caller = world.callers.get(call)
    ringall = entry.data["strategy"] == "ringall"
    for held in caller.offers.values() if caller else ():
        if held.state != "ringing" or not ringall:
            yield _violation(
                entry,
                f"Call {call} was offered to agent {entry.data['agent']} while agent "
                f"{held.agent} was {held.state} for it.",
                held,
            )
    if caller and caller.offers and ringall and entry.data["penalty"] > caller.tier:
        yield _violation(
            entry,
            f"Call {call} was offered to agent {entry.data['agent']} of penalty "
            f"{entry.data['penalty']} while penalty {caller.tier} rang for it.",
            *caller.offers.values(),
        )


def _fence(world: World, entry: Entry) -> Iterator[Violation]:
    if entry.data["fence"] <= world.last_fence:
        yield _violation(
            entry,
            f"Offer {entry.data['offer_id']} has fence {entry.data['fence']}, which is not above "
            f"the last one ({world.last_fence}).",
        )


def _second_winner(world: World, entry: Entry) -> Iterator[Violation]:
    data = entry.data
    caller, agent = world.callers.get(str(data["call_id"])), world.agents.get(str(data["agent"]))
    held = [*(caller.offers.values() if caller else ()), *(agent.holds.values() if agent else ())]
    others = {h.offer_id: h for h in held if h.offer_id != data["offer_id"]}
    for other in others.values():
        if other.state != "ringing" or other.agent == data["agent"]:
            yield _violation(
                entry,
                f"Call {data['call_id']} was {WON[entry.type]} agent {data['agent']} while call "
                f"{other.call_id} was {other.state} with agent {other.agent}.",
                other,
            )
