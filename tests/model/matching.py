"""The rule of who gets whom, written from the words of coordinator/README.md and nothing else."""

from collections.abc import Callable

from coordinator.protocol import Join
from tests.model.state import FREE, Agent, Caller, Member, Offer, Queue, State

#: (priority descending, rank, call id): smaller is nearer the head.
Place = tuple[int, int, str]


def place(caller: Caller) -> Place:
    """A caller's place among all callers of its queue, or of all queues of one weight."""
    return (-caller.priority, caller.rank, caller.call_id)


def line_of(state: State, queue: str) -> list[Caller]:
    """The callers in a queue, first to last. Who talks has left the line."""
    waiting = [c for c in state.callers.values() if c.queue == queue and not c.talking]
    return sorted(waiting, key=place)


def penalties_count(state: State, queue: str) -> bool:
    """Whether there are more members than penaltymemberslimit."""
    known = state.queues[queue]
    return len(known.members) > known.settings.penaltymemberslimit


def effective_penalty(state: State, member: Member, caller: Caller | Join) -> int:
    """The member's penalty for this caller: lifted to the caller's raise."""
    if not penalties_count(state, caller.queue):
        return 0
    if caller.raise_keeps_min and member.penalty < (caller.min_penalty or 0):
        return member.penalty
    return max(member.penalty, caller.raise_penalty or 0)


def admits(state: State, caller: Caller | Join, penalty: int) -> bool:
    """Whether the caller's penalty window admits this effective penalty."""
    if not penalties_count(state, caller.queue):
        return True
    low_enough = caller.max_penalty is None or penalty <= caller.max_penalty
    return low_enough and (caller.min_penalty is None or penalty >= caller.min_penalty)


def is_available(state: State, agent: Agent) -> bool:
    """Whether the agent could be rung now, by its own circumstances but for the device's use."""
    return (
        agent.logged_in
        and not agent.paused
        and state.box_attached(agent.home)
        and agent.offer is None
        and agent.stopping is None
        and agent.rest_until <= state.now
        and agent.wrapup_until <= state.now
    )


def may_be_rung(state: State, queue: Queue, member: Member) -> bool:
    """Whether this queue may ring its member now, if a caller's window admits it."""
    agent = state.agents[member.agent]
    own = member.settings.ringinuse
    rings_in_use = queue.settings.ringinuse if own is None else own
    idle = state.device_of(agent) in FREE
    return is_available(state, agent) and not member.paused and (idle or rings_in_use)


def is_open_for(state: State, caller: Caller, penalty: int) -> bool:
    """Whether the caller takes an agent of this effective penalty now."""
    if caller.talking or caller.overdue or not state.box_attached(caller.box):
        return False
    if not caller.offers:
        return True
    if caller.once:
        return False
    ringall = state.queues[caller.queue].settings.strategy == "ringall"
    rung_by_ringall = ringall and all(
        offer.state == "ringing" and offer.strategy == "ringall" for offer in caller.offers
    )
    return rung_by_ringall and penalty <= caller.tier


def candidates(state: State, caller: Caller) -> list[Member]:
    """The members this caller may be matched with now, in the order they were added."""
    queue = state.queues[caller.queue]
    members = [
        member
        for member in queue.members.values()
        if may_be_rung(state, queue, member)
        and not (caller.once and member.agent in caller.tried)
        and admits(state, caller, effective_penalty(state, member, caller))
        and is_open_for(state, caller, effective_penalty(state, member, caller))
    ]
    return sorted(members, key=lambda member: member.order)


def chosen(state: State, caller: Caller, members: list[Member]) -> list[Member]:
    """Who is rung for it now; in one pass ringall rings the whole tier at once, nobody later."""
    best = best_agent(state, caller, members)
    if not caller.once or state.queues[caller.queue].settings.strategy != "ringall":
        return [best]
    tier = effective_penalty(state, best, caller)
    beside = [m for m in members if effective_penalty(state, m, caller) == tier]
    return sorted(beside, key=lambda m: _order_of_ringall(state, caller, m))


def _order_of_ringall(state: State, caller: Caller, member: Member) -> tuple[int, int]:
    """By penalty, where penalties count, and then as they were added."""
    return member.penalty * penalties_count(state, caller.queue), member.order


def best_agent(state: State, caller: Caller, members: list[Member]) -> Member:
    """Whom of its candidates the caller gets: lowest tier, untried first, then the strategy."""
    queue = state.queues[caller.queue]
    lowest = min(effective_penalty(state, member, caller) for member in members)
    tier = [member for member in members if effective_penalty(state, member, caller) == lowest]
    if queue.settings.strategy == "wrandom":
        tier = members
    if queue.settings.strategy == "ringall":
        return by_strategy(state, queue, caller, tier)
    if all(m.agent in caller.tried for m in tier):
        caller.tried.clear()
    untried = [member for member in tier if member.agent not in caller.tried]
    return by_strategy(state, queue, caller, untried)


def by_strategy(state: State, queue: Queue, caller: Caller, members: list[Member]) -> Member:
    """The strategy's choice among members who are equal otherwise. `members` in member order."""
    strategy = queue.settings.strategy
    if strategy == "leastrecent":
        return min(members, key=lambda m: (state.agents[m.agent].last_call_us, m.order))
    if strategy == "fewestcalls":
        return min(members, key=lambda m: (m.calls, m.order))
    if strategy in ("rrmemory", "rrordered"):
        return min(members, key=lambda m: (m.order <= queue.rung_last, m.order))
    if strategy in ("random", "wrandom"):
        drawn = state.draw(caller.call_id, [member.agent for member in members])
        return next(member for member in members if member.agent == drawn)
    if strategy == "ringall":
        return min(members, key=lambda m: _order_of_ringall(state, caller, m))
    return members[0]


def ring(state: State, caller: Caller, member: Member, ring_us: int) -> None:
    """Make the offer."""
    queue = state.queues[caller.queue]
    penalty = effective_penalty(state, member, caller)
    caller.tier = min(caller.tier, penalty) if caller.offers else penalty
    offer = Offer(
        call_id=caller.call_id,
        agent=member.agent,
        queue=queue.name,
        box=caller.box,
        expires_us=state.now + ring_us + state.timing.offer_grace_us,
        strategy=queue.settings.strategy,
    )
    caller.offers.append(offer)
    caller.tried.add(member.agent)
    state.agents[member.agent].offer = offer
    queue.rung_last = member.order
    state.log("offer", caller.call_id, member.agent)


def settle(state: State, ring_us: Callable[[State, Caller], int]) -> None:
    """Repeat until nothing can be matched: the first caller of all pairs gets its best agent."""
    while not state.awaited:
        waiting = [c for c in state.callers.values() if not c.talking]
        matchable = [c for c in waiting if candidates(state, c)]
        if not matchable:
            return
        first = min(matchable, key=lambda c: (-state.queues[c.queue].settings.weight, place(c)))
        for member in chosen(state, first, candidates(state, first)):
            ring(state, first, member, ring_us(state, first))
