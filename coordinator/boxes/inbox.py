"""Events of a box → transitions of the line, and what to answer.

The line checks link, sequence and fence in the step that takes the event (I7), so nothing is
checked twice here: two replicas, a late frame and a repeated one all meet the same test.
"""

from typing import assert_never

from coordinator.errors import REFUSALS, Refused
from coordinator.line.engine import Engine
from coordinator.line.types import Origin, Reply
from coordinator.protocol import (
    Ack,
    Answer,
    Complete,
    Connect,
    Device,
    EventFrame,
    Join,
    Leave,
    Logged,
    OfferEnded,
    Replaced,
    Snapshot,
    Ticket,
    Transferred,
)

Event = (
    Join | Leave | Answer | Connect | OfferEnded | Complete | Replaced | Transferred | Logged
    | Device | Snapshot
)  # fmt: skip


async def take(engine: Engine, origin: Origin, event: Event) -> Reply:
    """Makes the transition the event stands for."""
    match event:
        case Join():
            return await engine.join(origin, event)
        case Leave():
            return await engine.leave(origin, event.call_id, event.outcome, event.reason)
        case Answer():
            return await engine.answer(origin, event.offer_id, event.fence)
        case Connect():
            return await engine.connect(origin, event.offer_id, event.fence)
        case OfferEnded():
            offer = (event.offer_id, event.fence)
            return await engine.offer_ended(origin, *offer, event.outcome, event.reason)
        case Complete():
            offer = (event.offer_id, event.fence)
            return await engine.complete(origin, *offer, event.ended_by, event.transfer)
        case Replaced():
            return await engine.replaced(origin, event)
        case Transferred():
            return await engine.transferred(origin, event.interface, event.transfer)
        case Logged():
            return await engine.logged(origin, event)
        case Device():
            return await engine.device(origin, event.interface, event.state)
        case Snapshot():
            return await engine.snapshot(origin, event)
        case _:
            assert_never(event)


def answer(origin: Origin, event: Event, reply: Reply) -> Ack:
    """What the adapter is told of an event that was taken, or refused for good."""
    detail = _sentence(reply, origin, event) if reply.code in REFUSALS else ""
    ticket = _ticket(event, reply) if isinstance(event, Join) else None
    position = int(reply.data["position"]) if isinstance(event, Leave) and reply.data else 0
    return Ack(seq=origin.seq, code=reply.code, detail=detail, ticket=ticket, position=position)


def origin_of(frame: EventFrame, box: str, link: str) -> Origin:
    """Where the frame's event comes from."""
    return Origin(box=box, link=link, seq=frame.seq, age_us=frame.age_us)


def _sentence(reply: Reply, origin: Origin, event: Event) -> str:
    return Refused(reply.code, **{"box": origin.box, **dict(event), **reply.data}).sentence


def _ticket(join: Join, reply: Reply) -> Ticket | None:
    """The caller's place; a join whose ack was lost on the way is told its place again."""
    if "rank" not in reply.data:
        return None
    place = {name: int(reply.data[name]) for name in ("priority", "rank", "position")}
    return Ticket(call_id=join.call_id, **place)
