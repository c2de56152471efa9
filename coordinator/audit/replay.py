"""Applying one entry to the world (I8): a table from entry type to what it changes. Pure.

Nothing here judges: an entry that does not fit (the rules have said so by then) changes what it
can and raises nothing, so that one fault does not hide the next.
"""

from collections.abc import Callable

from coordinator.audit.world import EXCLUSIVE, Agent, Caller, Member, Offer, Queue, World
from coordinator.journal import NEVER_RUNG, Entry, stream_position


def apply(world: World, entry: Entry) -> None:
    """Make the entry's change. Types that change nothing the rules look at are passed over."""
    change = CHANGES.get(entry.type)
    if change is not None:
        change(world, entry)
    world.last_id = stream_position(entry.id)
    world.last_us = entry.at_us


def _joined(world: World, entry: Entry) -> None:
    data = entry.data
    known = world.caller(data["call_id"])
    if known:
        world.step_out(known)
    caller = Caller(data["call_id"], data["queue"], data["box"], data["priority"], data["rank"])
    _admit(caller, entry)
    caller.once = bool(data.get("once"))
    if known:
        caller.offers = known.offers
        caller.tried = set() if caller.once else known.tried
    world.callers[caller.call_id] = caller
    world.stand(caller)
    world.seen.add(caller.call_id)
    live = data["by"] == "join" and "placed" not in data
    for last in (world.last_rank, *((world.last_join,) if live else ())):
        last[caller.box] = max(last.get(caller.box, 0), caller.rank)


def _admit(caller: Caller, entry: Entry) -> None:
    """Its penalty window from now on."""
    caller.min_penalty = entry.data.get("min_penalty")
    caller.max_penalty = entry.data.get("max_penalty")
    caller.raise_penalty = entry.data.get("raise_penalty")
    caller.keeps_min = bool(entry.data.get("keeps_min"))


def _window(world: World, entry: Entry) -> None:
    caller = world.caller(entry.data["call_id"])
    if caller:
        _admit(caller, entry)


def _refused(world: World, entry: Entry) -> None:
    world.seen.add(entry.data["call_id"])


def _moved(world: World, entry: Entry) -> None:
    caller = world.caller(entry.data["call_id"])
    if caller:
        world.step_out(caller)
        caller.priority, caller.rank = entry.data["priority"], entry.data["rank"]
        world.stand(caller)
        world.last_rank[caller.box] = max(world.last_rank.get(caller.box, 0), caller.rank)


def _left(world: World, entry: Entry) -> None:
    caller = world.caller(entry.data["call_id"])
    if caller is None:
        return
    world.step_out(caller)
    caller.in_line = False
    if entry.data["outcome"] == "answered":
        world.unsettled[caller.call_id] = entry.id
    if not caller.offers:
        del world.callers[caller.call_id]


def _overdue(world: World, entry: Entry) -> None:
    caller = world.caller(entry.data["call_id"])
    if caller:
        caller.tier = EXCLUSIVE


def _detached(world: World, entry: Entry) -> None:
    caller = world.caller(entry.data["call_id"])
    if caller:
        caller.detached = True


def _attached(world: World, entry: Entry) -> None:
    caller = world.caller(entry.data["call_id"])
    if caller:
        caller.detached = False
        _begin_anew(world, caller)


def agent_of(world: World, name: str) -> Agent:
    """The agent by this name, known from now on."""
    return world.agents.setdefault(name, Agent(name))


def _take(world: World, offer: Offer) -> None:
    """An offer begins to hold its agent and its caller."""
    world.offers[offer.offer_id] = offer
    agent = agent_of(world, offer.agent)
    agent.holds[offer.offer_id] = offer
    world.refresh(agent)
    caller = world.callers.get(offer.call_id)
    if caller:
        caller.offers[offer.offer_id] = offer


def _release(world: World, offer: Offer, state: str) -> None:
    """An offer or call no longer holds anybody; the agent falls to `state`."""
    world.offers.pop(offer.offer_id, None)
    agent = agent_of(world, offer.agent)
    agent.holds.pop(offer.offer_id, None)
    agent.state = state
    world.refresh(agent)
    caller = world.callers.get(offer.call_id)
    if caller:
        caller.offers.pop(offer.offer_id, None)
        if not caller.in_line and not caller.offers:
            del world.callers[caller.call_id]


def _offered(world: World, entry: Entry) -> None:
    data = entry.data
    offer = Offer(
        data["offer_id"], data["call_id"], data["queue"], data["agent"], data["fence"],
        data["penalty"],
    )  # fmt: skip
    world.last_fence = max(world.last_fence, offer.fence)
    caller = world.caller(offer.call_id)
    member = world.member(caller, offer.agent) if caller else None
    if caller:
        if offer.agent in caller.tried and data["strategy"] != "ringall":
            caller.tried.clear()  # all of the tier had been tried: they are forgotten
        caller.tried.add(offer.agent)
        tier = offer.penalty if data["strategy"] == "ringall" else EXCLUSIVE
        caller.tier = min(caller.tier, tier) if caller.offers else tier
    if member:
        world.queues[offer.queue].rung = member.order
    _take(world, offer)


def _offer_ended(world: World, entry: Entry) -> None:
    data = entry.data
    if data["outcome"] == "answered":
        _adopted(world, entry).state = "answered"
    elif data["offer_id"] in world.offers:
        _release(world, world.offers[data["offer_id"]], data["agent_state"])
        caller = world.caller(data["call_id"])
        if caller and data.get("reason") == NEVER_RUNG:
            caller.tried.discard(data["agent"])
        if caller and data["outcome"] == "answered_elsewhere":
            caller.tier = EXCLUSIVE  # one of those who ring on has it
        if caller:
            _begin_anew(world, caller)


def _begin_anew(world: World, caller: Caller) -> None:
    """While the line is held nobody can be seen to be there: no pass ends by that."""
    if world.held and caller.once and not caller.detached and not caller.offers:
        caller.tried.clear()


def _claimed(world: World, entry: Entry) -> None:
    offer = world.offers.get(entry.data["offer_id"])
    if offer:
        offer.state = "claimed"


def _adopted(world: World, entry: Entry) -> Offer:
    """The offer; one not made here was found by a snapshot after the line was lost."""
    data = entry.data
    if data["offer_id"] not in world.offers:
        offer = Offer(
            data["offer_id"], data["call_id"], data["queue"], data["agent"], data["fence"], 0,
            adopted=True,
        )  # fmt: skip
        world.last_fence = max(world.last_fence, offer.fence)
        _take(world, offer)
    return world.offers[data["offer_id"]]


def _connected(world: World, entry: Entry) -> None:
    world.unsettled.pop(entry.data["call_id"], None)
    _adopted(world, entry).state = "connected"


def _completed(world: World, entry: Entry) -> None:
    data = entry.data
    offer = world.offers.get(data["offer_id"])
    if offer is None:
        return
    agent_of(world, offer.agent).last_call_us = entry.at_us
    queue = world.queues.get(offer.queue)
    if queue:
        queue.completed[offer.agent] = queue.completed.get(offer.agent, 0) + 1
    _release(world, offer, data["agent_state"])


def _agent_state(world: World, entry: Entry) -> None:
    agent = agent_of(world, entry.data["agent"])
    agent.state, agent.home = entry.data["state"], entry.data["home"]
    world.refresh(agent)


def _agent_changed(world: World, entry: Entry) -> None:
    """A person's end of all pauses ends those of single queues too."""
    agent, data = str(entry.data["agent"]), entry.data
    if data["change"] == "unpause" and data.get("by") != "directory":
        for queue in world.queues.values():
            if agent in queue.members:
                queue.members[agent].paused = False


def _member(world: World, entry: Entry) -> None:
    data = entry.data
    queue = world.queues.setdefault(data["queue"], Queue(data["queue"]))
    if data["removed"]:
        queue.members.pop(data["agent"], None)
        queue.completed.pop(data["agent"], None)
        return
    known = queue.members.get(data["agent"], Member(0, len(queue.members)))
    own = data.get("ringinuse")
    queue.members[data["agent"]] = Member(
        data.get("penalty", known.penalty),
        data.get("order", known.order),
        paused=bool(data.get("member_paused")),
        ringinuse=None if own is None else bool(own),
    )


def _queue(world: World, entry: Entry) -> None:
    data = entry.data
    if data["removed"]:
        world.queues.pop(data["queue"], None)
        world.waiting_queues.discard(data["queue"])
        return
    queue = world.queues.setdefault(data["queue"], Queue(data["queue"]))
    queue.strategy = data.get("strategy", queue.strategy)
    queue.weight = data.get("weight", queue.weight)
    queue.penalty_members_limit = data.get("penalty_members_limit", queue.penalty_members_limit)
    queue.ringinuse = bool(data.get("ringinuse", queue.ringinuse))


def _reset(world: World, entry: Entry) -> None:
    queue = world.queues.get(entry.data["queue"])
    if queue:
        queue.completed.clear()


def _hold(world: World, entry: Entry) -> None:
    world.held = entry.type == "line.held"


CHANGES: dict[str, Callable[[World, Entry], None]] = {
    "caller.joined": _joined,
    "caller.refused": _refused,
    "caller.moved": _moved,
    "caller.window": _window,
    "caller.left": _left,
    "caller.overdue": _overdue,
    "caller.detached": _detached,
    "caller.attached": _attached,
    "offer.made": _offered,
    "offer.claimed": _claimed,
    "offer.ended": _offer_ended,
    "call.connected": _connected,
    "call.completed": _completed,
    "agent.state": _agent_state,
    "agent.changed": _agent_changed,
    "member.changed": _member,
    "queue.changed": _queue,
    "queue.reset": _reset,
    "line.held": _hold,
    "line.resumed": _hold,
}
