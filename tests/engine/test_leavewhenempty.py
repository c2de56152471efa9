"""leavewhenempty: who waits where nobody counts is let go, in the step that shows it."""

import pytest

from coordinator.line.types import MemberSettings
from coordinator.protocol import Release
from tests.engine.conftest import Box, Line


async def furnished(line: Line, **settings: str) -> Box:
    """Queue sales with agent 101, both talking to box a; 1 talks, 2 and 3 wait."""
    await line.queue("sales", **settings)
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    for name in "123":
        await a.join(name)
    await a.connect((await a.rings())[0])
    return a


async def released(a: Box) -> list[tuple[str, str]]:
    return [(c.call_id, c.status) for c in await a.commands() if isinstance(c, Release)]


async def test_all_who_wait_leave_when_the_last_member_goes(line: Line) -> None:
    a = await furnished(line, leavewhenempty="unavailable")
    await line.engine.logout("101")
    assert await line.order() == []
    assert await released(a) == [("a-2-1", "LEAVEEMPTY"), ("a-3-1", "LEAVEEMPTY")]
    left = await line.journal("caller.left")
    assert [(e.data["call_id"], e.data["outcome"], e.data["by"]) for e in left[1:]] == [
        ("a-2-1", "leave_empty", "line"), ("a-3-1", "leave_empty", "line"),
    ]  # fmt: skip


async def test_a_pause_empties_where_paused_is_a_condition_only(line: Line) -> None:
    await furnished(line, leavewhenempty="paused")
    await line.queue("support")
    await line.engine.put_member("support", "101")
    b = await line.box("b")
    await b.join("4", "support")
    await line.engine.pause("101")
    assert await line.order("sales") == []
    assert await line.order("support") == ["b-4-1"]


async def test_one_member_who_counts_is_enough(line: Line) -> None:
    a = await furnished(line, leavewhenempty="paused")
    await line.agent("102", sales=7)
    await line.engine.pause("101")
    assert await line.order() == ["a-2-1", "a-3-1"]
    assert await released(a) == []


async def test_a_caller_being_rung_is_not_let_go_before_the_ring_is_over(line: Line) -> None:
    await line.queue("sales", leavewhenempty="ringing,paused", timeout=15)
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    await a.join("1")
    (offer,) = await a.rings()
    await line.engine.pause("101")
    assert await line.order() == ["a-1-1"]
    await a.ended(offer)
    assert await line.order() == []


async def test_nor_while_ringall_rings_for_it(line: Line) -> None:
    await line.queue("sales", strategy="ringall", leavewhenempty="ringing")
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    await a.join("1", max_penalty=0)
    assert await line.order() == ["a-1-1"]


async def test_who_comes_where_nobody_counts_is_let_go_at_once(line: Line) -> None:
    await line.queue("sales", leavewhenempty="paused")
    a = await line.box("a")
    assert (await a.join("1")).code == "ok"
    assert await released(a) == [("a-1-1", "LEAVEEMPTY")]


async def test_penalty_is_by_each_callers_own_window(line: Line) -> None:
    await line.queue("sales", leavewhenempty="penalty")
    await line.agent("101", sales=5)
    a = await line.box("a")
    await a.join("1", max_penalty=4)
    await a.join("2", max_penalty=5)
    assert await line.order() == ["a-2-1"]
    await line.engine.put_member("sales", "101", MemberSettings(6))
    assert await line.order() == []


async def test_the_setting_takes_effect_at_once(line: Line) -> None:
    await furnished(line)
    await line.engine.logout("101")
    assert await line.order() == ["a-2-1", "a-3-1"]
    await line.queue("sales", leavewhenempty="unavailable")
    assert await line.order() == []


async def test_nobody_leaves_while_boxes_are_awaited(line: Line) -> None:
    """A coordinator's restart: that no phone can be seen then says nothing about agents."""
    await line.engine.start("run")
    a = await furnished(line, leavewhenempty="paused")
    await line.engine.start("run")
    await line.engine.pause("101")
    assert await line.order() == ["a-2-1", "a-3-1"]
    await line.engine.heartbeat("a", a.link)
    assert await line.order() == []
    assert len(await released(a)) == 2


@pytest.mark.parametrize("callers", [200, 201, 450])
async def test_a_long_line_leaves_in_parts(line: Line, callers: int) -> None:
    await line.queue("sales")
    a = await line.box("a")
    for number in range(callers):
        await a.join(str(number))
    await line.queue("sales", leavewhenempty="paused")
    assert len(await line.order()) == callers - 200
    for _ in range(callers // 200):
        await line.engine.tick()
    assert await line.order() == []
