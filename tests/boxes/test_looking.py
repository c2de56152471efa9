"""How queues stand, for a box's dialplan: over a link to the line, of callers at all boxes."""

import asyncio
from typing import Any

import pytest

from coordinator.boxes import looking
from coordinator.line.engine import Engine
from coordinator.line.types import MemberSettings, QueueSettings
from coordinator.protocol import (
    Complete,
    Connect,
    Device,
    Figures,
    Logged,
    Look,
    MemberFigures,
    Seen,
)
from tests.boxes.conftest import Replica
from tests.boxes.peer import Peer

NOBODY: dict[str, Any] = {
    "waiting": 0, "logged": 0, "free": 0, "ready": 0, "count": 0, "members": [], "maxlen": 0,
    "strategy": "ringall", "hold_s": 0, "talk_s": 0, "completed": 0, "abandoned": 0, "level_s": 0,
    "level_percent": 0.0,
}  # fmt: skip


def look(queue: str = "sales", number: int = 1, **more: Any) -> Look:
    return Look(uniqueid="a-1.1", number=number, queue=queue, **more)


async def figures(box: Peer, queue: str = "sales", **more: Any) -> Figures:
    """What this box's dialplan is told of a queue that there is."""
    seen = await box.looks(look(queue, **more))
    assert (seen.uniqueid, seen.number, seen.result) == ("a-1.1", 1, "FOUND")
    assert seen.figures
    return seen.figures


@pytest.fixture
async def a(one: Replica) -> Peer:
    """Box a, without phones: queue sales has members 101 and 102, who are at work and nowhere."""
    return await one.linked("a")


@pytest.fixture
def line(one: Replica) -> Engine:
    return one.engine


async def test_an_empty_queue(a: Peer, line: Engine) -> None:
    await line.put_queue("help", QueueSettings())
    assert await figures(a, "help") == Figures(**NOBODY)


@pytest.mark.parametrize("queue", ["nowhere", "Sales", "", "sales:x", "a b,c"])
async def test_a_queue_that_is_not_there(a: Peer, queue: str) -> None:
    """Names are those by which callers join: `Sales` is none."""
    seen = Seen(uniqueid="a-1.1", number=7, result="NOSUCHQUEUE")
    assert await a.looks(look(queue, 7)) == seen


async def test_callers_of_all_boxes_are_counted_and_named(a: Peer, one: Replica) -> None:
    """Also who is being rung for, as in app_queue; not who talks."""
    b, c = await one.linked("b", "101"), await one.linked("c")
    await b.tell(b.caller("1"))
    await b.rung()
    await c.tell(c.caller("2", priority=5))
    await c.tell(c.caller("3"))
    assert (await figures(a)).waiting == 3
    found = [await figures(a, position=place) for place in (1, 2, 3, 4)]
    named = [("PJSIP/t-2", "c"), ("PJSIP/t-1", "b"), ("PJSIP/t-3", "c"), ("", "")]
    assert [(f.channel, f.box) for f in found] == named


async def test_a_channel_whose_name_is_no_word_is_not_named(a: Peer) -> None:
    await a.tell(a.caller("1").model_copy(update={"channel": 'x",System(rm)'}))
    told = await figures(a)
    assert (told.waiting, told.channel, told.box) == (1, "", "a")


async def test_members_are_counted_as_app_queue_counts_them(
    a: Peer, one: Replica, line: Engine
) -> None:
    """logged, free, ready: of seven members one after the other, each as the comment says."""
    phones = ("103", "104", "105", "106", "107")
    for name in phones:
        await line.put_agent(name, f"PJSIP/{name}")
        await line.put_member("sales", name, MemberSettings(penalty=int(name) - 100))
        await line.login(name)
    counts = await figures(a)  # nobody's phone is anywhere
    assert (counts.count, counts.logged, counts.free, counts.ready) == (7, 0, 0, 0)
    b = await one.linked("b", "101", "102", *phones)  # all are free
    counts = await figures(a)
    assert (counts.count, counts.logged, counts.free, counts.ready) == (7, 7, 7, 7)
    await line.logout("107")  # is no longer reached
    await line.pause("102", "lunch")  # is logged in
    await line.pause("103", queue="sales")
    await b.tell(Device(interface="PJSIP/104", state="INUSE"))
    await b.tell(Device(interface="PJSIP/105", state="UNKNOWN"))
    counts = await figures(a)
    assert (counts.count, counts.logged, counts.free, counts.ready) == (7, 6, 2, 2)
    names = ("101", "102", *phones)
    assert counts.members == [f"PJSIP/{name}" for name in names], "as they were added"


async def test_who_rings_or_talks_is_not_free_and_who_wraps_up_is_free_and_not_ready(
    a: Peer, one: Replica, line: Engine
) -> None:
    settings = QueueSettings(strategy="linear", wrapuptime=600, servicelevel=60, maxlen=9)
    await line.put_queue("sales", settings)
    await a.tell(Device(interface="PJSIP/101", state="NOT_INUSE"))
    await a.tell(a.caller("1"))
    rung = await a.rung()
    counts = await figures(a)
    assert (counts.logged, counts.free, counts.ready, counts.waiting) == (1, 0, 0, 1)
    fence: Any = {"offer_id": rung.offer_id, "fence": rung.fence}
    await a.tell(Connect(**fence))
    counts = await figures(a)
    assert (counts.logged, counts.free, counts.ready, counts.waiting) == (1, 0, 0, 0)
    await a.tell(Complete(**fence, ended_by="caller"))
    counts = await figures(a)
    assert (counts.logged, counts.free, counts.ready) == (1, 1, 0)
    assert (counts.completed, counts.abandoned, counts.level_percent) == (1, 0, 100.0)
    assert (counts.level_s, counts.maxlen, counts.strategy) == (60, 9, "linear")


@pytest.mark.parametrize("interface", ["PJSIP/101", "pjsip/101"])
async def test_a_member_is_told_of(a: Peer, line: Engine, interface: str) -> None:
    async def member() -> MemberFigures | None:
        return (await a.looks(look(interface=interface))).member

    assert await member() == MemberFigures(penalty=0, paused=False, ringinuse=False)
    await line.put_member("sales", "101", MemberSettings(penalty=4, ringinuse=True, paused=True))
    assert await member() == MemberFigures(penalty=4, paused=True, ringinuse=True)
    await line.put_member("sales", "101", MemberSettings(penalty=4))
    await line.pause("101")
    assert await member() == MemberFigures(penalty=4, paused=True, ringinuse=False)


async def test_who_is_no_member_has_no_figures(a: Peer, line: Engine) -> None:
    await line.put_queue("help", QueueSettings())
    for queue, interface in (("sales", "PJSIP/999"), ("help", "PJSIP/101"), ("sales", "")):
        seen = await a.looks(look(queue, interface=interface))
        assert (seen.result, seen.member) == ("FOUND", None)


async def test_a_line_that_is_away_is_told(
    a: Peer, line: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(queue: str) -> None:
        raise ConnectionError("no Redis")

    monkeypatch.setattr(line, "queue", away)
    assert (await a.looks(look())).result == "LINEAWAY"


class Slow:
    """Reading a queue's members takes until `go` is set; `begun` and `times` tell of it."""

    def __init__(self, read: Any) -> None:
        self.go, self.begun, self.times, self._read = asyncio.Event(), asyncio.Event(), 0, read

    async def __call__(self, queue: str) -> Any:
        self.times += 1
        self.begun.set()
        await self.go.wait()
        return await self._read(queue)


@pytest.fixture
def slow(line: Engine, monkeypatch: pytest.MonkeyPatch) -> Slow:
    """The line reads members only when it is let."""
    slow = Slow(line.members)
    monkeypatch.setattr(line, "members", slow)
    return slow


async def test_looks_that_take_long_hold_up_no_caller_and_too_many_hear_so_at_once(
    a: Peer, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "ANSWER_S", 600.0)
    a.send(look(number=1))
    await slow.begun.wait()
    for number in range(2, looking.WAITING + 20):
        a.send(look(number=number))
    assert (await a.tell(a.caller("1"))).code == "ok"
    refused = [await a.seen() for _ in range(18)]
    assert {seen.result for seen in refused} == {"LINEAWAY"}
    assert refused[-1].number == looking.WAITING + 19
    slow.go.set()
    answered = [await a.seen() for _ in range(looking.WAITING + 1)]
    assert {seen.result for seen in answered} == {"FOUND"}
    assert [seen.number for seen in answered] == list(range(1, looking.WAITING + 2))
    assert slow.times == 2, "those who waited together share one reading"
    assert (await figures(a)).waiting == 1


async def test_a_look_whose_dialplan_has_gone_on_is_not_worked_off(
    a: Peer, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    a.send(look(number=1))
    await slow.begun.wait()
    monkeypatch.setattr(looking, "ANSWER_S", 0.0)
    a.send(look(number=2))  # nobody waits for this one when its turn comes
    assert (await a.tell(a.caller("1"))).code == "ok"
    monkeypatch.setattr(looking, "ANSWER_S", 600.0)
    a.send(look(number=3))
    assert (await a.tell(a.caller("2"))).code == "ok"
    slow.go.set()
    assert [(await a.seen()).number for _ in range(2)] == [1, 3]


async def test_a_line_for_queue_log_is_journalled_once_in_its_place(a: Peer, line: Engine) -> None:
    """Sent again it is known for a duplicate, as any event is."""
    said = Logged(queue="sales", uniqueid="17.1", interface="NONE", event="MINE", message="x|y")
    await a.tell(a.caller("1"))
    assert (await a.tell(said)).code == "ok"
    a.seq -= 1
    assert (await a.tell(said)).code == "duplicate"
    await a.tell(a.caller("2"))
    kinds = ("caller.joined", "queue.logged")
    entries = [entry for entry in await line.journal() if entry.type in kinds]
    assert [entry.type for entry in entries] == [kinds[0], kinds[1], kinds[0]]
    assert entries[1].data == said.model_dump(exclude={"kind"}) | {"box": "a"}
