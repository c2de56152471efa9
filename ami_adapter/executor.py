"""Commands of the line → AMI actions. Each has its effect once, however often it is sent.

Actions are written in the order of the commands, without waiting for answers; a command is done
when its answers came. What a command did to the box comes back as events, so a refused one is
done too.

An Originate is never run twice: not under another command id, not after a lost AMI session (it may
have been done; the next snapshot tells), not when its offer was cancelled before. A Cancel or
Release that is run again changes nothing, so those are.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from ami_adapter.actions import UnsafeAction, Values
from ami_adapter.connection import AmiSession, Reply
from ami_adapter.translate import Translator
from coordinator.protocol import (
    Cancel,
    CommandFrame,
    Event,
    KeepTicket,
    OfferEnded,
    Originate,
    Release,
    Ticket,
)

log = logging.getLogger(__name__)

#: Q.850: the phone shows no missed call for the second (chan_pjsip sends it on in a Reason).
NORMAL_CLEARING: Final = 16
ANSWERED_ELSEWHERE: Final = 26

#: Ids kept of what was done; the line sends again only what is a few seconds old.
REMEMBERED: Final = 20_000

#: A Cancel that overtakes its Originate's channel is tried again after this pause, s, doubling.
#: Asterisk makes the channel in a thread of its own, within milliseconds of its Response.
CANCEL_PAUSE_S: Final = 0.005
CANCEL_PAUSE_MAX_S: Final = 0.5
CANCEL_TRIES: Final = 40

#: What may stand in the number of a CallerID header; all else would end or bend it.
_NUMBER = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+*#.@_-")


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


class Executor:
    """Runs commands in one AMI session."""

    def __init__(
        self,
        session: AmiSession,
        translator: Translator,
        dial: Callable[[Originate], str],
        history: History,
        tasks: asyncio.TaskGroup,
        emit: Callable[[tuple[Event, ...]], None],
        done: Callable[[str], None],
    ) -> None:
        self._session = session
        self._translator = translator
        self._dial = dial
        self._history = history
        self._tasks = tasks
        self._emit = emit
        self._done = done
        self._running: set[str] = set()

    def submit(self, frame: CommandFrame) -> None:
        """Writes the command's actions now. Raises AmiClosed."""
        if frame.id in self._running:
            return  # sent again by a new WebSocket; `done` follows
        if frame.id in self._history:
            self._done(frame.id)
            return
        self._running.add(frame.id)
        match frame.command:
            case Originate():
                self._originate(frame.id, frame.command)
            case Cancel():
                self._cancel(frame.id, frame.command)
            case Release():
                self._release(frame.id, frame.command)
            case KeepTicket():
                self.keep_ticket(frame.command.uniqueid, frame.command)
                self._finish(frame.id)

    def keep_ticket(self, uniqueid: str, ticket: Ticket | KeepTicket) -> None:
        """Writes a caller's place on its channel, while it waits in that visit."""
        visit = self._translator.visits.get(uniqueid)
        if visit and visit.state == "waiting" and visit.join.call_id == ticket.call_id:
            # No answer is waited for: a channel that is gone needs no ticket.
            text = f"{ticket.priority},{ticket.rank}"
            self._session.set_variable(uniqueid, "GVQ_TICKET", text)

    def stop_ringing(self, call_id: str) -> None:
        """Nobody is rung for a caller who has left; a line that is away cannot say so."""
        for offer in self._translator.offers.values():
            if offer.call_id == call_id and offer.state != "talking":
                self._session.hangup(offer.offer_id, NORMAL_CLEARING)

    # ── one command each ────────────────────────────────────────────────────────────────────

    def _originate(self, command_id: str, command: Originate) -> None:
        offer_id = command.offer_id
        if offer_id in self._history or offer_id in self._translator.offers:
            self._finish(command_id)
            return
        self._history.add(offer_id)
        if not self._translator.offered(command):
            self._emit((_not_rung(command, "the caller does not wait here any more"),))
            self._finish(command_id)
            return
        try:
            answer = self._session.send(
                "Originate", originate_values(command, self._dial(command)), action_id=offer_id
            )
        except UnsafeAction as error:
            log.error("Offer %s cannot be made: %s", offer_id, error)
            self._emit(self._translator.refused(offer_id, str(error)))
            self._finish(command_id)
            return
        self._tasks.create_task(self._after_originate(command_id, offer_id, answer))

    async def _after_originate(
        self, command_id: str, offer_id: str, answer: asyncio.Future[Reply]
    ) -> None:
        reply = await answer
        if not reply.success:
            log.warning("Asterisk refused to ring offer %s: %s", offer_id, reply.message)
            self._emit(self._translator.refused(offer_id, reply.message))
        self._finish(command_id)

    def _cancel(self, command_id: str, command: Cancel) -> None:
        cause = ANSWERED_ELSEWHERE if command.elsewhere else NORMAL_CLEARING
        self._history.add(command.offer_id)  # an Originate that comes after it rings nobody
        answer = self._session.hangup(command.offer_id, cause)
        self._tasks.create_task(self._after_cancel(command_id, command.offer_id, cause, answer))

    async def _after_cancel(
        self, command_id: str, offer_id: str, cause: int, answer: asyncio.Future[Reply]
    ) -> None:
        pause = CANCEL_PAUSE_S
        for _ in range(CANCEL_TRIES):
            reply = await answer
            # Gone for good, or not there yet? The offer is known here until its Originate
            # has ended, so as long as it is, the channel may still come.
            if reply.success or offer_id not in self._translator.offers:
                break
            await asyncio.sleep(pause)
            pause = min(pause * 2, CANCEL_PAUSE_MAX_S)
            answer = self._session.hangup(offer_id, cause)
        else:
            log.error("Offer %s could not be cancelled: %s", offer_id, reply.message)
        self._finish(command_id)

    def _release(self, command_id: str, command: Release) -> None:
        visit = self._translator.visits.get(command.uniqueid)
        waits = visit and visit.state == "waiting" and visit.join.call_id == command.call_id
        if not waits:  # gone, or talking by now: nobody is pulled out of a bridge
            self._finish(command_id)
            return
        status = self._session.set_variable(command.uniqueid, "GVQ_STATUS", command.status)
        sent_on = self._session.redirect(command.uniqueid, "gvq-leave", "s")
        self._tasks.create_task(self._after_release(command_id, command.call_id, status, sent_on))

    async def _after_release(
        self, command_id: str, call_id: str, *answers: asyncio.Future[Reply]
    ) -> None:
        for reply in [await answer for answer in answers]:
            if not reply.success:  # it has hung up, most likely: its Hangup follows
                log.info("Call %s could not be released: %s", call_id, reply.message)
        self._finish(command_id)

    def _finish(self, command_id: str) -> None:
        self._running.discard(command_id)
        self._history.add(command_id)
        self._done(command_id)


def originate_values(command: Originate, dial: str) -> Values:
    """The headers of an Originate for this offer."""
    variables = {
        "GVQ_OFFER": command.offer_id,
        "GVQ_FENCE": str(command.fence),
        "GVQ_CALL": command.call_id,
        "GVQ_CALLER": command.uniqueid,
        "GVQ_AGENT": command.agent,
        "GVQ_QUEUE": command.queue,
    }
    return {
        "Channel": dial,
        "ChannelId": command.offer_id,
        "Async": "true",
        "Context": "gvq-agent",
        "Exten": "s",
        "Priority": "1",
        "Timeout": str(command.timeout_ms),
        "CallerID": caller_id(command.caller_id_name, command.caller_id_num),
        "Variable": [f"{name}={value}" for name, value in variables.items()],
    }


def caller_id(name: str, number: str) -> str:
    """Name and number as one header: `"name" <number>`, with all left out that would bend it."""
    shown = "".join(c for c in name if c.isprintable() and c not in '"<>\\')[:80]
    return f'"{shown}" <{"".join(c for c in number if c in _NUMBER)[:80]}>'


def dial_string(box: str, trunk: str, command: Originate) -> str:
    """What to dial on `box`: the phone itself at its home box, else over the trunk to it."""
    technology, _, resource = command.interface.partition("/")
    if command.home != box:
        fields = {"tech": technology, "resource": resource, "home": command.home}
        return trunk.format(**fields, agent=command.agent)
    # Without /n a Local channel leaves the call once it is answered, and the offer's id with it
    # (main/core_local.c).
    return command.interface + ("/n" if technology.lower() == "local" else "")


def _not_rung(command: Originate, reason: str) -> OfferEnded:
    return OfferEnded(
        offer_id=command.offer_id, fence=command.fence, outcome="failed", reason=reason
    )
