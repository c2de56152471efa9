"""Server-sent events: the journal as it grows (WHATWG HTML, 9.2).

Each entry is one event; its id is the entry's, so a client that comes back with Last-Event-ID
goes on where it was. How far a client may fall behind is bounded twice: `history.live` keeps a
bounded mailbox for each, and a send that the client does not take within STUCK_S ends the
response. Either way it is cut off, and may resume.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from coordinator.api.services import Services
from coordinator.errors import Refused
from coordinator.history.live import Dropped
from coordinator.journal import Entry

EVENT_STREAM = "text/event-stream"

#: Seconds between comments while nothing happens: proxies drop silent connections. At each one
#: the token is looked at again, so a revoked one does not listen on.
HEARTBEAT_S = 10.0

#: Seconds until a client that takes nothing is cut off.
STUCK_S = 10.0

#: Milliseconds after which a client comes back.
RETRY_MS = 1000


class EventStream(StreamingResponse):
    """A response that gives up on a client which does not read."""

    media_type = EVENT_STREAM

    def __init__(self, content: AsyncIterator[str]) -> None:
        # X-Accel-Buffering: nginx would otherwise hold events back.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(content, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(STUCK_S):
                await send(message)

        with contextlib.suppress(TimeoutError):
            await super().__call__(scope, receive, send_in_time)


async def events(here: Services, secret: str, after: str | None) -> AsyncIterator[str]:
    """The text of the stream, until the client is dropped or its token opens nothing."""
    yield f"retry: {RETRY_MS}\n\n"
    entries = here.live.follow(after)
    upcoming = asyncio.ensure_future(anext(entries))
    try:
        while True:
            done, _ = await asyncio.wait({upcoming}, timeout=HEARTBEAT_S)
            if done:
                yield _event(upcoming.result())
                upcoming = asyncio.ensure_future(anext(entries))
            else:
                await here.tokens.check(secret)
                yield ": still here\n\n"
    except Dropped as dropped:
        yield f": cut off, {dropped.reason}\n\n"
    except Refused as refused:
        yield f": cut off, {refused.code}\n\n"
    finally:
        upcoming.cancel()
        with contextlib.suppress(asyncio.CancelledError, Dropped):
            await upcoming


def _event(entry: Entry) -> str:
    data = json.dumps(entry.to_json(), ensure_ascii=False, separators=(",", ":"))
    return f"id: {entry.id}\nevent: {entry.type}\ndata: {data}\n\n"
