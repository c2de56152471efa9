"""One AMI session and all that lives as long as it: one epoch of the link.

    AMI events ─► Translator ─► Link ─► coordinator
    AMI actions ◄─ Executor ◄── Link ◄─ coordinator

All of it runs in one loop, and a step never waits in its middle, so the translator's state has no
races. When any part ends, all end: a link without the session would say that a box lives
which cannot be seen.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from ami_adapter import resync
from ami_adapter.calling_off import ANSWERED_ELSEWHERE
from ami_adapter.connection import AmiError, AmiSession
from ami_adapter.executor import Executor, History
from ami_adapter.fallback import Fallback
from ami_adapter.lamps import LampBoard
from ami_adapter.link import Hooks, Link
from ami_adapter.originates import dial_string
from ami_adapter.outbox import Broken
from ami_adapter.settings import Settings
from ami_adapter.translate import Translator
from coordinator.protocol import (
    Ack,
    Change,
    Changed,
    Complete,
    Connect,
    Event,
    Hello,
    Join,
    Leave,
    Look,
    OfferEnded,
    Originate,
    Replaced,
    Seen,
)

log = logging.getLogger(__name__)

#: 1 where the box has the dialplan that this adapter knows (dialplan/gvq.conf).
DIALPLAN = "DIALPLAN_EXISTS(gvq-version,2,1)"


@dataclass(frozen=True, slots=True)
class Process:
    """What outlives the epochs: who we are, and what we did."""

    settings: Settings
    instance: str
    key: str
    history: History
    #: Monotonic, µs.
    now_us: Callable[[], int]
    #: The box's clock, s since 1970.
    wall_s: Callable[[], float]


class Epoch:
    """Use once: `begin`, then `run` until it raises."""

    def __init__(self, process: Process, session: AmiSession, number: int) -> None:
        settings = process.settings
        self._process = process
        self._session = session
        self._tasks = asyncio.TaskGroup()
        self._translator = Translator(settings.box, process.key)
        hello = Hello(box=settings.box, instance=process.instance, epoch=number)
        self._fallback = Fallback(
            session, settings.fallback_after_s, settings.fallback_context, process.wall_s
        )
        hooks = Hooks(
            command=lambda frame: self._executor.submit(frame),
            ack=self._acked,
            told=lambda frame: self._executor.tell(frame),
            changed=lambda frame: self._executor.changed(frame),
            seen=lambda frame: self._executor.seen(frame),
            lamps=lambda frame: self._lamps.show(frame),
            present=self._present,
        )
        self._link = Link(settings, hello, hooks, process.now_us)
        self._lamps = LampBoard(session, settings.lamps_away_s, lambda: self._link.contested)
        self._executor = Executor(
            session, self._translator.offers, self._dial, process.history, self._tasks,
            self._emit_now, self._link.done,
        )  # fmt: skip
        #: True once the line has taken this epoch's snapshot.
        self.settled = False
        self._orphans: tuple[str, ...] = ()

    async def begin(self) -> None:
        """Takes the snapshot. Raises AmiRefused, AmiClosed."""
        box = self._process.settings.box
        if (await self._session.send("Getvar", {"Variable": DIALPLAN})).value != "1":
            log.error(
                "Box %s has not this release's dialplan: nobody there comes into a queue. Copy "
                "gvq.conf, include it from extensions.conf, then `dialplan reload`.", box,
            )  # fmt: skip
        found = await resync.take(self._session, box, self._process.key, self._process.wall_s)
        for problem in found.problems:
            log.warning("In the snapshot: %s", problem)
        self._orphans = found.orphans
        self._lamps.begin(found.lamps)
        self._translator.seed(found.snapshot, found.options)
        self._link.put(found.snapshot, self._process.now_us())
        calls, offers = len(found.snapshot.calls), len(found.snapshot.offers)
        log.info("Box %s has %d callers and %d offers.", box, calls, offers)

    async def run(self) -> None:
        """Runs until the session or the epoch is over. Raises AmiClosed or Broken."""
        lamps = (self._lamps.watch(), self._lamps.light())
        parts = (self._translate(), self._link.run(), self._fallback.watch(), *lamps)
        try:
            async with self._tasks as tasks:
                for part in parts:
                    tasks.create_task(part)
                # Within the group: failing while its end is awaited, a part would leave this task
                # marked as cancelled (Python 3.11), and daemon.serve looks at that mark.
                await self._session.wait_ended()
        except ExceptionGroup as group:
            _, faults = group.split((AmiError, Broken))
            if faults is not None:
                raise faults from None
            raise group.exceptions[0] from None

    async def _translate(self) -> None:
        while True:
            received = await self._session.events.get()
            taken = self._translator.take(received.headers)
            if taken.problem:
                log.warning("%s", taken.problem)
            if taken.foreign:
                await self._check_key()
            if taken.ask is not None:
                self._link.ask(taken.ask)
            if taken.change is not None:
                self._change(taken.change)
            if taken.follow is not None:
                self._executor.ring_instead(taken.follow)
            if taken.look is not None:
                self._look(taken.look)
            for event in taken.events:
                self._link.put(event, received.at_us)
                if isinstance(event, Leave):
                    self._executor.stop_ringing(event.call_id)
                elif isinstance(event, Replaced):
                    self._executor.follow(event)
                if isinstance(event, Connect | OfferEnded):
                    self._executor.let_go()

    def _change(self, wanted: Change | Changed) -> None:
        """To the coordinator; without a link, or for nonsense, the phone is told at once."""
        if isinstance(wanted, Change) and not self._link.ask(wanted):
            wanted = Changed(uniqueid=wanted.uniqueid, number=wanted.number, result="LINEAWAY")
        if isinstance(wanted, Changed):
            self._executor.changed(wanted)

    def _look(self, wanted: Look | Seen) -> None:
        """Likewise; that dialplan goes on."""
        if isinstance(wanted, Look) and not self._link.ask(wanted):
            wanted = Seen(uniqueid=wanted.uniqueid, number=wanted.number, result="LINEAWAY")
        if isinstance(wanted, Seen):
            self._executor.seen(wanted)

    async def _check_key(self) -> None:
        """Forged, or have we lost our key? Raises Broken when it is not on the box any more.

        `dialplan reload` with clearglobalvars=yes forgets it, and the box's callers with it: only
        the snapshot of a new epoch finds those who joined since.
        """
        reply = await self._session.send("Getvar", {"Variable": "GVQ_KEY"})
        if reply.value != self._process.key:
            raise Broken("the box has forgotten our key (dialplan reload?)")

    def _emit_now(self, events: tuple[Event, ...]) -> None:
        now_us = self._process.now_us()
        for event in events:
            self._link.put(event, now_us)

    def _present(self, here: bool) -> None:
        """Nothing is changed on the box before the line has taken us for its adapter: another one
        may be at work here, and we the second that is refused.
        """
        if here and not self.settled:
            self.settled = True
            self._fallback.begin()
            for channel in self._orphans:
                log.info("Offer %s rings for nobody any more and is hung up.", channel)
                self._session.hangup(channel, ANSWERED_ELSEWHERE)
        self._fallback.linked(here)
        self._lamps.linked(here)

    def _acked(self, ack: Ack, event: Event) -> None:
        if ack.ticket is not None and isinstance(event, Join):
            self._executor.keep_ticket(event.uniqueid, ack.ticket)
        if isinstance(event, Leave) and ack.position:
            self._executor.tell_position(event.call_id, ack.position)
        if isinstance(event, Complete):
            left = self._translator.offers.completed(event.offer_id, ack.code != "stale_offer")
            self._emit_now((left,) if left else ())
        if ack.code in ("ok", "duplicate"):
            return
        if isinstance(event, Connect) and event.offer_id in self._translator.offers.live:
            # It had called the offer off. The talk goes on, and is told by a snapshot; a snapshot's
            # talk makes no Connect, so this comes once.
            raise Broken("the line does not know of a talk")
        # A refused join needs the operator; the coordinator lets the caller go on. All other
        # refusals are answers to what came too late, or a device that is no agent's.
        level = logging.WARNING if isinstance(event, Join) else logging.DEBUG
        log.log(level, "Event %d (%s) refused: %s", ack.seq, event.kind, ack.detail or ack.code)

    def _dial(self, command: Originate) -> str:
        settings = self._process.settings
        options = self._translator.visits.options(command.uniqueid)
        return dial_string(settings.box, settings.trunk, command, options)
