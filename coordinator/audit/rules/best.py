"""I2 Best agent: lowest effective penalty, then untried before tried, then the strategy. Pure."""

from collections.abc import Callable, Iterator

from coordinator.audit.report import Violation
from coordinator.audit.world import Agent, Caller, Member, Queue, World
from coordinator.journal import Entry

#: Strategy → what the members of a tier are sorted by, first one best; absent: any will do.
ORDERS: dict[str, Callable[[Queue, Agent, Member], tuple[int, ...]]] = {
    "leastrecent": lambda queue, agent, member: (agent.last_call_us, member.order),
    "fewestcalls": lambda queue, agent, member: (
        queue.completed.get(agent.name, 0),
        member.order,
    ),
    "rrmemory": lambda queue, agent, member: (member.order <= queue.rung, member.order),
    "rrordered": lambda queue, agent, member: (member.order <= queue.rung, member.order),
    "linear": lambda queue, agent, member: (member.order,),
}

#: Strategies that know no tiers.
POOLING = frozenset({"wrandom"})


def check(world: World, entry: Entry) -> Iterator[Violation]:
    """At an offer: may the two be matched at all, and is there a better agent available?"""
    if entry.type != "offer.made":
        return
    caller = world.caller(entry.data["call_id"])
    agent = str(entry.data["agent"])
    known = caller is not None and caller.queue in world.queues and agent in world.agents
    if caller is None or (world.partial and not known):
        return
    why = _unfit(world, caller, agent) or _penalty(world, caller, entry)
    if not why and not world.partial:
        why = _better(world, caller, agent)
    if why:
        yield Violation(
            "I2", entry.id, f"Agent {agent} was given to call {caller.call_id}, but {why}.",
            (caller.call_id,), (agent,),
        )  # fmt: skip


def _unfit(world: World, caller: Caller, name: str) -> str:
    """Why the pair may not be matched; an engaged agent or caller is I3's to name."""
    agent, member = world.agents.get(name), world.member(caller, name)
    if agent is None or (name not in world.free and not agent.holds):
        return f"the agent was {agent.state if agent else 'unknown'}, not available"
    if member is None:
        return "" if world.partial else f"is no member of queue {caller.queue}"
    if member.paused:
        return f"the agent was paused in queue {caller.queue}"
    if not agent.holds and not world.may_ring(world.queues[caller.queue], name):
        return "the agent was in_use, and the queue does not ring who is"
    if world.penalty(caller, member) is None:
        return f"the caller's penalty window does not admit penalty {member.penalty}"
    if caller.once and name in caller.tried:
        return "the agent had been rung in the caller's one pass"
    if caller.detached:
        return f"the caller's box {caller.box} was detached"
    return ""


def _penalty(world: World, caller: Caller, entry: Entry) -> str:
    member = world.member(caller, str(entry.data["agent"]))
    if member is None or world.penalty(caller, member) == entry.data["penalty"]:
        return ""
    return f"its effective penalty is {world.penalty(caller, member)}"


def _better(world: World, caller: Caller, name: str) -> str:
    """Who was better, in words; empty when nobody was."""
    queue = world.queues[caller.queue]
    rung = caller.tried if caller.once else set()
    free = [(world.agents[a], m) for a, m in world.free_members(queue) if a not in rung]
    seen = {agent.name: world.penalty(caller, member) for agent, member in free}
    fit = {agent: penalty for agent, penalty in seen.items() if penalty is not None}
    if name not in fit:
        return ""
    lowest = min(fit.values())
    if queue.strategy in POOLING:
        tier = [(a, m) for a, m in free if a.name in fit]
    else:
        tier = [(a, m) for a, m in free if fit.get(a.name) == lowest]
        if fit[name] > lowest:
            better = min((m.order, a.name) for a, m in tier)
            return f"agent {better[1]} was available at penalty {lowest}, below {fit[name]}"
    return _better_in_tier(queue, caller, name, tier)


def _better_in_tier(
    queue: Queue, caller: Caller, name: str, tier: list[tuple[Agent, Member]]
) -> str:
    if queue.strategy == "ringall":
        return ""
    untried = [(a, m) for a, m in tier if a.name not in caller.tried]
    if untried and name in caller.tried:
        return f"agent {untried[0][0].name} of the same tier had not been tried yet"
    order = ORDERS.get(queue.strategy)
    if order is None:
        return ""
    best = min(untried or tier, key=lambda pair: order(queue, *pair))[0].name
    return "" if best == name else f"{queue.strategy} puts agent {best} first"
