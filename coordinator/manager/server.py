"""The manager on TCP. Every client is bounded in what it may make us hold.

Before it is logged in: LOGIN_S to do so, and MOST_STRANGERS at a time. After: its actions are done
one after another, and no event comes into the middle of an answer, as in Asterisk; what waits to be
sent is bounded by MOST_BYTES for events and by STUCK_S for answers. Whoever does not read is cut
off with a line in the log and holds nobody else up.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from coordinator.manager.events import CLASS, Event
from coordinator.manager.feed import Feed
from coordinator.manager.filters import hears
from coordinator.manager.parts import Parts
from coordinator.manager.protocol import BANNER, Action, Headers, Reader, render
from coordinator.manager.session import Session
from coordinator.manager.users import Users
from coordinator.tasks import cancel

log = logging.getLogger(__name__)

#: Seconds a client has to log in, and how many may be about it (manager.conf: authtimeout, -limit).
LOGIN_S = 30.0
MOST_STRANGERS = 50

#: Bytes of events that may wait for a client.
MOST_BYTES = 4 * 1024 * 1024

#: Seconds in which a client must take a part of an answer.
STUCK_S = 10.0

#: Bytes taken from a client at once.
CHUNK = 16 * 1024


class Client:
    """One connection."""

    def __init__(
        self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.session = session
        self._reader, self._writer = reader, writer
        self._held: list[bytes] | None = None
        self._held_bytes = 0

    @property
    def name(self) -> str:
        """For the log."""
        user = self.session.user.name if self.session.user else "nobody yet"
        return f"{user} at {_address(self._writer)}"

    async def talk(self) -> None:
        """Until one of the two hangs up."""
        late = asyncio.get_running_loop().call_later(LOGIN_S, self._too_late)
        actions = Reader()
        try:
            self._writer.write(BANNER)
            while data := await self._reader.read(CHUNK):
                for action in list(actions.feed(data)):
                    if not await self._do(action):
                        return
        except OSError as error:
            log.debug("%s: %s", self.name, error)
        finally:
            late.cancel()

    async def _do(self, action: Action) -> bool:
        """Whether to go on. Events that come meanwhile follow the answer."""
        self._held = []
        answer = await self.session.answer(action)
        try:
            await self._send(answer.messages)
        except TimeoutError:
            self.cut_off("does not read its answers")
            return False
        held, self._held, self._held_bytes = self._held, None, 0
        self._writer.writelines(held)
        return not answer.closes

    async def _send(self, messages: Iterable[Headers]) -> None:
        """Message by message: a list of thousands goes out as it is read."""
        for message in messages:
            self._writer.write(render(message))
            async with asyncio.timeout(STUCK_S):
                await self._writer.drain()

    def deliver(self, data: bytes) -> None:
        """An event of our class, if it wants to hear it and has not gone."""
        if CLASS not in self.session.mask or self._writer.is_closing():
            return
        waiting = self._writer.transport.get_write_buffer_size() + self._held_bytes
        if waiting + len(data) > MOST_BYTES:
            self.cut_off("does not read its events")
        elif self._held is not None:
            self._held.append(data)
            self._held_bytes += len(data)
        else:
            self._writer.write(data)

    def cut_off(self, why: str) -> None:
        """At once: what it has not read is lost to it."""
        log.warning("the manager's client %s %s and is cut off", self.name, why)
        self.abort()

    def abort(self) -> None:
        """Breaks off, if it is not over."""
        self._writer.transport.abort()

    def _too_late(self) -> None:
        if self.session.user is None:
            self.cut_off(f"did not log in within {LOGIN_S:g} s")

    async def close(self) -> None:
        """After what was sent has gone out, or cannot."""
        self._writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(STUCK_S):
                await self._writer.wait_closed()


class Clients:
    """All who are connected."""

    def __init__(self, parts: Parts, users: Users) -> None:
        self.connected: set[Client] = set()
        self._parts = parts
        self._users = users
        self._tasks: set[asyncio.Task[None]] = set()

    def deliver(self, event: Event) -> None:
        """To all who hear it, written once."""
        message = event.message()
        data = render(message)
        for client in list(self.connected):
            user = client.session.user
            if user and hears(user.filters, message):
                client.deliver(data)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A new connection. Its task is ours: asyncio reports its own, cancelled, as failed."""
        client = Client(Session(self._parts, self._users, _address(writer)), reader, writer)
        task = asyncio.create_task(self._serve(client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, client: Client) -> None:
        strangers = sum(other.session.user is None for other in self.connected)
        if strangers >= MOST_STRANGERS:
            client.cut_off(f"came while {strangers} others were about to log in")
            return
        self.connected.add(client)
        try:
            await client.talk()
            await client.close()
        finally:
            client.abort()
            self.connected.discard(client)

    async def stop(self) -> None:
        """Hangs up on all."""
        await cancel(self._tasks.copy())


@asynccontextmanager
async def serving(listener: socket.socket, users: Users, parts: Parts) -> AsyncIterator[Clients]:
    """Answers on the socket as long as the block runs."""
    clients = Clients(parts, users)
    feed = Feed(parts, clients.deliver)
    await feed.begin()
    telling = asyncio.create_task(feed.run(), name="manager's events")
    tcp = await asyncio.start_server(clients.accept, sock=listener)
    log.info("the manager answers at %s:%s", *listener.getsockname()[:2])
    try:
        yield clients
    finally:
        tcp.close()
        await clients.stop()
        await cancel([telling])


def _address(writer: asyncio.StreamWriter) -> str:
    peer = writer.get_extra_info("peername")
    return str(peer[0]) if peer else "0.0.0.0"
