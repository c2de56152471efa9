"""A queue's figures, and what the journal says for those who show them."""

import pytest

from coordinator.errors import Refused
from coordinator.journal import Entry
from coordinator.line.types import MemberSettings
from tests.engine.conftest import Line


async def _talk(line: Line, waiting_s: float = 0) -> None:
    """101 is a member of sales and talks with the caller 1, who waited so long."""
    await line.queue("sales", servicelevel=20)
    a = await line.box("a", "101")
    await a.join("1")
    line.wait(waiting_s)
    await line.agent("101", sales=3)
    (offer,) = await a.rings()
    await a.connect(offer)
    line.wait(60)
    await a.complete(offer)


async def _one(line: Line, kind: str) -> Entry:
    (entry,) = await line.journal(kind)
    return entry


@pytest.mark.parametrize(("waiting_s", "in_level"), [(20, 1), (20.001, 0)])
async def test_the_completed_within_the_service_level(
    line: Line, waiting_s: float, in_level: int
) -> None:
    await _talk(line, waiting_s)
    sales = await line.engine.queue("sales")
    assert (sales.completed, sales.completed_in_level) == (1, in_level)


@pytest.mark.parametrize(("waiting_s", "in_level"), [(20, 1), (20.001, 0)])
async def test_the_abandoned_within_the_service_level(
    line: Line, waiting_s: float, in_level: int
) -> None:
    await line.queue("sales", servicelevel=20)
    a = await line.box("a")
    await a.join("1")
    line.wait(waiting_s)
    await a.leave("1")
    sales = await line.engine.queue("sales")
    assert (sales.abandoned, sales.abandoned_in_level) == (1, in_level)


async def test_a_reset_queue_counts_from_nothing(line: Line) -> None:
    await _talk(line)
    await line.box("b")
    await line.engine.reset_queue("sales")
    sales = await line.engine.queue("sales")
    assert (sales.completed, sales.completed_in_level, sales.hold_us, sales.talk_us) == (0, 0, 0, 0)
    membership = (await line.engine.agent("101")).memberships["sales"]
    assert (membership.penalty, membership.calls) == (3, 0)
    assert (await _one(line, "queue.reset")).data == {"queue": "sales", "by": "api"}


async def test_a_reset_touches_neither_callers_nor_the_members_order(line: Line) -> None:
    await line.queue("sales", "fewestcalls")
    a = await line.box("a", "101", "102")
    await line.agent("102", sales=0)
    await line.agent("101", sales=0)
    for name in ("1", "2", "3"):
        await a.join(name)
    for offer in await a.rings():
        await a.connect(offer)
        await a.complete(offer)
    (third,) = await a.rings()
    await a.ended(third, "busy")
    before = await line.order()
    await line.engine.reset_queue("sales")
    assert await line.order() == before
    orders = [(await line.engine.agent(a)).memberships["sales"].order for a in ("102", "101")]
    assert orders == sorted(orders)


async def test_fewestcalls_counts_from_nothing_at_once(line: Line) -> None:
    """102 has served one and 101 none; after the reset the first member comes first again."""
    await line.queue("sales", "fewestcalls")
    a = await line.box("a", "101", "102")
    await line.agent("102", sales=0)
    await a.join("1")
    (offer,) = await a.rings()
    await a.connect(offer)
    await a.complete(offer)
    await line.agent("101", sales=0)
    await line.engine.reset_queue("sales")
    await a.join("2")
    (again,) = await a.rings()
    assert again.agent == "102"


async def test_no_reset_of_a_queue_nobody_knows(line: Line) -> None:
    with pytest.raises(Refused, match="There is no queue named 'sales'"):
        await line.engine.reset_queue("sales")


async def test_how_many_are_in_the_queue_is_told_at_joining_and_leaving(line: Line) -> None:
    await line.queue("sales")
    a = await line.box("a")
    await a.join("1")
    await a.join("2")
    await a.leave("1")
    told = [(e.type, e.data["count"]) for e in await line.journal("caller.joined", "caller.left")]
    assert told == [("caller.joined", 1), ("caller.joined", 2), ("caller.left", 1)]
    assert (await line.journal("caller.joined"))[0].data["uniqueid"] == "a-1"
    assert (await line.engine.callers("sales"))[0].uniqueid == "a-2"


async def test_a_pause_is_told_whatever_the_agent_does(line: Line) -> None:
    """Its state stays `talking`, so that no other entry says it."""
    await line.queue("sales")
    a = await line.box("a", "101")
    await line.agent("101", sales=0)
    await a.join("1")
    (offer,) = await a.rings()
    await a.connect(offer)
    await line.engine.pause("101", "lunch")
    await line.engine.pause("101", "lunch")
    await line.engine.unpause("101")
    of = {"agent": "101", "interface": "PJSIP/101", "logged_in": 1, "queues": ["sales"]}
    assert [e.data for e in await line.journal("agent.changed")][1:] == [
        {**of, "change": "pause", "paused": 1, "reason": "lunch", "by": "api"},
        {**of, "change": "unpause", "paused": 0, "by": "api"},
    ]
    assert await line.state("101") == "talking"


async def test_another_reason_is_told(line: Line) -> None:
    await line.agent("101")
    await line.engine.pause("101", "lunch")
    await line.engine.pause("101", "meeting")
    told = [e.data["reason"] for e in await line.journal("agent.changed") if "reason" in e.data]
    assert told == ["lunch", "meeting"]


async def test_since_when_an_agent_is_at_work_and_paused(line: Line) -> None:
    await line.agent("101")
    begun = line.now
    line.wait(60)
    await line.engine.login("101")
    await line.engine.pause("101", "lunch")
    view = await line.engine.agent("101")
    assert (view.logged_in, view.logged_in_us) == (True, begun), "logging in again is no login"
    assert (view.paused, view.pause_reason, view.paused_us) == (True, "lunch", line.now)


async def test_a_new_member_another_penalty_and_one_removed_are_told_apart(line: Line) -> None:
    await _talk(line)
    await line.engine.put_member("sales", "101", MemberSettings(5))
    await line.engine.delete_member("sales", "101")
    told = [
        {name: e.data[name] for name in ("penalty", "added", "calls", "removed")}
        for e in await line.journal("member.changed")
    ]
    assert told == [
        {"penalty": 3, "added": 1, "calls": 0, "removed": 0},
        {"penalty": 5, "added": 0, "calls": 1, "removed": 0},
        {"penalty": 5, "added": 0, "calls": 1, "removed": 1},
    ]
