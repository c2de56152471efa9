"""An adapter at the other end of a link, in this process: it speaks frames, and can misbehave."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from coordinator.protocol import (
    DOWNSTREAM,
    Ack,
    Ask,
    Change,
    Changed,
    Command,
    CommandFrame,
    Complete,
    Connect,
    Device,
    Done,
    Downward,
    EventFrame,
    Hello,
    Join,
    Lamps,
    Leave,
    Logged,
    Look,
    OfferEnded,
    Originate,
    Seen,
    Snapshot,
    Told,
    Upward,
    WaitingCall,
    Welcome,
)

#: Longer than anything here takes on a busy machine.
PATIENCE_S = 20.0

Event = Join | Leave | Connect | OfferEnded | Complete | Logged | Device | Snapshot


class Hung(Exception):
    """The peer is gone (what a WebSocket would raise)."""


class PipeWire:
    """A WebSocket of two queues. `stuck`: the peer reads nothing any more."""

    def __init__(self) -> None:
        self.up: asyncio.Queue[str | None] = asyncio.Queue()
        self.down: asyncio.Queue[str] = asyncio.Queue()
        self.closed: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self.stuck = False

    async def receive_text(self) -> str:
        text = await self.up.get()
        if text is None:
            raise Hung("connection lost")
        return text

    async def send_text(self, data: str) -> None:
        if self.stuck:
            await asyncio.get_running_loop().create_future()
        self.down.put_nowait(data)

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        if not self.closed.done():
            self.closed.set_result((code, reason or ""))


class Peer:
    """The adapter of one box over one wire."""

    def __init__(self, box: str, instance: str = "", epoch: int = 1) -> None:
        self.box, self.instance, self.epoch = box, instance or f"adapter-{box}", epoch
        self.wire = PipeWire()
        self.seq = 0
        self._commands: list[CommandFrame] = []
        self._told: list[Told] = []
        self._changed: list[Changed] = []
        self._seen: list[Seen] = []
        self._acks: list[Ack] = []
        #: What the box's lamps show, once all have been named; and how often each was told.
        self.lamps: dict[str, str] = {}
        self.lamps_complete = False
        self.lamp_frames: list[Lamps] = []
        self.serving: asyncio.Task[None] | None = None

    def over(self, serving: Coroutine[Any, Any, None]) -> "Peer":
        self.serving = asyncio.create_task(serving)
        return self

    async def hello(self) -> Welcome:
        self.send(Hello(box=self.box, instance=self.instance, epoch=self.epoch))
        welcome = await self._next()
        assert isinstance(welcome, Welcome), welcome
        self.seq = welcome.seq
        return welcome

    def send(self, frame: Upward) -> None:
        self.say(frame.model_dump_json())

    def say(self, text: str) -> None:
        self.wire.up.put_nowait(text)

    def post(self, event: Event, age_us: int = 0) -> int:
        """Sends the next event without waiting for its ack."""
        self.seq += 1
        self.send(EventFrame(seq=self.seq, age_us=age_us, event=event))
        return self.seq

    async def tell(self, event: Event, age_us: int = 0) -> Ack:
        """Sends the next event and waits for its ack; commands in between are kept."""
        self.post(event, age_us)
        return await self.ack()

    async def ack(self) -> Ack:
        while not self._acks:
            self._keep(await self._next())
        return self._acks.pop(0)

    async def command(self) -> CommandFrame:
        while not self._commands:
            self._keep(await self._next())
        return self._commands.pop(0)

    async def asks(self, ask: Ask) -> Told:
        """Asks, and waits for the answer."""
        self.send(ask)
        while not self._told:
            self._keep(await self._next())
        return self._told.pop(0)

    async def changes(self, change: Change) -> Changed:
        """An agent's phone asks for a change; what it is told."""
        self.send(change)
        return await self.changed()

    async def changed(self) -> Changed:
        while not self._changed:
            self._keep(await self._next())
        return self._changed.pop(0)

    async def looks(self, look: Look) -> Seen:
        """A dialplan looks at a queue; what it is told."""
        self.send(look)
        return await self.seen()

    async def seen(self) -> Seen:
        while not self._seen:
            self._keep(await self._next())
        return self._seen.pop(0)

    async def shows(self, **lamps: str) -> None:
        """Waits until these lamps, named without `Queue:`, show so."""
        wanted = {f"Queue:{name}": state for name, state in lamps.items()}
        while not (self.lamps_complete and wanted.items() <= self.lamps.items()):
            self._keep(await self._next())

    async def rung(self) -> Originate:
        """The next command, which must be to ring a phone; said to be done."""
        frame = await self.command()
        assert isinstance(frame.command, Originate), frame
        self.send(Done(id=frame.id))
        return frame.command

    async def snapshot(self, *phones: str, calls: list[WaitingCall] | None = None) -> Ack:
        devices = {f"PJSIP/{phone}": "NOT_INUSE" for phone in phones}
        body = {"calls": calls or [], "devices": devices}
        return await self.tell(Snapshot.model_validate(body))

    def caller(self, name: str, queue: str = "sales", **more: Any) -> Join:
        uniqueid = f"{self.box}-{name}"
        fields = {"call_id": f"{uniqueid}-1", "channel": f"PJSIP/t-{name}", "uniqueid": uniqueid}
        return Join(queue=queue, **fields, **more)

    async def closed(self) -> tuple[int, str]:
        """The close code and reason, once the coordinator has ended the link."""
        return await asyncio.wait_for(asyncio.shield(self.wire.closed), PATIENCE_S)

    async def hang_up(self) -> None:
        """The connection is lost; returns when the coordinator has noticed."""
        self.wire.up.put_nowait(None)
        if self.serving is not None:
            with suppress(asyncio.CancelledError):
                await asyncio.wait_for(self.serving, PATIENCE_S)

    def _keep(self, frame: Downward) -> None:
        if isinstance(frame, Ack):
            self._acks.append(frame)
        elif isinstance(frame, CommandFrame):
            self._commands.append(frame)
        elif isinstance(frame, Told):
            self._told.append(frame)
        elif isinstance(frame, Changed):
            self._changed.append(frame)
        elif isinstance(frame, Seen):
            self._seen.append(frame)
        elif isinstance(frame, Lamps):
            self.lamps |= frame.states
            self.lamps_complete |= frame.complete
            self.lamp_frames.append(frame)

    async def _next(self) -> Downward:
        text = await asyncio.wait_for(self.wire.down.get(), PATIENCE_S)
        return DOWNSTREAM.validate_json(text)


def commands_of(frames: list[CommandFrame]) -> list[Command]:
    """What the frames ask for."""
    return [frame.command for frame in frames]
