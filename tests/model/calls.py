"""How callers, offers and calls begin and end in the reference model. Nothing here matches."""

from collections.abc import Callable

from coordinator.protocol import Join
from tests.model import rules
from tests.model.state import SECOND, Agent, Box, Caller, Offer, State

#: Ways an offer ends after which the agent rests, so that nobody is rung in a loop.
RESTING = frozenset({"no_answer", "busy", "rejected", "failed", "expired"})

#: Outcomes by the line's own decision: the box is told to let the caller go on.
RELEASED = frozenset({"withdrawn", "leave_empty"})

#: A tier below any penalty: another agent has this caller, so nobody more is rung for it.
NOBODY_MORE = -1


def enter(state: State, box: Box, join: Join, rank: int, age_us: int) -> None:
    """A caller takes its place; the box's ranks only go up."""
    box.last_rank = max(box.last_rank, rank)
    caller = state.callers[join.call_id] = Caller(
        call_id=join.call_id,
        queue=join.queue,
        box=box.name,
        priority=join.priority,
        rank=rank,
        min_penalty=join.min_penalty,
        max_penalty=join.max_penalty,
        raise_penalty=join.raise_penalty,
        raise_keeps_min=join.raise_keeps_min,
        joined_us=state.now - age_us,
        taken_us=state.now,
        timeout_us=join.timeout * SECOND if join.timeout else None,
        conf=state.queues[join.queue].settings.timeoutpriority == "conf",
        once=join.once,
    )
    rules.begin(state, caller, join.rule)
    state.log("joined", join.call_id)


def newcomer(state: State, box: Box, join: Join, age_us: int, waited_us: int | None = None) -> None:
    """A caller without a ticket joins, at the position it asks for if that is better."""
    rank = box.last_rank = rank_for(state, box, age_us)
    waited_us = max(state.now - rank, 0) if waited_us is None else waited_us
    line = sorted((c for c in state.callers.values() if _beside(c, join)), key=_place)
    tail = sum(_place(c) < (-join.priority, rank, join.call_id) for c in line)
    higher = sum(c.priority > join.priority for c in line)
    index = max((join.position or len(line) + 1) - 1, higher)
    if index >= tail:
        enter(state, box, join, rank, waited_us)
        return
    followed = line[index]
    enter(state, box, join, _rank_between(state, line, index, join), waited_us)
    state.callers[join.call_id].taken_us = followed.taken_us


def _beside(caller: Caller, join: Join) -> bool:
    return caller.queue == join.queue and not caller.talking


def _place(caller: Caller) -> tuple[int, int, str]:
    return (-caller.priority, caller.rank, caller.call_id)


def _rank_between(state: State, line: list[Caller], index: int, join: Join) -> int:
    """Right ahead of line[index] and behind the one before, where others may have to make room."""
    before = _place(line[index - 1]) if index else (-join.priority - 1, 0, "")
    for rank in (line[index].rank - 1, line[index].rank):
        if before < (-join.priority, rank, join.call_id) < _place(line[index]):
            return rank
    rank = line[index - 1].rank + 1
    last = (-join.priority, rank, join.call_id)
    for caller in line[index:]:
        if _place(caller) > last:
            break
        caller.rank = last[1] + 1
        last = _place(caller)
        box = state.boxes[caller.box]
        box.last_rank = max(box.last_rank, caller.rank)
        state.last_ticket = max(state.last_ticket, caller.rank)
    return rank


def rank_for(state: State, box: Box, age_us: int) -> int:
    """The rank of a caller the box reports now: acceptance minus a believable age."""
    if box.floor_us >= 0:
        age_us = min(age_us, state.now - box.floor_us + state.timing.age_grace_us)
    rank = max(state.now - age_us, box.last_rank + 1)
    if state.last_ticket > state.now:
        rank = state.last_ticket = max(rank, state.last_ticket + 1)
    return rank


def depart(state: State, caller: Caller, outcome: str, told: bool = False) -> None:
    """A caller leaves the line without an agent; phones that ring for it are stopped.

    told: its box learns of it from the line, also where the outcome could be its own word.
    """
    for offer in list(caller.offers):
        stop(state, offer, "cancelled")
    del state.callers[caller.call_id]
    if told or outcome in RELEASED:
        state.boxes[caller.box].let_go.add(caller.call_id)
    state.log("left", caller.call_id, outcome)


def end_offer(state: State, offer: Offer, outcome: str) -> None:
    """An offer is over without a bridge. The caller never left its place."""
    agent = _part(state, offer)
    caller = state.callers[offer.call_id]
    caller.unanswered = caller.unanswered or outcome in ("no_answer", "expired")
    lost = outcome == "answered_elsewhere"
    if lost:
        caller.tier = NOBODY_MORE
    rests = outcome in RESTING or (lost and not caller.offers)
    if rests and offer.queue in state.queues:
        agent.rest_until = state.now + state.queues[offer.queue].settings.retry * SECOND
    state.log("ended", offer.call_id, offer.agent, outcome)


def stop(state: State, offer: Offer, outcome: str) -> None:
    """An offer is over because the line says so: the phone is told to stop ringing."""
    end_offer(state, offer, outcome)
    agent = state.agents[offer.agent]
    agent.stopping, agent.stopping_until = offer, state.now + SECOND


def stopped(state: State, over: Callable[[Agent, Offer], bool]) -> bool:
    """Phones that ring no more may ring anew. Whether there was any."""
    silent = [a for a in state.agents.values() if a.stopping and over(a, a.stopping)]
    for agent in silent:
        agent.stopping, agent.stopping_until = None, 0
    return bool(silent)


def claim(state: State, offer: Offer) -> None:
    """The agent's phone holds the claim: the other phones of a ringall stop."""
    for other in list(state.callers[offer.call_id].offers):
        if other is not offer:
            stop(state, other, "answered_elsewhere")
    offer.state = "claimed"


def bridge(state: State, offer: Offer) -> None:
    """Caller and agent talk: the caller has left the line, answered."""
    claim(state, offer)
    offer.state = "talking"
    state.agents[offer.agent].misses = 0
    state.log("left", offer.call_id, "answered")
    state.log("connected", offer.call_id, offer.agent)


def hang_up(state: State, offer: Offer, ended_by: str) -> None:
    """A connected call is over: it counts, and the agent wraps up: as the member, or the queue."""
    agent = _part(state, offer)
    del state.callers[offer.call_id]
    agent.last_call_us = state.now
    queue = state.queues.get(offer.queue)
    if queue:
        wrapup = queue.settings.wrapuptime
        if agent.name in queue.members:
            member = queue.members[agent.name]
            member.calls += 1
            own = member.settings.wrapuptime
            wrapup = wrapup if own is None else own
        agent.wrapup_until = state.now + wrapup * SECOND
    state.log("completed", offer.call_id, offer.agent, ended_by)


def _part(state: State, offer: Offer) -> Agent:
    """Caller and agent no longer hold this offer."""
    state.callers[offer.call_id].offers.remove(offer)
    agent = state.agents[offer.agent]
    agent.offer = None
    return agent
