"""Agents' phones: small SIP user agents in this process (UDP, no audio of their own).

Real SIP towards real boxes, but written here rather than one SIPp process per phone: a phone can
be told things while it runs (answer now, register elsewhere), and every message is stamped with
the same clock as SIPp's log of the callers.
"""

import asyncio
import itertools
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from ami_adapter.lab import sip

#: How long a box may take to answer a request, seconds.
ANSWER_S = 2.0

#: RFC 3261, 17.1.1.1: what stays unanswered is sent again after T1, then after twice as long each
#: time, T2 at most, until 64 T1 are over. Seconds.
T1, T2 = 0.5, 4.0

#: The discard port (RFC 863): the box sends its audio to nobody.
NO_AUDIO = 9

_numbers = itertools.count(1)


@dataclass
class Call:
    """One INVITE and what became of it. Times are seconds since the epoch; None: not yet."""

    call_id: str
    caller: str
    caller_name: str
    at: float
    while_busy: bool
    answered: float | None = None
    ended: float | None = None
    ended_by: str = ""  # phone, box (BYE), cancelled (CANCEL), refused
    reason: str = ""  # the Reason headers of BYE or CANCEL


class _Dialog:
    """The SIP side of a call: how to answer the INVITE, how to end it."""

    def __init__(self, invite: sip.Message, call: Call) -> None:
        self.invite = invite
        self.call = call
        self.tag = f"p{next(_numbers)}"
        #: The box has acknowledged our answer.
        self.acked = False
        #: CSeq of our last request.
        self.cseq = 0
        #: What the person does next; what is sent again unless it is answered.
        self.timer: asyncio.TimerHandle | None = None
        self.resend: asyncio.TimerHandle | None = None

    def was_answered(self) -> None:
        """What was said need not be said again."""
        _stop(self.resend)
        self.resend = None


class Phone(asyncio.DatagramProtocol):
    """A phone of one agent. Use as `async with Phone("101", "127.0.0.11:5060") as phone:`.

    answer_after: seconds of ringing; None rings for ever. refuse: the status to refuse with,
    such as "486 Busy Here". talk: seconds until this phone hangs up; None never does. Both times
    may be functions, so that they can be drawn at random. audio: whether `heard` counts RTP.
    call_waiting: rings a second time while it is in use, instead of being busy.
    expires_s: how long the first registration lasts; the phone does not renew it.
    """

    def __init__(
        self,
        agent: str,
        box: str,
        *,
        address: str = "127.0.0.1",
        answer_after: float | Callable[[], float] | None = 0.0,
        refuse: str = "",
        talk: float | Callable[[], float] | None = None,
        audio: bool = False,
        expires_s: int = 3600,
    ) -> None:
        self.agent = agent
        self.box = box
        self.address = address
        self.answer_after = answer_after
        self.refuse = refuse
        self.talk = talk
        self.call_waiting = False
        self.invites: list[Call] = []
        self.heard = 0
        self._audio = audio
        self._expires_s = expires_s
        self.audio_port = NO_AUDIO
        self._dialogs: dict[str, _Dialog] = {}
        self._answers: dict[str, asyncio.Future[sip.Message]] = {}
        self._changed = asyncio.Event()
        self._transports: list[asyncio.DatagramTransport] = []

    @property
    def active(self) -> list[Call]:
        """Calls that ring or talk now."""
        return [call for call in self.invites if call.ended is None]

    async def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait until the condition holds, looking after every message. TimeoutError else."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    # ── Life ────────────────────────────────────────────────────────────────────────────────

    async def __aenter__(self) -> Self:
        await self._open(lambda: self)
        if self._audio:
            await self._open(lambda: _Ear(self))
            self.audio_port = self._transports[1].get_extra_info("sockname")[1]
        await self.register(self.box, self._expires_s)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for call in self.active:
            self.hang_up(call)
        with suppress(TimeoutError):  # the box may be gone
            await self.unregister()
        for dialog in self._dialogs.values():
            _stop(dialog.timer)
            dialog.was_answered()
        for transport in self._transports:
            transport.close()

    async def _open(self, protocol: Callable[[], asyncio.DatagramProtocol]) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(protocol, (self.address, 0))
        self._transports.append(transport)

    async def register(self, box: str, expires_s: int = 3600) -> None:
        """Tell this box (address:port) that the phone is here; the phone then belongs to it.

        The box it was registered on is not told, as with a phone whose network changed.
        """
        response = await self._request("REGISTER", box, expires_s)
        if response.status != 200:
            raise ConnectionError(f"{self.agent} cannot register on {box}: {response.first}")
        self.box = box

    async def unregister(self) -> None:
        """Tell the box that the phone is gone."""
        await self.register(self.box, expires_s=0)

    async def _request(self, method: str, box: str, expires_s: int) -> sip.Message:
        call_id = f"register-{self.agent}-{next(_numbers)}"
        me = f"<sip:{self.agent}@{box}>"
        headers = [
            ("Via", f"SIP/2.0/UDP {self._here};branch=z9hG4bK{call_id};rport"),
            ("From", f"{me};tag={call_id}"),
            ("To", me),
            ("Call-ID", call_id),
            ("CSeq", f"1 {method}"),
            ("Contact", self._contact),
            ("Expires", str(expires_s)),
            ("Max-Forwards", "70"),
        ]
        self._answers[call_id] = asyncio.get_running_loop().create_future()
        self._send(sip.Message(f"{method} sip:{box} SIP/2.0", headers), endpoint(box))
        try:
            return await asyncio.wait_for(self._answers[call_id], ANSWER_S)
        finally:
            del self._answers[call_id]

    # ── What the person at the phone does ───────────────────────────────────────────────────

    def answer(self, call: Call) -> None:
        """Pick up."""
        dialog = self._dialogs[call.call_id]
        if call.answered is None and call.ended is None:
            call.answered = time.time()
            body = sip.sdp(self.address, self.audio_port)
            extra = (("Contact", self._contact), ("Content-Type", "application/sdp"))
            answer = sip.reply(dialog.invite, "200 OK", dialog.tag, *extra, body=body)
            self._insist(dialog, answer)
            self._changed.set()
            self._later(dialog, self.talk, self.hang_up)

    def decline(self, call: Call, status: str) -> None:
        """Refuse a call that rings."""
        self._reply(self._dialogs[call.call_id], status)
        self._end(call, "refused")

    def hang_up(self, call: Call) -> None:
        """Hang up, or refuse when it still rings."""
        if call.ended is not None:
            return
        if call.answered is None:
            self.decline(call, "603 Decline")
            return
        self._end(call, "phone")
        self._bye_once_acked(self._dialogs[call.call_id])

    # ── What the box says ───────────────────────────────────────────────────────────────────

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take one SIP message."""
        message = sip.Message.parse(data)
        if message.status:
            answer = self._answers.get(message["Call-ID"])
            if answer and not answer.done() and message.status >= 200:
                answer.set_result(message)
            self._answered(message)
        elif message.method == "INVITE":
            self._invited(message, addr)
        elif message.method == "ACK":
            self._acked(message)
        else:
            self._told(message, addr)
        self._changed.set()

    def _invited(self, invite: sip.Message, addr: tuple[str, int]) -> None:
        dialog = self._dialogs.get(invite["Call-ID"])
        if dialog is not None:  # a re-INVITE, or our answer came late
            self._again(dialog, invite, addr)
            return
        name, number = sip.party(invite["From"])
        call = Call(invite["Call-ID"], number, name, time.time(), while_busy=bool(self.active))
        dialog = self._dialogs[call.call_id] = _Dialog(invite, call)
        self.invites.append(call)
        if self.refuse or (call.while_busy and not self.call_waiting):
            self.decline(call, self.refuse or "486 Busy Here")
        else:
            self._reply(dialog, "180 Ringing")
            self._later(dialog, self.answer_after, self.answer)

    def _again(self, dialog: _Dialog, invite: sip.Message, addr: tuple[str, int]) -> None:
        if dialog.call.answered is not None:
            body = sip.sdp(self.address, self.audio_port)
            extra = (("Contact", self._contact), ("Content-Type", "application/sdp"))
            self._send(sip.reply(invite, "200 OK", dialog.tag, *extra, body=body), addr)

    def _told(self, request: sip.Message, addr: tuple[str, int]) -> None:
        dialog = self._dialogs.get(request["Call-ID"])
        tag = dialog.tag if dialog else "none"
        self._send(sip.reply(request, "200 OK", tag), addr)
        if dialog is None or dialog.call.ended is not None:
            return
        dialog.call.reason = ", ".join(request.all("Reason"))
        if request.method == "CANCEL" and dialog.call.answered is None:
            self._reply(dialog, "487 Request Terminated")
            self._end(dialog.call, "cancelled")
        elif request.method == "BYE":
            dialog.was_answered()
            self._end(dialog.call, "box")

    def _acked(self, ack: sip.Message) -> None:
        dialog = self._dialogs.get(ack["Call-ID"])
        if dialog is not None and not dialog.acked:
            dialog.acked = True
            dialog.was_answered()
            self._bye_once_acked(dialog)

    def _answered(self, answer: sip.Message) -> None:
        dialog = self._dialogs.get(answer["Call-ID"])
        if dialog is not None and answer.method == "BYE" and answer.status >= 200:
            dialog.was_answered()

    # ── How ─────────────────────────────────────────────────────────────────────────────────

    @property
    def _here(self) -> str:
        host, port = self._transports[0].get_extra_info("sockname")[:2]
        return f"{host}:{port}"

    @property
    def _contact(self) -> str:
        return f"<sip:{self.agent}@{self._here}>"

    def _later(
        self,
        dialog: _Dialog,
        seconds: float | Callable[[], float] | None,
        action: Callable[[Call], None],
    ) -> None:
        if seconds is not None:
            delay = seconds() if callable(seconds) else seconds
            loop = asyncio.get_running_loop()
            dialog.timer = loop.call_later(delay, action, dialog.call)

    def _bye_once_acked(self, dialog: _Dialog) -> None:
        """The person may hang up at any moment; the phone may say so only then (RFC 3261, 15)."""
        if dialog.call.ended_by != "phone" or not dialog.acked:
            return
        invite = dialog.invite
        dialog.cseq += 1
        headers = [
            ("Via", f"SIP/2.0/UDP {self._here};branch=z9hG4bKbye{next(_numbers)};rport"),
            ("From", f"{invite['To']};tag={dialog.tag}"),
            ("To", invite["From"]),
            ("Call-ID", dialog.call.call_id),
            ("CSeq", f"{dialog.cseq} BYE"),
            ("Max-Forwards", "70"),
        ]
        self._insist(dialog, sip.Message(f"BYE {sip.uri(invite['Contact'])} SIP/2.0", headers))

    def _insist(self, dialog: _Dialog, message: sip.Message, elapsed: float = 0.0) -> None:
        """Send it, and again until `resend` is stopped. elapsed: since the first time, seconds."""
        self._send(message, endpoint(_host(dialog.invite)))
        if elapsed < 64 * T1:
            pause = min(elapsed + T1, T2)
            loop = asyncio.get_running_loop()
            dialog.resend = loop.call_later(pause, self._insist, dialog, message, elapsed + pause)

    def _end(self, call: Call, by: str) -> None:
        call.ended, call.ended_by = time.time(), by
        _stop(self._dialogs[call.call_id].timer)
        self._changed.set()

    def _reply(self, dialog: _Dialog, status: str) -> None:
        message = sip.reply(dialog.invite, status, dialog.tag, ("Contact", self._contact))
        self._send(message, endpoint(_host(dialog.invite)))
        self._changed.set()

    def _send(self, message: sip.Message, addr: tuple[str, int]) -> None:
        self._transports[0].sendto(message.encode(), addr)


class _Ear(asyncio.DatagramProtocol):
    """Counts what the box plays to a phone."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._phone.heard += 1
        self._phone._changed.set()


def _stop(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


def _host(invite: sip.Message) -> str:
    """address:port of the box that sent the INVITE: its topmost Via."""
    return invite["Via"].split()[1].partition(";")[0]


def endpoint(box: str) -> tuple[str, int]:
    """Where a box listens, from its address:port."""
    host, _, port = box.partition(":")
    return host, int(port or 5060)
