"""The journal, by pages and as it grows."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from coordinator.api.auth import Credentials, needs
from coordinator.api.events import EVENT_STREAM, EventStream, events
from coordinator.api.problems import example, refusals
from coordinator.api.services import Here

router = APIRouter(prefix="/v1", tags=["journal"])

MOST_ENTRIES = 10_000
#: Milliseconds, then a count. Both fit SQL's signed 64 bits, as every id the line gives does.
ENTRY_ID = r"^[0-9]{1,18}(-[0-9]{1,18})?$"
EntryId = Annotated[str, Query(pattern=ENTRY_ID, examples=["1763848134123-0"])]

_ENTRY = {
    "id": "1763848134123-0", "at_us": 1763848134123456, "type": "caller.left", "queue": "sales",
    "call_id": "a-1763848134.7-1", "box": "a", "outcome": "abandoned", "position": 3,
    "wait_us": 42700000, "by": "box",
}  # fmt: skip
_LINES = f"id: {_ENTRY['id']}\nevent: {_ENTRY['type']}\ndata: {json.dumps(_ENTRY)}\n\n"


@router.get(
    "/journal",
    dependencies=[needs("read")],
    responses=example("application/json", [_ENTRY]) | refusals(),
)
async def journal(
    here: Here,
    after: EntryId = "0",
    limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES)] = 1000,
) -> list[dict[str, Any]]:
    """Entries after that id, in order. Go on with the id of the last one."""
    return [entry.to_json() for entry in await here.history.journal(after, limit)]


@router.get(
    "/events",
    dependencies=[needs("read")],
    response_class=EventStream,
    status_code=200,
    responses=example(EVENT_STREAM, _LINES) | refusals(),
)
async def live_events(
    here: Here,
    credentials: Credentials,
    after: EntryId | None = None,
    last_event_id: Annotated[str | None, Header(pattern=ENTRY_ID)] = None,
) -> StreamingResponse:
    """The journal as server-sent events, from now on or after an id.

    Come back with Last-Event-ID (or `after`) and nothing is missed. A client that does not keep
    up is cut off, and may come back.
    """
    secret = credentials.credentials if credentials else ""
    return EventStream(events(here, secret, last_event_id or after))
