"""A phone's lamp key on a real box: what SIP tells it of an extension's hint (RFC 3265)."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ami_adapter.lab import sip

#: What the key shows: dialog-info's state (RFC 4235) and the PIDF's note, by the device's state.
#: Asterisk tells an unknown state and an idle one alike (res_pjsip/presence_xml.c).
SHOWN = {
    ("early", "Ringing"): "RINGING",
    ("confirmed", "On the phone"): "INUSE",
    ("terminated", "Ready"): "NOT_INUSE",
    ("terminated", "Unavailable"): "UNAVAILABLE",
}

#: How long a box may take to answer a request, seconds.
ANSWER_S = 5.0

_EVENTS = {
    "dialog": ("application/dialog-info+xml", re.compile(r"<state>(\w+)</state>")),
    "presence": ("application/pidf+xml", re.compile(r"<note>([^<]*)</note>")),
}
_numbers = itertools.count(1)


class LampKey(asyncio.DatagramProtocol):
    """Subscribed to one extension, as dialog and as presence."""

    def __init__(self, box: str, extension: str) -> None:
        self._box, self._extension = box, extension
        self._told: dict[str, str] = {}
        self._answers: dict[str, asyncio.Future[int]] = {}
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def state(self) -> str:
        """The state of the hint's device, as far as the two notifications agree on one."""
        told = self._told.get("dialog", ""), self._told.get("presence", "")
        return SHOWN.get(told, "/".join(told))

    async def open(self) -> None:
        """Takes a port of its own."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, ("127.0.0.1", 0))

    async def subscribe(self) -> None:
        """Asks the box to tell, from now on."""
        self._told.clear()
        for event in _EVENTS:
            status = await self._subscribe(event)
            assert status == 200, f"no hint {self._extension} at {self._box}: {status}"

    async def _subscribe(self, event: str) -> int:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        call_id = f"blf-{next(_numbers)}-{port}"
        headers = [
            ("Via", f"SIP/2.0/UDP {host}:{port};branch=z9hG4bK{call_id};rport"),
            ("From", f"<sip:120@{self._box}>;tag={call_id}"),
            ("To", f"<sip:{self._extension}@{self._box}>"),
            ("Call-ID", call_id),
            ("CSeq", "1 SUBSCRIBE"),
            ("Contact", f"<sip:120@{host}:{port}>"),
            ("Event", event),
            ("Accept", _EVENTS[event][0]),
            ("Expires", "3600"),
            ("Max-Forwards", "70"),
        ]
        answer = self._answers[call_id] = asyncio.get_running_loop().create_future()
        self._send(
            sip.Message(f"SUBSCRIBE sip:{self._extension}@{self._box} SIP/2.0", headers), self._box
        )
        return await asyncio.wait_for(answer, ANSWER_S)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """An answer, or a notification."""
        message = sip.Message.parse(data)
        if message.status:
            answer = self._answers.get(message["Call-ID"])
            if answer and not answer.done():
                answer.set_result(message.status)
        elif message.method == "NOTIFY":
            self._send(sip.reply(message, "200 OK", "blf"), f"{addr[0]}:{addr[1]}")
            event = message["Event"].partition(";")[0]
            found = _EVENTS[event][1].search(message.body)
            if found:
                self._told[event] = found[1]

    def close(self) -> None:
        """Hears no more."""
        if self._transport is not None:
            self._transport.close()

    def _send(self, message: sip.Message, to: str) -> None:
        assert self._transport is not None
        host, _, port = to.partition(":")
        self._transport.sendto(message.encode(), (host, int(port)))


@asynccontextmanager
async def lamp_key(box: str, extension: str) -> AsyncIterator[LampKey]:
    """A key at the box (address:port) for this extension."""
    key = LampKey(box, extension)
    await key.open()
    try:
        await key.subscribe()
        yield key
    finally:
        key.close()
