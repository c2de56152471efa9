"""A coordinator on loopback that speaks the protocol and decides what the test tells it to."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from coordinator.protocol import (
    UPSTREAM,
    Ack,
    Ask,
    Change,
    Changed,
    Command,
    CommandFrame,
    DeviceState,
    Done,
    EventFrame,
    Heartbeat,
    Hello,
    Lamps,
    Look,
    Seen,
    Ticket,
    Told,
    Welcome,
)

T = TypeVar("T", Hello, EventFrame, Done, Heartbeat, Ask, Change, Look)


@dataclass
class Linked:
    """One WebSocket of an adapter."""

    socket: ServerConnection
    hello: Hello
    beats: int = 0
    events: list[EventFrame] = field(default_factory=list)

    async def welcome(self, seq: int = 0, heartbeat_s: float = 10.0) -> None:
        """Says up to which event the line has all."""
        await self._send(Welcome(seq=seq, heartbeat_s=heartbeat_s).model_dump_json())

    async def event(self, *, ack: bool = True, code: str = "ok", detail: str = "",
                    ticket: Ticket | None = None) -> EventFrame:  # fmt: skip
        """The next event, acked."""
        frame = await self._next(EventFrame)
        self.events.append(frame)
        if ack:
            answer = Ack(seq=frame.seq, code=code, detail=detail, ticket=ticket)
            await self._send(answer.model_dump_json())
        return frame

    async def ack(self, seq: int, ticket: Ticket | None = None) -> None:
        """Takes an event."""
        await self._send(Ack(seq=seq, ticket=ticket).model_dump_json())

    async def command(self, command_id: str, command: Command) -> None:
        """Sends a command."""
        await self._send(CommandFrame(id=command_id, command=command).model_dump_json())

    async def done(self) -> str:
        """The id of the next command done."""
        return (await self._next(Done)).id

    async def asked(self) -> Ask:
        """The next ask."""
        return await self._next(Ask)

    async def tells(self, told: Told) -> None:
        """Answers an ask."""
        await self._send(told.model_dump_json())

    async def change(self) -> Change:
        """The next change by phone."""
        return await self._next(Change)

    async def changed(self, changed: Changed) -> None:
        """Says what came of a change."""
        await self._send(changed.model_dump_json())

    async def look(self) -> Look:
        """The next look of a dialplan."""
        return await self._next(Look)

    async def seen(self, seen: Seen) -> None:
        """Answers a look."""
        await self._send(seen.model_dump_json())

    async def lamps(self, states: Mapping[str, DeviceState], *, complete: bool = False) -> None:
        """Says what lamps show, named without `Queue:`."""
        named = {f"Queue:{name}": state for name, state in states.items()}
        await self._send(Lamps(states=named, complete=complete).model_dump_json())

    async def beat(self) -> None:
        """Waits for a heartbeat."""
        await self._next(Heartbeat)

    async def close(self, code: int, reason: str = "") -> None:
        """Ends the link with a close code."""
        await self.socket.close(code, reason)

    async def ended(self) -> None:
        """Waits until the adapter has closed."""
        await self.socket.wait_closed()

    async def _next(self, kind: type[T]) -> T:
        while True:
            frame = UPSTREAM.validate_json(await self.socket.recv(decode=False))
            if isinstance(frame, kind):
                return frame
            assert isinstance(frame, Heartbeat | Done | Ask | Change | Look), f"unexpected {frame}"

    async def _send(self, text: str) -> None:
        await self.socket.send(text)


class Coordinator:
    """Where adapters link to."""

    def __init__(self, arrived: asyncio.Queue[Linked]) -> None:
        self._arrived = arrived
        self.port = 0
        self.paths: list[str] = []
        self.tokens: list[str] = []
        #: An HTTP status every upgrade is refused with.
        self.refuse: HTTPStatus | None = None
        self.tries = 0

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    async def accept(self, seq: int = 0, heartbeat_s: float = 10.0) -> Linked:
        """The next link, welcomed."""
        link = await self.arrival()
        await link.welcome(seq, heartbeat_s)
        return link

    async def arrival(self) -> Linked:
        """The next link, after its hello."""
        return await self._arrived.get()


@asynccontextmanager
async def coordinator() -> AsyncIterator[Coordinator]:
    """A coordinator on a free port."""
    arrived: asyncio.Queue[Linked] = asyncio.Queue()
    here = Coordinator(arrived)

    async def connected(socket: ServerConnection) -> None:
        hello = UPSTREAM.validate_json(await socket.recv(decode=False))
        assert isinstance(hello, Hello)
        await arrived.put(Linked(socket, hello))
        await socket.wait_closed()

    def upgrade(socket: ServerConnection, request: Request) -> Response | None:
        here.tries += 1
        here.paths.append(request.path)
        here.tokens.append(request.headers["Authorization"])
        return socket.respond(here.refuse, "no") if here.refuse else None

    async with serve(
        connected, "127.0.0.1", 0, process_request=upgrade, compression=None
    ) as server:
        here.port = next(iter(server.sockets)).getsockname()[1]
        yield here
