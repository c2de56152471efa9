"""One link from its hello to its end.

    hello ─► attach ─► welcome ─┬─ reader: frame ─► transition ─► ack, one after the other
                                ├─ writer: the box's commands, after the snapshot if one is due
                                ├─ changes by phone, one after the other
                                ├─ looks of the dialplan, one after the other
                                └─ lamps: all of them then, and what changes

The reader takes one frame at a time: order within a box is a rule of the line, and the next
frames wait in the WebSocket's buffer. A link ends once, with one close code and one reason. An
end loses nothing: the line counts each event in the step that takes it, and the adapter sends
again what was not acknowledged.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from coordinator.boxes import inbox, outbox, telling
from coordinator.boxes.changing import Changes
from coordinator.boxes.frames import parse, parse_hello
from coordinator.boxes.keeper import Keeper
from coordinator.boxes.lamps import Board
from coordinator.boxes.looking import Looks
from coordinator.boxes.wire import (
    CLOSE_GOING_AWAY,
    CLOSE_INTERNAL,
    CLOSE_RESTART,
    CLOSES,
    LinkEnd,
    Wire,
    refuse,
)
from coordinator.directory import Directory
from coordinator.errors import Refused
from coordinator.line.engine import Engine
from coordinator.line.types import Reply
from coordinator.protocol import (
    Ask,
    Change,
    Done,
    Downward,
    EventFrame,
    Heartbeat,
    Hello,
    Look,
    Snapshot,
    Welcome,
)
from coordinator.redis_client import AWAY
from coordinator.tasks import cancel

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Seconds the last words of a link may take: to the line, and to the peer.
PARTING_S = 2.0


@dataclass(frozen=True, slots=True)
class Common:
    """What all links of a replica share. Times in seconds."""

    engine: Engine
    directory: Directory
    keeper: Keeper
    lamps: Board
    owner: str
    heartbeat_s: float
    lease_s: float


class Session:
    """The link of one box over one wire. `attached` is called once the line has accepted it."""

    def __init__(
        self,
        common: Common,
        wire: Wire,
        box: str,
        link: str,
        attached: Callable[["Session"], None],
    ) -> None:
        self.box = box
        self.link = link
        self._common = common
        self._engine = common.engine
        self._wire = wire
        self._attached = attached
        self._changes = Changes(common.engine, common.directory, box, self._say)
        self._looks = Looks(common.engine, box, self._say)
        self._sending = asyncio.Lock()
        self._in_step = asyncio.Event()
        self._end: asyncio.Future[LinkEnd] = asyncio.get_running_loop().create_future()

    def end(self, why: LinkEnd) -> None:
        """Ends the link; the first reason given stands."""
        if not self._end.done():
            self._end.set_result(why)

    async def run(self) -> None:
        """Serves the link to its end."""
        beside = (self._changes.run(), self._looks.run(), self._light())
        work = (self._read(), self._write(), *beside)
        parts = [asyncio.create_task(self._guard(part)) for part in work]
        try:
            await asyncio.wait({self._end})
        finally:
            self.end(LinkEnd(CLOSE_RESTART, "the coordinator stops"))
            await cancel(parts)
            await self._leave(self._end.result())

    async def _guard(self, part: Coroutine[Any, Any, None]) -> None:
        """Runs a part of the link; whatever stops it ends the link."""
        try:
            await part
        except LinkEnd as why:
            self.end(why)
        except Refused as refusal:
            self.end(refuse(refusal.code, **refusal.details))
        except AWAY as error:
            log.warning("box %s: the line does not answer: %s", self.box, error)
            self.end(refuse("line_unavailable"))
        except Exception:
            log.exception("box %s: the link failed", self.box)
            self.end(LinkEnd(CLOSE_INTERNAL, "internal error"))

    async def _read(self) -> None:
        await self._begin(parse_hello(await self._receive(), self.box))
        while True:
            await self._take(await self._receive())

    async def _begin(self, hello: Hello) -> None:
        await self._common.keeper.check()
        origin = (hello.instance, hello.epoch, self._common.owner)
        try:
            reply = await self._engine.attach(self.box, self.link, *origin)
        except Refused as refusal:
            self._doubt(refusal.code)
            raise
        self._attached(self)
        seq = int(reply.data["seq"])
        log.info("box %s: linked (%s), epoch %d after %d", self.box, self.link, hello.epoch, seq)
        welcome = Welcome(seq=seq, heartbeat_s=self._common.heartbeat_s)
        await self._send(welcome.model_dump_json())
        if reply.data.get("fresh") != "1":
            self._in_step.set()

    async def _take(self, text: str) -> None:
        frame = parse(text)
        match frame:
            case EventFrame():
                await self._event(frame)
            case Done():
                await self._engine.command_done(self.box, frame.id)
            case Heartbeat():
                await self._heartbeat()
            case Ask():
                await self._ask(frame)
            case Change():
                await self._changes.put(frame)
            case Look():
                await self._looks.put(frame)
            case Hello():
                raise refuse("bad_frame", detail="a second hello on one link")

    async def _heartbeat(self) -> None:
        reply = await self._engine.heartbeat(self.box, self.link)
        self._still_ours(reply)
        if reply.data.get("fresh") == "1" and self._in_step.is_set():
            # It was in step, and the line doubts it since: a lease passed, or a transition failed.
            raise refuse("snapshot_required", box=self.box)

    async def _event(self, frame: EventFrame) -> None:
        # While a snapshot is due the line has no number to count from: any other event is not
        # out of sequence, where resuming would help, but of an epoch that is over.
        if not self._in_step.is_set() and not isinstance(frame.event, Snapshot):
            raise refuse("snapshot_required", box=self.box)
        origin = inbox.origin_of(frame, self.box, self.link)
        reply = await inbox.take(self._engine, origin, frame.event)
        self._still_ours(reply, seq=frame.seq)
        ack = inbox.answer(origin, frame.event, reply)
        self._in_step.set()
        await self._send(ack.model_dump_json())

    async def _ask(self, ask: Ask) -> None:
        told = await telling.tell(self._engine, self.box, ask)
        if told is not None:
            await self._say(told)

    async def _say(self, frame: Downward) -> None:
        await self._send(frame.model_dump_json())

    async def _write(self) -> None:
        # Commands wait for the snapshot: one carried out meanwhile would not be in it, and the
        # line would take a phone that rings for one that does not.
        await self._in_step.wait()
        await outbox.forward(self._engine, self.box, self._send)

    async def _light(self) -> None:
        await self._in_step.wait()
        async with aclosing(self._common.lamps.follow()) as changes:
            async for lamps in changes:
                await self._send(lamps.model_dump_json())

    def _still_ours(self, reply: Reply, **details: int) -> None:
        self._doubt(reply.code)
        if reply.code in CLOSES:
            raise refuse(reply.code, box=self.box, **details, **reply.data)

    def _doubt(self, code: str) -> None:
        """The line forgot a box attached a moment ago, or the directory: it was emptied."""
        if code in ("unknown_box", "not_ready"):
            self._common.keeper.distrust()

    async def _receive(self) -> str:
        return await self._peer(self._wire.receive_text(), "sends nothing")

    async def _send(self, text: str) -> None:
        async with self._sending:
            await self._peer(self._wire.send_text(text), "takes nothing")

    async def _peer(self, step: Awaitable[T], fault: str) -> T:
        """A step with the peer. One that lasts for the lease has none, whatever TCP believes."""
        limit = self._common.lease_s
        try:
            async with asyncio.timeout(limit):
                return await step
        except TimeoutError:
            raise LinkEnd(CLOSE_GOING_AWAY, f"the adapter {fault} for {limit:g} s") from None
        except KeyError:  # Starlette's WebSocket, when the frame is binary
            raise refuse("bad_frame", detail="not a text frame") from None
        except Exception as error:
            raise LinkEnd(CLOSE_GOING_AWAY, f"the adapter is gone: {error!r}") from None

    async def _leave(self, why: LinkEnd) -> None:
        """The line hears first: an adapter that comes back at once must find its box free."""
        log.info("box %s: link (%s) ended: %s", self.box, self.link, why)
        try:
            with suppress(*AWAY, Refused, TimeoutError):
                async with asyncio.timeout(PARTING_S):
                    await self._engine.unlink(self.box, self.link)
        finally:
            with suppress(Exception):
                async with asyncio.timeout(PARTING_S):
                    await self._wire.close(why.close, why.reason)
