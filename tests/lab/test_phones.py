"""A phone of the lab as a SIP user agent, towards a box that is a socket of the test's own."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ami_adapter.lab import phones, sip
from ami_adapter.lab.phones import Phone, endpoint
from tests.waiting import eventually

CALL = "call-1"


class Box(asyncio.DatagramProtocol):
    """Lets everybody register, and keeps all else that it is told."""

    def __init__(self) -> None:
        self.told: list[sip.Message] = []
        self.port = 0

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = sip.Message.parse(data)
        if message.method == "REGISTER":
            self.transport.sendto(sip.reply(message, "200 OK", "box").encode(), addr)
        else:
            self.told.append(message)

    def answers(self, request: sip.Message, phone: Phone) -> None:
        self._send(sip.reply(request, "200 OK", "box"), phone)

    def says(self, method: str, phone: Phone) -> None:
        headers = [
            ("Via", f"SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{method}"),
            ("From", "<sip:5550100@box>;tag=box"),
            ("To", "<sip:101@box>"),
            ("Call-ID", CALL),
            ("CSeq", f"1 {method}"),
            ("Contact", f"<sip:box@127.0.0.1:{self.port}>"),
        ]
        self._send(sip.Message(f"{method} sip:101@box SIP/2.0", headers), phone)

    def _send(self, message: sip.Message, phone: Phone) -> None:
        self.transport.sendto(message.encode(), endpoint(phone._here))

    def heard(self, what: str) -> list[sip.Message]:
        return [message for message in self.told if what in message.first]

    async def hears(self, what: str, times: int = 1) -> None:
        async def so() -> bool:
            return len(self.heard(what)) >= times

        await eventually(so, 10.0)


@pytest_asyncio.fixture
async def box() -> AsyncIterator[Box]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(Box, ("127.0.0.1", 0))
    yield protocol
    transport.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phones, "T1", 0.02)


async def test_a_person_who_hangs_up_at_once_is_told_of_after_the_ack(box: Box) -> None:
    """Asterisk takes no BYE before it has sent its ACK: under load the talk went on for ever."""
    async with Phone("101", f"127.0.0.1:{box.port}", talk=0.0) as phone:
        box.says("INVITE", phone)
        await phone.until(lambda: any(call.ended for call in phone.invites))
        await box.hears("200 OK", times=3)
        assert box.heard("BYE") == []
        box.says("ACK", phone)
        await box.hears("BYE")


async def test_a_bye_is_said_again_until_it_is_answered(box: Box) -> None:
    async with Phone("101", f"127.0.0.1:{box.port}") as phone:
        box.says("INVITE", phone)
        await box.hears("200 OK")
        box.says("ACK", phone)
        await phone.until(lambda: phone._dialogs[CALL].acked)
        phone.hang_up(phone.invites[0])
        await box.hears("BYE", times=3)
        box.answers(box.heard("BYE")[0], phone)
        await phone.until(lambda: phone._dialogs[CALL].resend is None)
