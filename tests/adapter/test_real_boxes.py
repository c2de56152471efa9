"""The adapter at real Asterisk boxes: SIPp calls, phones ring, a coordinator played by the test."""

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import pytest

from ami_adapter import epoch
from ami_adapter import lab as real_lab
from ami_adapter.lab import Box, LabStatus
from ami_adapter.lab.callers import Callers
from ami_adapter.lab.phones import Phone
from ami_adapter.settings import Settings
from coordinator.protocol import (
    Answer,
    Cancel,
    Complete,
    Connect,
    Device,
    EventFrame,
    Join,
    Leave,
    OfferEnded,
    Originate,
    Release,
    Snapshot,
    Ticket,
)
from tests.adapter.support.adapter import serving
from tests.adapter.support.coordinator import Coordinator, Linked
from tests.e2e import programs
from tests.lab.ami import connect
from tests.waiting import eventually

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120, func_only=True)]

T = TypeVar("T", Join, Leave, Connect, OfferEnded, Complete, Snapshot)

EXTENSIONS = """
[from-outside](+)
exten => continue,1,Gosub(gvq,sales,1(c))
 same => n,Goto(returned,s,1)
exten => briefly,1,Gosub(gvq,sales,1(,,,1))
 same => n,Goto(returned,s,1)
exten => announced,1,Gosub(gvq,sales,1(,,beep))
 same => n,Goto(returned,s,1)

[returned]
exten => s,1,Hangup()

[local-queues]
exten => sales,1,Wait(30)

[phones]
exten => 119,hint,PJSIP/119
"""

FALLBACK: dict[str, Any] = {"fallback_after_s": 5, "fallback_context": "local-queues"}

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabStatus]:
    """Boxes a and b, on addresses no other lab uses."""
    directory: Path = tmp_path_factory.mktemp("adapter-lab")
    address = f"127.2.{os.getpid() % 256}.11"
    yield real_lab.up(2, directory, first_address=address, extra_dialplan=EXTENSIONS)
    real_lab.remove(directory)


@pytest.fixture
async def a(lab: LabStatus) -> Box:
    """Box a, where callers call; those of the test before are gone."""
    async with connect(lab.boxes[0]) as onlooker:
        await onlooker.idle()
    return lab.boxes[0]


@pytest.fixture
def b(lab: LabStatus) -> Box:
    """Box b, to which a has a trunk."""
    return lab.boxes[1]


@dataclass
class Linkage:
    """The adapter's link, and what it began with."""

    link: Linked
    snapshot: Snapshot

    async def event(self, kind: type[T]) -> T:
        """The next event that is not a device's, which must be of this kind."""
        return (await self.frame(kind))[1]

    async def frame(self, kind: type[T], ticket: int | None = None) -> tuple[EventFrame, T]:
        """The same with its frame; a join is given this rank."""
        while True:
            frame = await self.link.event(ack=False)
            event = frame.event
            given = None
            if isinstance(event, Join) and ticket:
                given = Ticket(call_id=event.call_id, priority=0, rank=ticket, position=1)
            await self.link.ack(frame.seq, given)
            if not isinstance(event, Device):
                assert isinstance(event, kind), event
                return frame, event

    async def device(self, state: str) -> Device:
        """The next event of a phone that says this state."""
        while True:
            event = (await self.link.event()).event
            if isinstance(event, Device) and event.state == state:
                return event

    async def ring(
        self, join: Join, home: str = "a", timeout_ms: int = 15_000, agent: str = "101"
    ) -> Originate:
        """Rings an agent for this caller."""
        fence = time.time_ns() // 1000 + next(_numbers)
        command = Originate(
            offer_id=f"gvq-{fence}", fence=fence, call_id=join.call_id, uniqueid=join.uniqueid,
            queue=join.queue, agent=agent, interface=f"PJSIP/{agent}", home=home,
            timeout_ms=timeout_ms, caller_id_num=join.caller_id_num,
            caller_id_name=join.caller_id_name,
        )  # fmt: skip
        await self.link.command(f"{fence}-0", command)
        return command


@asynccontextmanager
async def adapter(box: Box, line: Coordinator, **changes: Any) -> AsyncIterator[Linkage]:
    """An adapter of this box, linked."""
    values: dict[str, Any] = {
        "coordinator_url": line.url, "box": box.name, "token": "t", "ami_host": box.address,
        "ami_username": box.adapter_username, "ami_secret": box.ami_secret,
    }  # fmt: skip
    async with serving(Settings(**values | changes)):
        yield await linked(line)


async def linked(line: Coordinator) -> Linkage:
    """The next epoch."""
    link = await line.accept()
    first = (await link.event()).event
    assert isinstance(first, Snapshot)
    return Linkage(link, first)


async def test_a_box_is_asked_which_dialplan_it_has(
    a: Box, line: Coordinator, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with adapter(a, line):
        assert "dialplan" not in caplog.text
    monkeypatch.setattr(epoch, "DIALPLAN", epoch.DIALPLAN.replace(",2,", ",9,"))
    async with adapter(a, line):
        assert "Box a has not this release's dialplan" in caplog.text


@pytest.mark.parametrize("home", ["a", "b"])
async def test_a_call_that_the_agent_ends(a: Box, b: Box, line: Coordinator, home: str) -> None:
    phones_box = {"a": a, "b": b}[home]
    async with (
        adapter(a, line) as here,
        Phone("101", phones_box.sip) as phone,
        Callers(a, "sales"),
    ):
        join = await here.event(Join)
        assert (join.queue, join.caller_id_num, join.caller_id_name) == (
            "sales", "5550001", "Caller 0001",
        )  # fmt: skip
        offer = await here.ring(join, home)
        assert (await here.event(Connect)).offer_id == offer.offer_id
        assert phone.invites[0].caller_name == "Caller 0001"
        phone.hang_up(phone.invites[0])
        assert (await here.event(Complete)).ended_by == "agent"


async def test_a_call_that_the_caller_ends(a: Box, line: Coordinator) -> None:
    async with adapter(a, line) as here, Phone("101", a.sip):
        for _ in range(5):
            async with Callers(a, "sales") as callers:
                await here.ring(await here.event(Join))
                await here.event(Connect)
                await callers.hang_up()
                assert (await here.event(Complete)).ended_by == "caller"


@pytest.mark.parametrize("extension", ["sales", "continue"])
async def test_the_agent_ends_calls_whatever_the_callers_option(
    a: Box, line: Coordinator, extension: str
) -> None:
    async with adapter(a, line) as here, Phone("101", a.sip, talk=0.05):
        for _ in range(5):
            async with Callers(a, extension):
                await here.ring(await here.event(Join))
                await here.event(Connect)
                assert (await here.event(Complete)).ended_by == "agent"


async def test_a_caller_who_abandons(a: Box, line: Coordinator) -> None:
    async with adapter(a, line) as here:
        async with Callers(a, "sales"):
            join = await here.event(Join)
        left = await here.event(Leave)
        assert (left.call_id, left.outcome) == (join.call_id, "abandoned")


async def test_a_caller_who_times_out(a: Box, line: Coordinator) -> None:
    async with adapter(a, line) as here, Callers(a, "briefly"):
        await here.event(Join)
        assert (await here.event(Leave)).outcome == "timeout"


@pytest.mark.parametrize("home", ["a", "b"])
@pytest.mark.parametrize(("refuse", "outcome"), [
    ("486 Busy Here", "busy"), ("603 Decline", "rejected"), ("480 Gone", "no_answer"),
    ("", "no_answer"), ("500 Broken", "failed"),
])  # fmt: skip
async def test_why_an_agent_did_not_answer(
    a: Box, b: Box, line: Coordinator, home: str, refuse: str, outcome: str
) -> None:
    phones_box = {"a": a, "b": b}[home]
    phone = Phone("101", phones_box.sip, answer_after=None, refuse=refuse)
    async with adapter(a, line) as here, phone, Callers(a, "sales"):
        offer = await here.ring(await here.event(Join), home, timeout_ms=300)
        ended = await here.event(OfferEnded)
        assert (ended.offer_id, ended.outcome) == (offer.offer_id, outcome), ended.reason


async def test_two_who_answer_at_once_are_told_as_winner_and_loser(
    a: Box, line: Coordinator
) -> None:
    async with (
        adapter(a, line) as here,
        Phone("101", a.sip, answer_after=None) as phone,
        Phone("102", a.sip, answer_after=None) as other,
        Callers(a, "announced"),
    ):
        join = await here.event(Join)
        offers = [await here.ring(join), await here.ring(join, agent="102")]
        for each in (phone, other):
            await each.until(lambda each=each: bool(each.active))  # type: ignore[misc]
        for each in (phone, other):
            each.answer(each.active[0])
        told: dict[str, list[str]] = {offer.offer_id: [] for offer in offers}
        while sum(map(len, told.values())) < 3:
            event = (await here.link.event()).event
            if isinstance(event, Connect | OfferEnded | Answer):
                how = event.outcome if isinstance(event, OfferEnded) else event.kind
                told[event.offer_id].append(how)
        assert sorted(told.values()) == [["answer", "connect"], ["answered_elsewhere"]]


async def test_a_phone_that_is_not_there(a: Box, line: Coordinator) -> None:
    async with adapter(a, line) as here, Callers(a, "sales"):
        await here.ring(await here.event(Join))
        assert (await here.event(OfferEnded)).outcome == "failed"


async def test_a_cancel_right_behind_its_originate(a: Box, line: Coordinator) -> None:
    async with (
        adapter(a, line) as here,
        Phone("101", a.sip, answer_after=None) as phone,
        Callers(a, "sales"),
    ):
        join = await here.event(Join)
        for n in range(20):
            offer = await here.ring(join)
            cancel = Cancel(offer_id=offer.offer_id, elsewhere=True)
            await here.link.command(f"{n + 1}-0", cancel)
            assert (await here.event(OfferEnded)).offer_id == offer.offer_id
        assert not phone.active


async def test_a_cancel_of_a_ringing_phone(a: Box, line: Coordinator) -> None:
    async with (
        adapter(a, line) as here,
        Phone("101", a.sip, answer_after=None) as phone,
        Callers(a, "sales"),
    ):
        offer = await here.ring(await here.event(Join))
        await phone.until(lambda: bool(phone.active))
        await here.link.command("1-0", Cancel(offer_id=offer.offer_id, elsewhere=True))
        await phone.until(lambda: not phone.active)
    assert "elsewhere" in phone.invites[0].reason or "cause=26" in phone.invites[0].reason


async def test_a_release(a: Box, line: Coordinator) -> None:
    async with adapter(a, line) as here, Callers(a, "continue"):
        join = await here.event(Join)
        release = Release(call_id=join.call_id, uniqueid=join.uniqueid, status="WITHDRAW")
        await here.link.command("1-0", release)
        left = await here.event(Leave)
        assert (left.outcome, left.reason) == ("redirected", "WITHDRAW")


async def test_a_caller_whose_agent_hung_up_just_before_the_bridge_is_released(
    a: Box, line: Coordinator
) -> None:
    """What such an agent leaves behind: the caller in "talking", won by a channel that is gone."""
    async with adapter(a, line) as here, Callers(a, "continue"), connect(a) as ami:
        join = await here.event(Join)
        for name, value in (("GVQ_TAKEN", "gvq-gone"), ("GVQ_STATE", "talking")):
            await ami.action("Setvar", Channel=join.uniqueid, Variable=name, Value=value)
        release = Release(call_id=join.call_id, uniqueid=join.uniqueid, status="WITHDRAW")
        await here.link.command("1-0", release)
        left = await here.event(Leave)
        assert (left.outcome, left.reason) == ("redirected", "WITHDRAW")


async def test_an_announcement_is_an_answer_before_the_bridge(a: Box, line: Coordinator) -> None:
    async with adapter(a, line) as here, Phone("101", a.sip), Callers(a, "announced"):
        offer = await here.ring(await here.event(Join))
        kinds = []
        while "connect" not in kinds:
            event = (await here.link.event()).event
            if not isinstance(event, Device):
                kinds.append(event.kind)
        assert kinds == ["answer", "connect"]
        assert offer.fence


async def test_a_new_adapter_finds_waiting_and_talking_callers(a: Box, line: Coordinator) -> None:
    async with Phone("101", a.sip) as phone, Callers(a, "sales"), AsyncExitStack() as later:
        async with adapter(a, line) as here:
            _, talking = await here.frame(Join, ticket=1_000)
            offer = await here.ring(talking)
            await here.event(Connect)
            await later.enter_async_context(Callers(a, "sales", first_number=5559001))
            _, waiting = await here.frame(Join, ticket=2_000)
            # AMI is in order: when this is done the tickets are on the channels.
            await here.link.command("1-0", Cancel(offer_id="gvq-none"))
            while await here.link.done() != "1-0":
                pass
        async with adapter(a, line) as here:
            calls = {call.join.call_id: call for call in here.snapshot.calls}
            assert {name: call.rank for name, call in calls.items()} == {
                talking.call_id: 1_000, waiting.call_id: 2_000,
            }  # fmt: skip
            assert calls[waiting.call_id].join == waiting
            assert 0 < calls[waiting.call_id].age_us < 10_000_000
            (live,) = here.snapshot.offers
            assert (live.offer_id, live.talking, live.agent) == (offer.offer_id, True, "101")
            assert here.snapshot.devices["PJSIP/101"] == "INUSE"
            phone.hang_up(phone.active[0])
            assert (await here.event(Complete)).offer_id == offer.offer_id


async def test_a_caller_who_joins_while_no_adapter_is_there(a: Box, line: Coordinator) -> None:
    async with Callers(a, "sales") as callers:
        await callers.until(lambda calls: any(c.answered for c in calls.values()))
        async with adapter(a, line) as here:
            (call,) = here.snapshot.calls
            assert call.rank is None
            await callers.hang_up()
            assert (await here.event(Leave)).outcome == "abandoned"


async def test_a_ringing_offer_outlives_the_adapter(a: Box, line: Coordinator) -> None:
    phone = Phone("101", a.sip, answer_after=None)
    async with phone, Callers(a, "sales"):
        async with adapter(a, line) as here:
            offer = await here.ring(await here.event(Join))
            await phone.until(lambda: bool(phone.active))
        async with adapter(a, line) as here:
            assert [live.talking for live in here.snapshot.offers] == [False]
            await here.link.command(f"{offer.fence}-0", offer)  # nobody said that it was done
            phone.answer(phone.active[0])
            assert (await here.event(Connect)).offer_id == offer.offer_id
        assert len(phone.invites) == 1


async def test_a_device_that_comes_and_goes(a: Box, line: Coordinator) -> None:
    async with adapter(a, line) as here:
        async with Phone("101", a.sip):
            assert (await here.device("NOT_INUSE")).interface == "PJSIP/101"
        assert (await here.device("UNAVAILABLE")).interface == "PJSIP/101"


async def test_a_hint_comes_and_goes_as_its_phone_does(a: Box, line: Coordinator) -> None:
    both = {"PJSIP/119", "hint:119@phones"}
    async with adapter(a, line) as here:
        assert here.snapshot.devices["hint:119@phones"] == "UNAVAILABLE"
        async with Phone("119", a.sip):
            assert {(await here.device("NOT_INUSE")).interface for _ in both} == both
        assert {(await here.device("UNAVAILABLE")).interface for _ in both} == both


async def test_waiting_callers_are_sent_on_when_the_coordinator_stays_away(
    a: Box, line: Coordinator
) -> None:
    async with adapter(a, line, **FALLBACK) as here, Callers(a, "sales"):
        join = await here.event(Join)
        line.refuse = HTTPStatus.SERVICE_UNAVAILABLE
        await here.link.close(1012)
        await sent_on(a)
        line.refuse = None
        again = await line.accept(seq=here.link.events[-1].seq)
        left = await Linkage(again, here.snapshot).event(Leave)
        assert (left.call_id, left.outcome) == (join.call_id, "redirected")


async def test_waiting_callers_are_sent_on_when_the_adapter_is_killed(
    a: Box, line: Coordinator, tmp_path: Path
) -> None:
    host, _, port = a.ami.partition(":")
    ami = (host, int(port), a.adapter_username, a.ami_secret)
    program = programs.adapter(a.name, "t", line.url, ami, tmp_path / "log", **FALLBACK)
    await program.start()
    here = await linked(line)
    async with Callers(a, "sales"):
        await here.event(Join)
        await program.kill()
        await sent_on(a)
        async with adapter(a, line) as again:
            assert again.snapshot.calls == []


async def sent_on(box: Box) -> None:
    """Waits until a caller is in the context of FALLBACK."""

    async def there() -> bool:
        return "local-queues" in box.cli("core show channels concise")

    await eventually(there, 20)


async def test_a_dialplan_reload_that_forgets_our_key(a: Box, line: Coordinator) -> None:
    async with adapter(a, line) as here:
        a.cli("dialplan set global GVQ_KEY forgotten")
        async with Callers(a, "sales"):
            again = await linked(line)
            assert len(again.snapshot.calls) == 1
            assert again.link.hello.epoch > here.link.hello.epoch


async def test_a_box_that_is_killed_and_comes_back(
    lab: LabStatus, a: Box, line: Coordinator
) -> None:
    async with adapter(a, line) as here:
        await asyncio.to_thread(real_lab.stop_box, lab.path, "a", kill=True)
        await here.link.ended()
        await asyncio.to_thread(real_lab.start_box, lab.path, "a")
        again = await linked(line)
        assert again.link.hello.epoch > here.link.hello.epoch
        assert again.snapshot.calls == []
        async with Callers(a, "sales"):
            await again.event(Join)
