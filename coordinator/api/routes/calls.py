"""One caller: what happened and why, another priority, out of the line."""

from typing import Annotated

from fastapi import APIRouter, Query

from coordinator.api.auth import needs
from coordinator.api.problems import refusals
from coordinator.api.routes.common import CallId
from coordinator.api.schemas.calls import CallIn, CallMoved, CallOut, CallQuery, Why
from coordinator.api.schemas.common import Text
from coordinator.api.services import Here, Services
from coordinator.errors import Refused
from coordinator.history.queries import CallFilter, CallRecord
from coordinator.journal import Entry, stream_position
from coordinator.line.types import WaitingCaller
from coordinator.why import explain

router = APIRouter(prefix="/v1/calls", tags=["calls"])

#: How much of the journal before a call tells of who was ahead and who was busy.
BEFORE_MS = 3_600_000
#: Entries read for one explanation; an explanation is for people and may not cost more.
MOST_ENTRIES = 50_000
PAGE = 1_000


@router.get("", dependencies=[needs("read")], responses=refusals())
async def list_calls(which: Annotated[CallQuery, Query()], here: Here) -> list[CallOut]:
    """Calls of all times, the last to join first, without the agents rung for each."""
    records = await here.history.calls(CallFilter(**which.model_dump()))
    return [CallOut.of(record, None) for record in records]


@router.get("/{call_id}", dependencies=[needs("read")], responses=refusals("unknown_call"))
async def get_call(call_id: CallId, here: Here) -> CallOut:
    """A call as far as it has come, waiting, talking or over, with the agents rung for it."""
    live = await here.engine.caller(call_id)
    record = await here.history.call(call_id)
    if record is None and live is not None:
        record = _just_joined(live)
    if record is None:
        raise Refused("unknown_call", call_id=call_id)
    return CallOut.of(record, live)


@router.get("/{call_id}/why", dependencies=[needs("read")], responses=refusals("unknown_call"))
async def why(call_id: CallId, here: Here) -> Why:
    """Why it went as it went: who was ahead, who was rung, who was passed over, in sentences."""
    sentences = explain(await _entries_around(here, call_id), call_id)
    if not sentences:
        raise Refused("unknown_call", call_id=call_id)
    return Why(call_id=call_id, sentences=sentences)


@router.patch(
    "/{call_id}",
    dependencies=[needs("operate")],
    responses=refusals("unknown_call", "not_waiting"),
)
async def change_priority(call_id: CallId, body: CallIn, here: Here) -> CallMoved:
    """Another priority for a waiting caller; among equals it keeps its turn."""
    reply = await here.engine.change_priority(call_id, body.priority)
    position = int(reply.data["position"])
    return CallMoved(call_id=call_id, priority=body.priority, position=position)


@router.delete(
    "/{call_id}",
    dependencies=[needs("operate")],
    status_code=204,
    responses=refusals("unknown_call", "not_waiting"),
)
async def withdraw(call_id: CallId, here: Here, reason: Annotated[Text, Query()] = "") -> None:
    """Take a waiting caller out: it goes on in the dialplan with QUEUESTATUS WITHDRAW."""
    await here.engine.withdraw(call_id, reason)


def _just_joined(caller: WaitingCaller) -> CallRecord:
    """A caller whom the line has and history has not written down yet."""
    return CallRecord(
        call_id=caller.call_id,
        queue=caller.queue,
        box=caller.box,
        channel=caller.channel,
        caller_id_num=caller.caller_id_num,
        caller_id_name=caller.caller_id_name,
        priority=caller.priority,
        position=caller.position,
        joined_us=caller.joined_us,
        outcome=None,
        reason="",
        left_us=None,
        hold_us=None,
        agent=None,
        home=None,
        offer_id=None,
        answered_us=None,
        talk_us=None,
        completed_us=None,
        ended_by=None,
    )


async def _entries_around(here: Services, call_id: str) -> list[Entry]:
    """The journal from an hour before the call to its last entry (bounded)."""
    own = await here.history.journal_of(call_id)
    if not own:
        return []
    first, last = stream_position(own[0].id), stream_position(own[-1].id)
    after = f"{max(0, first[0] - BEFORE_MS)}-0"
    entries: list[Entry] = []
    while len(entries) < MOST_ENTRIES and (page := await here.history.journal(after, PAGE)):
        entries += [entry for entry in page if stream_position(entry.id) <= last]
        after = page[-1].id
        if stream_position(after) >= last:
            return entries
    # Too much happened meanwhile: its own entries still tell the outline.
    return entries if entries and stream_position(entries[-1].id) == last else own
