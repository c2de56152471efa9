"""A desk phone: it also calls, transfers, sends calls elsewhere, presses keys and speaks."""

import asyncio
import itertools
import random
import struct
from dataclasses import dataclass
from urllib.parse import quote

from ami_adapter.lab import sip
from ami_adapter.lab.phones import ANSWER_S, Call, Phone, endpoint

#: RFC 4733: event codes of the keys.
KEYS = "0123456789*#"

#: One packet of sound: 20 ms of µ-law, and how long that is.
PACKET_S, PACKET = 0.02, 160

#: µ-law of a square wave, loud: half a period up, half a period down.
UP, DOWN = b"\x90", b"\x10"
#: What is spoken unless said otherwise, Hz.
TONE = 400

_numbers = itertools.count(1)


@dataclass
class Line:
    """A call that the phone has made itself, as the SIP dialog it is."""

    call_id: str
    me: str
    them: str
    target: str
    media: tuple[str, int] = ("", 0)
    ended: bool = False
    cseq: int = 1


class DeskPhone(Phone):
    """A phone on somebody's desk. All of it needs a call that was answered."""

    def __init__(self, agent: str, box: str, *, forward: str = "", audio: bool = True) -> None:
        super().__init__(agent, box, audio=audio)
        #: Where it sends each call that comes (302), when not empty.
        self.forward = forward
        self._lines: dict[str, Line] = {}
        self._speaking: set[asyncio.Task[None]] = set()

    async def call(self, extension: str) -> Line:
        """Call an extension of its box and wait for the answer. ConnectionError when refused."""
        call_id = f"call-{self.agent}-{next(_numbers)}"
        me = f"<sip:{self.agent}@{self.box}>;tag={call_id}"
        line = Line(call_id, me, f"<sip:{extension}@{self.box}>", f"sip:{extension}@{self.box}")
        self._answers[call_id] = asyncio.get_running_loop().create_future()
        body = sip.sdp(self.address, self.audio_port)
        self._ask(line, "INVITE", ("Content-Type", "application/sdp"), body=body)
        try:
            answer = await asyncio.wait_for(self._answers[call_id], 5 * ANSWER_S)
        finally:
            del self._answers[call_id]
        line.them = answer["To"]
        self._lines[call_id] = line
        if answer.status == 200:
            line.target = sip.uri(answer["Contact"])
            line.media = sip.media(answer.body)
        self._ask(line, "ACK")
        if answer.status != 200:
            raise ConnectionError(f"{extension}: {answer.first}")
        return line

    def transfer(self, call: Call, extension: str) -> None:
        """Blind: whoever talks with it goes to the extension."""
        self._refer(self._line(call), f"<sip:{extension}@{self.box}>")

    def hand_over(self, call: Call, line: Line) -> None:
        """Attended: whoever talks with it gets the other end of the line it has made."""
        them, us = _tag(line.them), _tag(line.me)
        replaces = quote(f"{line.call_id};to-tag={them};from-tag={us}", safe="")
        uri = line.them.partition("<")[2].partition(">")[0]
        self._refer(self._line(call), f"<{uri}?Replaces={replaces}>")

    def close(self, line: Line) -> None:
        """Hang up a call it has made."""
        if not line.ended:
            line.ended = True
            self._ask(line, "BYE")

    async def press(self, call: Call | Line, keys: str) -> None:
        """Keys, as RTP events (RFC 4733)."""
        stream = _Stream(self, self._media(call))
        for key in keys:
            await stream.key(KEYS.index(key))

    def speak(self, call: Call | Line, hz: int = TONE) -> None:
        """A tone, of a divisor of 4000 Hz, until the call ends."""
        task = asyncio.create_task(_Stream(self, self._media(call)).tone(call, hz))
        self._speaking.add(task)
        task.add_done_callback(self._speaking.discard)

    # ── How ─────────────────────────────────────────────────────────────────────────────────

    def _invited(self, invite: sip.Message, addr: tuple[str, int]) -> None:
        known = invite["Call-ID"] in self._dialogs
        super()._invited(invite, addr)
        call = self.invites[-1]
        if self.forward and not known and call.ended is None:
            contact = ("Contact", f"<sip:{self.forward}@{self.box}>")
            tag = self._dialogs[call.call_id].tag
            self._send(sip.reply(invite, "302 Moved Temporarily", tag, contact), addr)
            self._end(call, "refused")

    def _told(self, request: sip.Message, addr: tuple[str, int]) -> None:
        line = self._lines.get(request["Call-ID"])
        if line is not None and request.method == "BYE":
            line.ended = True
        super()._told(request, addr)

    def _media(self, call: Call | Line) -> tuple[str, int]:
        if isinstance(call, Line):
            return call.media
        return sip.media(self._dialogs[call.call_id].invite.body)

    def _line(self, call: Call) -> Line:
        dialog = self._dialogs[call.call_id]
        me = f"{dialog.invite['To']};tag={dialog.tag}"
        target = sip.uri(dialog.invite["Contact"])
        dialog.cseq += 1
        return Line(call.call_id, me, dialog.invite["From"], target, cseq=dialog.cseq)

    def _refer(self, line: Line, to: str) -> None:
        self._ask(
            line, "REFER", ("Refer-To", to), ("Referred-By", f"<sip:{self.agent}@{self.box}>")
        )

    def _ask(self, line: Line, method: str, *extra: tuple[str, str], body: str = "") -> None:
        line.cseq += method == "BYE"
        headers = [
            ("Via", f"SIP/2.0/UDP {self._here};branch=z9hG4bK{next(_numbers)}{method};rport"),
            ("From", line.me),
            ("To", line.them),
            ("Call-ID", line.call_id),
            ("CSeq", f"{line.cseq} {method}"),
            ("Contact", self._contact),
            ("Max-Forwards", "70"),
            *extra,
        ]
        self._send(
            sip.Message(f"{method} {line.target} SIP/2.0", headers, body), endpoint(self.box)
        )


class _Stream:
    """RTP from the phone to where the box wants it."""

    def __init__(self, phone: DeskPhone, to: tuple[str, int]) -> None:
        self._transport, self._to = phone._transports[1], to
        self._source = random.getrandbits(32)
        self._sequence, self._time = 0, 0

    def _packet(self, payload_type: int, payload: bytes) -> None:
        header = (0x80, payload_type, self._sequence % 2**16, self._time % 2**32, self._source)
        self._transport.sendto(struct.pack("!BBHII", *header) + payload, self._to)
        self._sequence += 1

    async def key(self, event: int) -> None:
        """One key, held for 100 ms; its end is told three times."""
        for n in range(1, 9):
            end = 0x80 if n > 5 else 0
            marker = 0x80 if n == 1 else 0
            self._packet(marker | 101, struct.pack("!BBH", event, end | 10, min(n, 6) * PACKET))
            await asyncio.sleep(PACKET_S)
        self._time += 10 * PACKET
        await asyncio.sleep(2 * PACKET_S)

    async def tone(self, call: Call | Line, hz: int) -> None:
        """A loud tone while the call lasts."""
        half = 4000 // hz
        packet = ((UP * half + DOWN * half) * PACKET)[:PACKET]
        while not call.ended:
            self._packet(0, packet)
            self._time += PACKET
            await asyncio.sleep(PACKET_S)


def _tag(header: str) -> str:
    return header.partition(";tag=")[2].partition(";")[0]
