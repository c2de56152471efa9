"""The WebSocket to the coordinator: events up, commands down, again and again.

A link belongs to one epoch (coordinator/protocol). It reconnects by itself, trying the replicas in
turn, and resumes where the welcome says. It ends, with Broken, only when the epoch cannot go on:
the coordinator asks for a snapshot, or what it lacks is not kept here.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from ami_adapter.backoff import Backoff
from ami_adapter.outbox import Broken, Outbox
from ami_adapter.settings import Settings
from coordinator.protocol import (
    CLOSE_ALREADY_LINKED,
    CLOSE_BAD_FRAME,
    CLOSE_OUT_OF_SEQUENCE,
    CLOSE_RESYNC,
    CLOSE_STALE,
    CLOSE_UNAUTHORIZED,
    CLOSE_UNAVAILABLE,
    CLOSE_WRONG_BOX,
    DOWNSTREAM,
    MAX_FRAME,
    Ack,
    Ask,
    Change,
    Changed,
    CommandFrame,
    Done,
    Downward,
    Event,
    Heartbeat,
    Hello,
    Lamps,
    Look,
    Seen,
    Told,
    Welcome,
)

log = logging.getLogger(__name__)

#: How long the coordinator may take to answer a goodbye, s. A new epoch waits for it.
PARTING_S = 0.5

HEARTBEAT: Final = Heartbeat().model_dump_json()

#: RFC 6455, 7.4.1.
CLOSE_ABNORMAL = 1006
CLOSE_TOO_BIG = 1009

#: What to do after an end. "again": after a pause. "resync": a new epoch. "refused": only the
#: operator can mend it, so try again slowly. "taken": another link of this box lives; its lease
#: passes within seconds if its adapter is gone.
Course = Literal["again", "resync", "refused", "taken"]

AFTER_CLOSE: Final[dict[int, Course]] = {
    CLOSE_RESYNC: "resync",
    # The same frame would be refused for ever; a snapshot says it in other words.
    CLOSE_BAD_FRAME: "resync",
    CLOSE_UNAUTHORIZED: "refused",
    CLOSE_WRONG_BOX: "refused",
    CLOSE_ALREADY_LINKED: "taken",
    CLOSE_STALE: "taken",
    CLOSE_OUT_OF_SEQUENCE: "again",
    CLOSE_UNAVAILABLE: "again",
    CLOSE_TOO_BIG: "refused",
}

#: The same for an upgrade that was answered with an HTTP status.
AFTER_STATUS: Final[dict[int, Course]] = {
    400: "refused",
    401: "refused",
    403: "refused",
    404: "refused",
    409: "taken",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How one WebSocket ended."""

    course: Course
    reason: str


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the link tells the epoch. All are called in order, in the loop, and must not block."""

    command: Callable[[CommandFrame], None]
    ack: Callable[[Ack, Event], None]
    told: Callable[[Told], None]
    changed: Callable[[Changed], None]
    seen: Callable[[Seen], None]
    lamps: Callable[[Lamps], None]
    #: True when the line has this epoch, false when that WebSocket is gone.
    present: Callable[[bool], None]


class Link:
    """The link of one epoch. Times are µs on the adapter's monotonic clock unless named _s."""

    def __init__(
        self, settings: Settings, hello: Hello, hooks: Hooks, now_us: Callable[[], int]
    ) -> None:
        self._settings = settings
        self._hello = hello
        self._hooks = hooks
        self._now_us = now_us
        self._outbox = Outbox(settings.backlog)
        self._done: deque[str] = deque()
        self._asks: deque[Ask | Change | Look] = deque()
        self._wake = asyncio.Event()
        self._beat_due = False
        self._present = False
        #: The coordinator is there, and not for us: another adapter may have the box.
        self.contested = False
        self._backoff = Backoff(settings.reconnect_min_s, settings.reconnect_max_s)
        self._said = ""

    def put(self, event: Event, at_us: int) -> None:
        """Sends an event that happened at `at_us`, now or when the link stands. Raises Broken."""
        self._outbox.put(event, at_us)
        self._wake.set()

    def done(self, command_id: str) -> None:
        """Says that a command is done."""
        self._done.append(command_id)
        self._wake.set()

    def ask(self, ask: Ask | Change | Look) -> bool:
        """Asks now. Without a link nobody is asked: an answer that comes late is of no use."""
        if self._present:
            self._asks.append(ask)
            self._wake.set()
        return self._present

    async def run(self) -> None:
        """Keeps the link until it is cancelled. Raises Broken when the epoch is over."""
        urls = self._settings.coordinator_urls
        turn = 0
        while True:
            url = urls[turn % len(urls)]
            ended = await self._once(f"{url}/v1/boxes/{self._settings.box}/link")
            turn += 1
            self.contested = ended.course in ("taken", "refused")
            self._say(url, ended)
            if ended.course == "resync":
                raise Broken(ended.reason)
            # A replica that does not answer costs no pause while another has not been asked.
            if turn % len(urls) == 0 or ended.course != "again":
                await asyncio.sleep(self._pause_s(ended.course))

    def _say(self, url: str, ended: Ended) -> None:
        if ended.reason == self._said:  # once, not at every try
            return
        self._said = ended.reason
        level = logging.ERROR if ended.course in ("refused", "taken") else logging.WARNING
        log.log(level, "Link to %s: %s", url, ended.reason)

    def _pause_s(self, course: Course) -> float:
        if course == "refused":
            return self._settings.refused_retry_s
        return self._settings.reconnect_max_s if course == "taken" else self._backoff.pause()

    async def _once(self, url: str) -> Ended:
        """One WebSocket from its opening to its end."""
        try:
            async with self._connect(url) as socket:
                return await self._serve(socket)
        except InvalidStatus as error:
            status = error.response.status_code
            return Ended(AFTER_STATUS.get(status, "again"), f"the coordinator answers {status}")
        except (OSError, TimeoutError, WebSocketException) as error:
            return Ended("again", f"no coordinator there: {error or type(error).__name__}")

    def _connect(self, url: str) -> connect:
        patience = self._settings.link_timeout_s
        token = self._settings.token.get_secret_value()
        return connect(
            url.replace("http", "ws", 1) if url.startswith("http") else url,
            additional_headers={"Authorization": f"Bearer {token}"},
            compression=None,  # frames are small, and each is waited for
            proxy=None,
            max_size=MAX_FRAME,
            open_timeout=patience,
            ping_interval=patience / 2,
            ping_timeout=patience,
            close_timeout=PARTING_S,
        )

    async def _serve(self, socket: ClientConnection) -> Ended:
        welcomed = False
        try:
            welcome = await self._greet(socket)
            welcomed = True
            return await self._talk(socket, welcome.heartbeat_s)
        except ConnectionClosed as error:
            code = error.rcvd.code if error.rcvd else CLOSE_ABNORMAL
            reason = error.rcvd.reason if error.rcvd and error.rcvd.reason else f"closed ({code})"
            course = AFTER_CLOSE.get(code, "again")
            if code == CLOSE_BAD_FRAME and not welcomed:
                course = "refused"  # it was the hello: another version
            return Ended(course, reason)
        except (ValidationError, TimeoutError) as error:
            return Ended("again", f"not our protocol: {type(error).__name__}")
        finally:
            self._asks.clear()
            if self._present:
                self._present = False
                self._hooks.present(False)

    async def _greet(self, socket: ClientConnection) -> Welcome:
        """Hello and welcome. Raises Broken when the line lacks what is not kept here."""
        await socket.send(self._hello.model_dump_json())
        async with asyncio.timeout(self._settings.link_timeout_s):
            welcome = Welcome.model_validate_json(await socket.recv(decode=False))
        self._outbox.resume(welcome.seq)
        if welcome.seq:
            self._stands()
        return welcome

    def _stands(self) -> None:
        """The line has this epoch's snapshot. A welcome alone says little: a coordinator whose
        Redis is away, or which cannot take the snapshot, welcomes again and again.
        """
        if self._present:
            return
        self._present = True
        self._backoff.reset()
        self._said = ""
        log.info("Linked as box %s, epoch %d.", self._hello.box, self._hello.epoch)
        self._hooks.present(True)

    async def _talk(self, socket: ClientConnection, heartbeat_s: float) -> Ended:
        """Reads until the end; writing and heartbeats go on beside it."""
        beside = [
            asyncio.create_task(_until_closed(self._write(socket)), name="link-write"),
            asyncio.create_task(self._beat(heartbeat_s), name="link-heartbeat"),
        ]
        try:
            while True:
                self._take(DOWNSTREAM.validate_json(await socket.recv(decode=False)))
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            self._wake.clear()
            while (frame := self._outbox.next(self._now_us())) is not None:
                await socket.send(frame.model_dump_json())
            while self._asks:  # after the joins of those who ask
                await socket.send(self._asks.popleft().model_dump_json())
            while self._done:
                await socket.send(Done(id=self._done.popleft()).model_dump_json())
            if self._beat_due:
                self._beat_due = False
                await socket.send(HEARTBEAT)
            await self._wake.wait()

    async def _beat(self, heartbeat_s: float) -> None:
        """The first at once. Each follows all events kept back: the line relies on that."""
        while True:
            self._beat_due = True
            self._wake.set()
            await asyncio.sleep(heartbeat_s)

    def _take(self, frame: Downward) -> None:
        match frame:
            case Ack():
                self._stands()
                event = self._outbox.acked(frame.seq)
                if event is not None:
                    self._hooks.ack(frame, event)
            case CommandFrame():
                self._hooks.command(frame)
            case Told():
                self._hooks.told(frame)
            case Changed():
                self._hooks.changed(frame)
            case Seen():
                self._hooks.seen(frame)
            case Lamps():
                self._hooks.lamps(frame)
            case Welcome():
                log.warning("A second welcome on one link is passed over.")


async def _until_closed(part: Coroutine[None, None, None]) -> None:
    """The reader learns of the end and says why; the other parts just stop."""
    with suppress(ConnectionClosed):
        await part
