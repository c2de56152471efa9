"""Boxes with the adapter's own link and no Asterisk behind it: they hold callers, and say so."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr

from ami_adapter.link import Hooks, Link
from ami_adapter.outbox import Broken
from ami_adapter.settings import Settings
from coordinator.cli.bench.load import QUEUE
from coordinator.cli.bench.programs import now_us
from coordinator.protocol import (
    Ack,
    CommandFrame,
    Event,
    Hello,
    Join,
    Originate,
    Snapshot,
    WaitingCall,
)
from coordinator.tasks import cancel

Rung = Callable[["Peer", Originate], None]


def _unheard(frame: object) -> None:
    """Nothing of a benchmark waits for it."""


class Peer:
    """One box. `rung` is told of each phone to ring; commands are done at once."""

    def __init__(self, box: str, url: str, token: str, rung: Rung) -> None:
        self.box = box
        self.calls: dict[str, WaitingCall] = {}
        self.devices: dict[str, Any] = {}
        self.refused: list[str] = []
        #: Whether the line has taken the present epoch's snapshot.
        self.in_step = asyncio.Event()
        self._settings = Settings(
            coordinator_url=url, box=box, token=SecretStr(token), ami_secret=SecretStr("none"),
        )  # fmt: skip
        self._rung = rung
        self._epoch = time.time_ns() // 1000
        self._link: Link | None = None

    def hold(self, number: int, rank: int) -> None:
        """A caller waits here already, with a ticket."""
        uniqueid = f"{self.box}-{number}"
        join = Join(
            call_id=f"{uniqueid}-1", channel=f"PJSIP/trunk-{uniqueid}", uniqueid=uniqueid,
            queue=QUEUE, caller_id_num="5550100",
        )  # fmt: skip
        self.calls[join.call_id] = WaitingCall(join=join, age_us=0, rank=rank)

    def tell(self, event: Event) -> None:
        """Something has happened; told when there is a link."""
        assert self._link is not None
        self._link.put(event, now_us())

    @asynccontextmanager
    async def linked(self) -> AsyncIterator[None]:
        """In step with the line, and kept so, as long as the block runs."""
        task = asyncio.create_task(self._run())
        try:
            await self.in_step.wait()
            yield
        finally:
            await cancel([task])

    async def _run(self) -> None:
        """Epoch after epoch."""
        while True:
            self._epoch += 1
            hello = Hello(box=self.box, instance=f"bench-{self.box}", epoch=self._epoch)
            hooks = Hooks(
                command=self._command, ack=self._acked, told=_unheard, changed=_unheard,
                seen=_unheard, lamps=_unheard, present=self._present,
            )  # fmt: skip
            self._link = Link(self._settings, hello, hooks, now_us)
            self.tell(Snapshot(calls=list(self.calls.values()), devices=self.devices))
            try:
                await self._link.run()
            except Broken:
                self.in_step.clear()

    def _command(self, frame: CommandFrame) -> None:
        assert self._link is not None
        self._link.done(frame.id)
        if isinstance(frame.command, Originate):
            self._rung(self, frame.command)

    def _acked(self, ack: Ack, event: Event) -> None:
        if ack.code not in ("ok", "duplicate"):
            self.refused.append(f"{event.kind}: {ack.detail or ack.code}")

    def _present(self, here: bool) -> None:
        if here:
            self.in_step.set()
