"""Commands of the line → AMI actions. Each has its effect once, however often it is sent.

Actions are written in the order of the commands, without waiting for answers; a command is done
when its answers came. What a command did to the box comes back as events, so a refused one is
done too.

A conversation is never ended by a command: the line gave it while it did not know of the talk
yet. So the box is asked before an agent is hung up or a caller is sent on, and by the dialplan's
own marks, as our events may still be on their way. Such a Connect is refused, and the line learns
of the talk by a snapshot (epoch.py).

An Originate is never run twice: not under another command id, not after a lost AMI session (it may
have been done; the next snapshot tells), not when its offer was cancelled before. A Cancel or
Release that is run again changes nothing, so those are.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, TypeVar

from ami_adapter import asks, changes, looks
from ami_adapter.actions import UnsafeAction
from ami_adapter.calling_off import ANSWERED_ELSEWHERE, NORMAL_CLEARING, Asking, CallingOff
from ami_adapter.connection import AmiSession, Reply
from ami_adapter.offers import Offers
from ami_adapter.originates import originate_values
from ami_adapter.redirects import Follow
from coordinator.protocol import (
    Cancel,
    Changed,
    CommandFrame,
    Event,
    KeepTicket,
    OfferEnded,
    Originate,
    Release,
    Replaced,
    Seen,
    Ticket,
    Told,
)

log = logging.getLogger(__name__)

#: Ids kept of what was done; the line sends again only what is a few seconds old.
REMEMBERED: Final = 20_000

#: A phone that sent its call elsewhere at the last moment: how long it rings there at least, ms.
LEAST_RING_MS: Final = 1000


class History:
    """What this process has done, over all its AMI sessions. Bounded."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._limit = limit
        self._ids: dict[str, None] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._ids

    def add(self, name: str) -> None:
        """Remembers; forgets the oldest at the bound."""
        self._ids[name] = None
        if len(self._ids) > self._limit:
            del self._ids[next(iter(self._ids))]


#: A command about a caller's channel.
C = TypeVar("C", Originate, Release)


class Executor:
    """Runs commands in one AMI session."""

    def __init__(
        self,
        session: AmiSession,
        offers: Offers,
        dial: Callable[[Originate], str],
        history: History,
        tasks: asyncio.TaskGroup,
        emit: Callable[[tuple[Event, ...]], None],
        done: Callable[[str], None],
    ) -> None:
        self._session = session
        self._offers, self._visits = offers, offers.visits
        self._dial = dial
        self._history = history
        self._tasks = tasks
        self._emit = emit
        self._done = done
        self._calling_off = CallingOff(session, offers, tasks)
        self._running: set[str] = set()
        #: Releases of callers whom an agent is about to talk with, by command id.
        self._held: dict[str, Release] = {}

    def submit(self, frame: CommandFrame) -> None:
        """Writes the command's actions now. Raises AmiClosed."""
        if frame.id in self._running:
            return  # sent again by a new WebSocket; `done` follows
        if frame.id in self._history:
            self._done(frame.id)
            return
        self._running.add(frame.id)
        match frame.command:
            case Originate() as command:
                self._originate(frame.id, self._followed(command))
            case Cancel() as command:
                self._cancel(frame.id, command)
            case Release() as command:
                self._release(frame.id, self._followed(command))
            case KeepTicket() as command:
                self.keep_ticket(command.uniqueid, command)
                self._finish(frame.id)

    def _followed(self, command: C) -> C:
        """The command with the channel that is in its caller's place now."""
        place = self._visits.place_of(command.call_id, command.uniqueid)
        return command.model_copy(update={"uniqueid": place})

    def keep_ticket(self, uniqueid: str, ticket: Ticket | KeepTicket) -> None:
        """Writes a caller's place on its channel, while it waits in that visit."""
        uniqueid = self._visits.place_of(ticket.call_id, uniqueid)
        if self._visits.waits(uniqueid, ticket.call_id):
            # No answer is waited for: a channel that is gone needs no ticket.
            text = f"{ticket.priority},{ticket.rank}"
            self._session.set_variable(uniqueid, "GVQ_TICKET", text)

    def tell(self, told: Told) -> None:
        """Writes on a waiting caller's channel what the dialplan has asked for."""
        if self._visits.waits(told.uniqueid, told.call_id):
            self._session.set_variable(told.uniqueid, "GVQ_TOLD", asks.answer(told))

    def tell_position(self, call_id: str, position: int) -> None:
        """Writes on a channel that goes on in the dialplan which position it had at last."""
        for uniqueid, visit in self._visits.items():
            if visit.state == "left" and visit.join.call_id == call_id:
                self._session.set_variable(uniqueid, "QUEUEPOSITION", str(position))

    def changed(self, changed: Changed) -> None:
        """Writes on a phone's channel what came of its change. One that is gone needs no answer."""
        self._session.set_variable(changed.uniqueid, changes.variable(changed), changed.result)

    def follow(self, replaced: Replaced) -> None:
        """Who is being rung for a caller, or has won it, gets the channel that is there now."""
        for offer in self._offers.live.values():
            if offer.call_id == replaced.call_id and offer.state != "talking":
                self._session.set_variable(offer.offer_id, "GVQ_CALLER", replaced.uniqueid)

    def seen(self, seen: Seen) -> None:
        """Writes on a channel how the queue stands that its dialplan has asked about."""
        for name, value in looks.variables(seen):
            self._session.set_variable(seen.uniqueid, name, value)

    def stop_ringing(self, call_id: str) -> None:
        """Nobody is rung for a caller who has left; a line that is away cannot say so."""
        for offer in self._offers.live.values():
            if offer.call_id == call_id and offer.state != "talking":
                self._session.hangup(offer.offer_id, NORMAL_CLEARING)

    # ── one command each ────────────────────────────────────────────────────────────────────

    def _originate(self, command_id: str, command: Originate) -> None:
        if self._calling_off.under_way:  # it may ring the very phone that is to be hung up first
            self._tasks.create_task(self._originate_behind(command_id, command))
            return
        offer_id = command.offer_id
        if offer_id in self._history or offer_id in self._offers.live:
            self._finish(command_id)
            return
        self._history.add(offer_id)
        if not self._offers.offered(command):
            self._emit((_not_rung(command, "the caller does not wait here any more"),))
            self._finish(command_id)
            return
        self._offers.live[offer_id].began_s = asyncio.get_running_loop().time()
        self._ring(command_id, command, self._dial(command))

    def ring_instead(self, follow: Follow) -> None:
        """Rings an offer where its phone sent it, for what is left of the time."""
        command = follow.command
        rung_ms = round((asyncio.get_running_loop().time() - follow.began_s) * 1000)
        left_ms = max(command.timeout_ms - rung_ms, LEAST_RING_MS)
        command = command.model_copy(update={"timeout_ms": left_ms})
        log.info("Offer %s is rung at %s instead.", command.offer_id, follow.dial)
        self._ring("", command, follow.dial)

    def _ring(self, command_id: str, command: Originate, dial: str) -> None:
        offer_id = command.offer_id
        try:
            options = self._visits.options(command.uniqueid)
            values = originate_values(command, dial, options)
            answer = self._session.send("Originate", values, action_id=offer_id)
        except UnsafeAction as error:
            log.error("Offer %s cannot be made: %s", offer_id, error)
            self._emit(self._offers.refused(offer_id, str(error)))
            self._finish(command_id)
            return
        self._tasks.create_task(self._after_originate(command_id, offer_id, answer))

    async def _originate_behind(self, command_id: str, command: Originate) -> None:
        await self._calling_off.settled()
        self._originate(command_id, self._followed(command))

    async def _after_originate(
        self, command_id: str, offer_id: str, answer: asyncio.Future[Reply]
    ) -> None:
        reply = await answer
        if not reply.success:
            log.warning("Asterisk refused to ring offer %s: %s", offer_id, reply.message)
            self._emit(self._offers.refused(offer_id, reply.message))
        self._finish(command_id)

    def _cancel(self, command_id: str, command: Cancel) -> None:
        cause = ANSWERED_ELSEWHERE if command.elsewhere else NORMAL_CLEARING
        self._history.add(command.offer_id)  # an Originate that comes after it rings nobody
        offer = self._offers.live.get(command.offer_id)
        if offer and offer.state == "talking":
            self._emit(self._offers.disowned(offer))
            self._finish(command_id)
            return
        asking = self._calling_off.begin(command.offer_id, cause)
        self._tasks.create_task(self._after_cancel(command_id, command.offer_id, cause, asking))

    async def _after_cancel(
        self, command_id: str, offer_id: str, cause: int, asking: Asking
    ) -> None:
        await self._calling_off.until_gone(offer_id, cause, asking)
        self._finish(command_id)

    def _release(self, command_id: str, command: Release) -> None:
        visit = self._visits.get(command.uniqueid)
        if visit is None or visit.state == "left" or visit.join.call_id != command.call_id:
            self._finish(command_id)
            return
        # Also on a caller who talks: no snapshot is to tell of it any more (resync.py).
        status = self._session.set_variable(command.uniqueid, "GVQ_STATUS", command.status)
        state = self._session.variable(command.uniqueid, "GVQ_STATE")
        self._tasks.create_task(self._after_release(command_id, command, status, state))

    async def _after_release(
        self,
        command_id: str,
        command: Release,
        status: asyncio.Future[Reply],
        state: asyncio.Future[Reply],
    ) -> None:
        if (await state).value == "waiting":
            await self._send_on(command_id, command)
        else:
            self._held[command_id] = command
            self.let_go()
        await self._released(command, status)

    def let_go(self) -> None:
        """Some agent talks now, or is gone: whom nobody holds any more is sent on.

        The dialplan says "talking" before it bridges, and an agent may hang up in between.
        """
        for command_id, held in list(self._held.items()):
            command = self._followed(held)
            offers = self._offers.live.values()
            holders = [offer.state for offer in offers if offer.caller == command.uniqueid]
            if "talking" in holders:
                self._finish(command_id)
            elif not holders:
                self._tasks.create_task(self._send_on(command_id, command))
            else:
                continue
            del self._held[command_id]

    async def _send_on(self, command_id: str, command: Release) -> None:
        if command.position:
            position = str(command.position)
            self._session.set_variable(command.uniqueid, "QUEUEPOSITION", position)
        if command.status == "WITHDRAW":
            self._session.set_variable(command.uniqueid, "QUEUE_WITHDRAW_INFO", command.info)
        sent = self._session.redirect(command.uniqueid, "gvq-leave", "s")
        await self._released(command, sent)
        self._finish(command_id)

    async def _released(self, command: Release, answer: asyncio.Future[Reply]) -> None:
        reply = await answer
        if not reply.success:  # it has hung up, most likely: its Hangup follows
            log.info("Call %s could not be released: %s", command.call_id, reply.message)

    def _finish(self, command_id: str) -> None:
        """A command of the line is done; "" is none."""
        if not command_id:
            return
        self._running.discard(command_id)
        self._history.add(command_id)
        self._done(command_id)


def _not_rung(command: Originate, reason: str) -> OfferEnded:
    return OfferEnded(
        offer_id=command.offer_id, fence=command.fence, outcome="failed", reason=reason
    )
