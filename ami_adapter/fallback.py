"""When the coordinator stays away, waiting callers are sent on to a local context (DESIGN 4.8).

The extension is the queue's name, so that `exten => sales,1,Queue(sales-local)` takes them over.
A caller whom an agent has answered is left to that agent.
"""

import asyncio
import logging
from collections.abc import Callable

from ami_adapter.actions import UnsafeAction
from ami_adapter.connection import AmiSession
from ami_adapter.executor import NORMAL_CLEARING
from ami_adapter.translate import Translator, Visit
from coordinator.protocol import Event

log = logging.getLogger(__name__)

REASON = "the coordinator is away"


class Absence:
    """How long the coordinator has been away, over all epochs of this process. Times in µs."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._since_us: int | None = now_us()
        self._changed = asyncio.Event()

    def present(self, here: bool) -> None:
        """A link stands, or has ended."""
        if here != (self._since_us is None):
            self._since_us = None if here else self._now_us()
            self._changed.set()

    def left_us(self, after_us: int) -> int | None:
        """Until it has been away for `after_us`; None while it is here."""
        if self._since_us is None:
            return None
        return max(0, after_us - (self._now_us() - self._since_us))

    async def change(self, within_us: int | None = None) -> None:
        """Returns when it has come or gone, or when the time is over."""
        self._changed.clear()
        try:
            async with asyncio.timeout(None if within_us is None else within_us / 1e6):
                await self._changed.wait()
        except TimeoutError:
            return


class Fallback:
    """Sends callers on in one AMI session, once the coordinator has been away too long."""

    def __init__(
        self,
        session: AmiSession,
        translator: Translator,
        absence: Absence,
        after_s: float,
        context: str,
        tasks: asyncio.TaskGroup,
        emit: Callable[[tuple[Event, ...]], None],
    ) -> None:
        self._session = session
        self._translator = translator
        self._absence = absence
        self._after_us = round(after_s * 1e6)
        self._context = context
        self._tasks = tasks
        self._emit = emit
        self._sent: set[str] = set()

    async def watch(self) -> None:
        """Runs for ever; with `after_s` = 0 callers are held for ever."""
        while self._after_us:
            left_us = self._absence.left_us(self._after_us)
            if left_us == 0:
                self.send_on()
                left_us = None
            await self._absence.change(left_us)

    def joined(self) -> None:
        """A caller has joined: it is not held for a coordinator that is long gone."""
        if self._after_us and self._absence.left_us(self._after_us) == 0:
            self.send_on()

    def send_on(self) -> None:
        """Sends on every caller who waits and is not in an agent's hands."""
        taken = {o.call_id for o in self._translator.offers.values() if o.state == "answered"}
        for visit in self._translator.waiting():
            if visit.join.call_id not in self._sent | taken:
                self._sent.add(visit.join.call_id)
                self._tasks.create_task(self._send_on(visit))

    async def _send_on(self, visit: Visit) -> None:
        caller = visit.join.uniqueid
        # An agent who answers now must find the caller gone, and need not be rung any longer.
        self._session.set_variable(caller, "GVQ_STATE", "left")
        for offer in list(self._translator.offers.values()):
            if offer.call_id == visit.join.call_id:
                self._session.hangup(offer.offer_id, NORMAL_CLEARING)
        try:
            reply = await self._session.redirect(caller, self._context, visit.join.queue)
        except UnsafeAction as error:
            log.error("Call %s cannot be sent on: %s", visit.join.call_id, error)
            return
        self._sent.discard(visit.join.call_id)
        if reply.success:
            log.warning("Call %s sent on to %s: %s.", visit.join.call_id, self._context, REASON)
            self._emit(self._translator.redirected(caller, REASON))
        else:  # it has hung up, most likely: its Hangup follows
            log.warning("Call %s not sent on: %s", visit.join.call_id, reply.message)
