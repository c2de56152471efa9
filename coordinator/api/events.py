"""Server-sent events: the journal as it grows (WHATWG HTML, 9.2).

Each entry is one event; its id is the entry's, so a client that comes back with Last-Event-ID
goes on where it was. How far a client may fall behind is bounded twice: `history.live` keeps a
bounded mailbox for each, and a send that the client does not take within STUCK_S ends the
response. Either way it is cut off, and may resume.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncGenerator
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from coordinator.api.services import Services
from coordinator.errors import Refused
from coordinator.history.live import Dropped
from coordinator.journal import Entry
from coordinator.tasks import cancel, to_its_end

log = logging.getLogger(__name__)

EVENT_STREAM = "text/event-stream"

#: Seconds between comments: proxies drop silent connections. At each one
#: the token is looked at again, so a revoked one does not listen on.
HEARTBEAT_S = 10.0

#: Seconds until a client that takes nothing is cut off.
STUCK_S = 10.0

#: Milliseconds after which a client comes back.
RETRY_MS = 1000


class EventStream(StreamingResponse):
    """A response that gives up on a client which does not read."""

    media_type = EVENT_STREAM

    def __init__(self, content: AsyncGenerator[str, None]) -> None:
        # X-Accel-Buffering: nginx would otherwise hold events back.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(content, headers=headers)
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(STUCK_S):
                await send(message)

        async with contextlib.aclosing(self._content):
            try:
                await super().__call__(scope, receive, send_in_time)
            except (ClientDisconnect, TimeoutError):
                # Starlette makes the one of the other, or not, by the server's version.
                log.info("a client of /v1/events that does not read was cut off")


async def events(here: Services, secret: str, after: str | None) -> AsyncGenerator[str, None]:
    """The text of the stream, until the client is dropped or its token opens nothing."""
    yield f"retry: {RETRY_MS}\n\n"
    async with (
        contextlib.aclosing(here.live.follow(after)) as entries,
        contextlib.aclosing(_with_beats(entries)) as heard,
    ):
        try:
            async for entry in heard:
                if entry is None:
                    await to_its_end(here.tokens.check(secret))
                yield _event(entry) if entry else ": still here\n\n"
        except Dropped as dropped:
            yield f": cut off, {dropped.reason}\n\n"
        except Refused as refused:
            yield f": cut off, {refused.code}\n\n"


async def _with_beats(
    entries: AsyncGenerator[Entry, None],
) -> AsyncGenerator[Entry | None, None]:
    """The entries, and None every HEARTBEAT_S, however many entries there are."""
    now = asyncio.get_running_loop().time
    due = now() + HEARTBEAT_S
    while True:
        upcoming: asyncio.Task[Any] = asyncio.ensure_future(anext(entries))
        try:
            while now() >= due or not (await asyncio.wait({upcoming}, timeout=due - now()))[0]:
                due = now() + HEARTBEAT_S
                yield None
        finally:
            # To its end: the entries cannot be closed while one is still being waited for.
            await to_its_end(cancel([upcoming]))
        yield upcoming.result()


def _event(entry: Entry) -> str:
    data = json.dumps(entry.to_json(), ensure_ascii=False, separators=(",", ":"))
    return f"id: {entry.id}\nevent: {entry.type}\ndata: {data}\n\n"
