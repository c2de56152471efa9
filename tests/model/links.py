"""Boxes in the reference model: links, leases, homes of phones, snapshots. Nothing here matches."""

from coordinator.line.types import Origin
from coordinator.protocol import LiveOffer, Snapshot, WaitingCall
from tests.model.calls import (
    bridge,
    depart,
    end_offer,
    enter,
    hang_up,
    newcomer,
    rank_for,
    stop,
)
from tests.model.state import NOT_REGISTERED, Agent, Box, Caller, Offer, State

OK = "ok"


def attach(state: State, name: str, link: str, instance: str, epoch: int, owner: str) -> str:
    """A new link of a box. Another live adapter of that box is not pushed aside."""
    box = state.boxes.setdefault(name, Box(name))
    alive = box.linked and state.now < box.heard_us + state.timing.lease_us
    if alive and box.instance != instance:
        return "box_already_linked"
    if box.instance == instance and epoch < box.epoch:
        return "stale_link"
    if box.linked and box.owner != owner:
        for other in state.boxes.values():
            if other.attached and other.owner == box.owner:
                await_return(state, other, resync=False)
    if (box.instance, box.epoch) != (instance, epoch) or box.fresh:
        box.seq, box.fresh = 0, True
    box.link, box.instance, box.epoch, box.owner = link, instance, epoch, owner
    box.linked = True
    _hear(state, box)
    return OK


def admit(state: State, origin: Origin, is_snapshot: bool = False) -> str:
    """Whether an event counts: right link, next in sequence, and a snapshot first of all."""
    box = state.boxes.get(origin.box)
    if box is None:
        return "unknown_box"
    if origin.link != box.link:
        return "stale_link"
    if origin.seq <= box.seq:
        return "duplicate"
    if origin.seq > box.seq + 1:
        return "out_of_sequence"
    if box.fresh and not is_snapshot:
        return "snapshot_required"
    box.seq = origin.seq
    _hear(state, box)
    return OK


def heartbeat(state: State, name: str, link: str) -> str:
    """The link lives, and whatever the adapter had kept back is in."""
    box = state.boxes.get(name)
    if box is None:
        return "unknown_box"
    if box.link != link:
        return "stale_link"
    _hear(state, box)
    if not box.fresh:
        box.floor_us = state.now
        state.awaited.discard(name)
    return OK


def unlink(state: State, name: str, link: str) -> str:
    """The link broke. The lease runs on, and what was under way is still taken."""
    box = state.boxes.get(name)
    if box is None:
        return "unknown_box"
    if box.link != link:
        return "stale_link"
    box.linked = False
    return OK


def await_return(state: State, box: Box, resync: bool) -> None:
    """For at most a lease nothing is decided until the box is in touch again."""
    box.fresh = box.fresh or resync
    box.due_us = state.now + state.timing.lease_us
    state.hold_until = state.now + state.timing.lease_us
    state.awaited.add(box.name)


def detach(state: State, box: Box) -> None:
    """The lease is over: callers are passed over, agents unavailable; offers run on."""
    box.attached, box.fresh = False, True
    box.due_us += state.timing.detach_timeout_us
    state.log("detached", box.name)
    for agent in [a for a in state.agents.values() if a.home == box.name]:
        agent.home = _other_home(state, agent.phone) or box.name


def lose(state: State, box: Box) -> None:
    """The detach timeout is over: the box's callers are lost."""
    box.due_us = 0
    for caller in [c for c in state.callers.values() if c.box == box.name]:
        if caller.talking:
            hang_up(state, caller.offers[0], "lost")
        else:
            depart(state, caller, "box_lost")


def report_device(state: State, box: Box, interface: str, device: str) -> None:
    """A box says how a device is; the home of the agents it tells of may change by that."""
    was = box.devices.get(interface, "UNAVAILABLE")
    box.devices[interface] = device
    for agent in [a for a in state.agents.values() if a.phone == interface]:
        homeless = not state.box_attached(agent.home)
        if device not in NOT_REGISTERED and (was in NOT_REGISTERED or homeless):
            agent.home = box.name
        if device in NOT_REGISTERED and agent.home == box.name:
            find_home(state, agent)


def find_home(state: State, agent: Agent) -> None:
    """A phone becomes an agent's: where it was while it was nobody's does not count."""
    agent.home = _other_home(state, agent.phone)


def reconcile(state: State, box: Box, snapshot: Snapshot) -> None:
    """The callers, offers and devices of the snapshot are the truth about the box."""
    for interface in [i for i in box.devices if i not in snapshot.devices]:
        report_device(state, box, interface, "INVALID")
    for interface, device in snapshot.devices.items():
        report_device(state, box, interface, device)
    _reconcile_offers(state, box, snapshot)
    talks = {offer.call_id: offer for offer in snapshot.offers if offer.talking}
    present = {call.join.call_id for call in snapshot.calls} | set(talks)
    for caller in [c for c in state.callers.values() if c.box == box.name and not c.talking]:
        if caller.call_id not in present:
            depart(state, caller, "abandoned")

    def moment(call: WaitingCall) -> tuple[bool, int, str]:
        joined = state.now - call.age_us if call.rank is None else call.rank
        return (call.rank is None, joined, call.join.call_id)

    highest = 0
    let_go, box.let_go = box.let_go, set()
    for call in sorted(snapshot.calls, key=moment):
        talk = talks.get(call.join.call_id)
        elsewhere = talk and not _can_have(state, talk)
        unknown = call.join.call_id not in state.callers and call.join.queue in state.queues
        if unknown and call.join.call_id in let_go:
            box.let_go.add(call.join.call_id)  # it is told so again
            continue
        if unknown and not elsewhere:
            if call.rank is None:
                newcomer(state, box, call.join, call.age_us, waited_us=call.age_us)
                continue
            state.last_ticket = max(state.last_ticket, call.rank)
            enter(state, box, call.join, call.rank, call.age_us)
            state.callers[call.join.call_id].taken_us = -1
            highest = max(highest, call.rank)
    if highest > state.now:
        _line_up_behind(state, highest)
    for talk in talks.values():
        served = state.callers.get(talk.call_id)
        if served and served.box == box.name and not served.talking:
            _take_over(state, served, talk)
    box.attached, box.fresh = True, False
    _hear(state, box)


def _reconcile_offers(state: State, box: Box, snapshot: Snapshot) -> None:
    live = {offer.offer_id: offer for offer in snapshot.offers}
    for offer in [o for o in state.offers() if o.box == box.name]:
        seen = live.get(offer.offer_id)
        if seen is None or seen.fence != offer.fence:
            _end_unseen(state, offer)
            continue
        offer.heard = True
        if seen.talking and offer.state != "talking":
            bridge(state, offer)


def _can_have(state: State, talk: LiveOffer) -> bool:
    """Whether the agent of a talk that is not the line's talks with nobody else."""
    agent = state.agents.get(talk.agent)
    return agent is not None and (agent.offer is None or agent.offer.state == "ringing")


def _take_over(state: State, caller: Caller, talk: LiveOffer) -> None:
    """A talk that the line had given up, or lost; else its caller waits no longer."""
    for other in list(caller.offers):
        stop(state, other, "cancelled")
    if not _can_have(state, talk):
        depart(state, caller, "redirected")
        return
    offer = Offer(caller.call_id, talk.agent, caller.queue, caller.box, 0, "")
    offer.offer_id, offer.fence = talk.offer_id, talk.fence
    agent = state.agents[talk.agent]
    if agent.offer:
        stop(state, agent.offer, "cancelled")
    agent.stopping, agent.stopping_until = None, 0
    agent.offer, agent.rest_until, agent.wrapup_until = offer, 0, 0
    caller.offers.append(offer)
    bridge(state, offer)


def _end_unseen(state: State, offer: Offer) -> None:
    if offer.state == "talking":
        hang_up(state, offer, "lost")
    elif offer.heard or offer.state != "ringing":
        end_offer(state, offer, "failed")
    else:
        end_offer(state, offer, "cancelled")
        state.callers[offer.call_id].tried.discard(offer.agent)


def _line_up_behind(state: State, ticket: int) -> None:
    """The ticket is ahead of the clock: who was ranked since this Redis began came later."""
    late = [
        caller
        for caller in state.callers.values()
        if caller.taken_us >= state.run_us and not caller.talking and caller.rank < ticket
    ]
    for caller in sorted(late, key=lambda c: (c.rank, c.call_id)):
        caller.rank = rank_for(state, state.boxes[caller.box], 0)
        state.boxes[caller.box].last_rank = caller.rank


def _other_home(state: State, interface: str) -> str:
    """Another box that still reports the device registered, first by name."""
    for name in sorted(state.boxes):
        box = state.boxes[name]
        if box.attached and box.devices.get(interface, "UNAVAILABLE") not in NOT_REGISTERED:
            return name
    return ""


def _hear(state: State, box: Box) -> None:
    """The link lives; so does the box, unless it owes a snapshot."""
    box.heard_us = state.now
    if box.attached and not box.fresh:
        box.due_us = state.now + state.timing.lease_us
