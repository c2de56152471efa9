"""I1 Order: no caller ahead who could have taken the agent is left behind. Pure."""

from collections.abc import Iterator

from coordinator.audit.report import Violation
from coordinator.audit.world import Caller, World
from coordinator.journal import Entry


def check(world: World, entry: Entry) -> Iterator[Violation]:
    """At an offer: who was ahead and could have taken this agent. At a join: the place given."""
    if entry.type == "offer.made":
        yield from _left_behind(world, entry)
    elif entry.type == "caller.joined" and "placed" in entry.data:
        yield from _placed(world, entry)
    elif entry.type == "caller.joined" and entry.data["by"] == "join":
        yield from _rank(world, entry)


def _left_behind(world: World, entry: Entry) -> Iterator[Violation]:
    caller, agent = world.caller(entry.data["call_id"]), str(entry.data["agent"])
    if world.held:
        yield Violation(
            "I1", entry.id,
            f"Agent {agent} was given to call {entry.data['call_id']} while the line waited for "
            "boxes to come back.",
            (str(entry.data["call_id"]),), (agent,),
        )  # fmt: skip
    if caller is None:
        return
    for other in ahead(world, caller, agent):
        if world.may_take(other, agent):
            yield Violation(
                "I1", entry.id,
                f"Agent {agent} was given to call {caller.call_id} while call {other.call_id}, "
                f"ahead of it in {_where(caller, other)}, could have taken the agent.",
                (caller.call_id, other.call_id), (agent,),
            )  # fmt: skip


def ahead(world: World, caller: Caller, agent: str) -> Iterator[Caller]:
    """Callers before this one by (queue weight, place) in all queues the agent serves."""
    own = world.queues[caller.queue]
    for name in sorted(world.waiting_queues):
        queue = world.queues[name]
        if agent not in queue.members or queue.weight < own.weight:
            continue
        for other in world.line(name):
            if queue.weight == own.weight and other.place >= caller.place:
                break
            yield other


def _placed(world: World, entry: Entry) -> Iterator[Violation]:
    """By Queue()'s position: where it asked to be, but behind all of higher priority."""
    data, queue = entry.data, world.queues.get(entry.data["queue"])
    if queue is None or world.partial:
        return
    higher = queue.position((-data["priority"], -1, "")) - 1
    allowed = max(data["placed"], higher + 1)
    if data["position"] != allowed:
        yield Violation(
            "I1", entry.id,
            f"Call {data['call_id']} asked for position {data['placed']} and was placed at "
            f"{data['position']}; {higher} of higher priority allow {allowed}.",
            (str(data["call_id"]),),
        )  # fmt: skip


def _where(caller: Caller, other: Caller) -> str:
    if caller.queue == other.queue:
        return f"queue {caller.queue}"
    return f"queue {other.queue} (this one waits in {caller.queue})"


def _rank(world: World, entry: Entry) -> Iterator[Violation]:
    data, last = entry.data, max(world.last_rank.values(), default=0)
    call, rank = data["call_id"], data["rank"]
    if rank <= world.last_join.get(str(data["box"]), 0):
        yield Violation(
            "I1", entry.id,
            f"Call {call} joined on box {data['box']} with rank {rank}, not behind the box's "
            "earlier callers.",
            (call,),
        )  # fmt: skip
    if not entry.at_us - data["age_us"] <= rank <= max(entry.at_us, last + 1):
        yield Violation(
            "I1", entry.id,
            f"Call {call} has rank {rank}, which is not the time of its joining "
            f"({entry.at_us - data['age_us']}).",
            (call,),
        )  # fmt: skip
