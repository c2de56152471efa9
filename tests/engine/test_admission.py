"""maxlen and joinempty: who gets no place, and what the box and the journal are told."""

import pytest

from coordinator.protocol import Release
from tests.engine.conftest import Box, Line


async def refused(a: Box, name: str, code: str, status: str, **more: int) -> None:
    reply = await a.join(name, "sales", **more)
    assert reply.code == code
    assert reply.data == {}
    release = Release(call_id=f"a-{name}-1", uniqueid=f"a-{name}", status=status)
    assert (await a.commands())[-1] == release


async def test_a_full_queue_takes_nobody_until_somebody_leaves(line: Line) -> None:
    await line.queue("sales", maxlen=2)
    a = await line.box("a")
    assert [(await a.join(name)).code for name in "12"] == ["ok", "ok"]
    await refused(a, "3", "queue_full", "FULL")
    assert await line.order() == ["a-1-1", "a-2-1"]
    (entry,) = await line.journal("caller.refused")
    assert (entry.data["call_id"], entry.data["outcome"]) == ("a-3-1", "full")
    await a.leave("1")
    assert (await a.join("4")).code == "ok"


async def test_a_caller_being_rung_counts_and_one_who_talks_does_not(line: Line) -> None:
    await line.queue("sales", maxlen=1)
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    await a.join("1")
    (offer,) = await a.rings()
    await refused(a, "2", "queue_full", "FULL")
    await a.connect(offer)
    assert (await a.join("3")).code == "ok"


async def test_a_refused_join_told_twice_is_told_the_same(line: Line) -> None:
    await line.queue("sales", maxlen=1)
    a = await line.box("a")
    await a.join("1")
    await refused(a, "2", "queue_full", "FULL")
    a.seq -= 1
    assert (await a.join("2")).code == "duplicate"
    assert len(await line.journal("caller.refused")) == 1


async def test_a_line_already_longer_than_a_new_maxlen_stays(line: Line) -> None:
    await line.queue("sales")
    a = await line.box("a")
    for name in "123":
        await a.join(name)
    await line.queue("sales", maxlen=2)
    await refused(a, "4", "queue_full", "FULL")
    assert await line.order() == ["a-1-1", "a-2-1", "a-3-1"]


async def _paused(line: Line, a: Box) -> None:
    await line.engine.pause("101")


async def _talking(line: Line, a: Box) -> None:
    await a.join("0")
    (offer,) = await a.rings()
    await a.connect(offer)


async def _ringing(line: Line, a: Box) -> None:
    await a.join("0")


async def _on_another_call(line: Line, a: Box) -> None:
    await a.device("101", "INUSE")


async def _unregistered(line: Line, a: Box) -> None:
    await a.device("101", "UNAVAILABLE")


async def _nowhere(line: Line, a: Box) -> None:
    await a.device("101", "INVALID")


async def _unknown(line: Line, a: Box) -> None:
    await a.device("101", "UNKNOWN")


async def _wraps_up(line: Line, a: Box) -> None:
    await _talking(line, a)
    (made,) = await line.journal("call.connected")
    await line.engine.complete(a.origin(), made.data["offer_id"], made.data["fence"], "agent")


async def _wraps_up_paused(line: Line, a: Box) -> None:
    await _wraps_up(line, a)
    await line.engine.pause("101")


CASES = [
    ("paused", _paused), ("inuse", _talking), ("inuse", _on_another_call), ("ringing", _ringing),
    ("unavailable", _unregistered), ("invalid", _nowhere), ("unknown", _unknown),
    ("wrapup", _wraps_up), ("wrapup", _wraps_up_paused),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "happens"), CASES)
async def test_nobody_joins_while_a_condition_holds_for_every_member(
    line: Line, condition: str, happens: object
) -> None:
    await line.queue("sales", joinempty=condition, wrapuptime=60)
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    await happens(line, a)  # type: ignore[operator]
    await refused(a, "1", "queue_empty", "JOINEMPTY")
    await line.agent("102", sales=0)
    await a.device("102")
    assert (await a.join("2")).code == "ok", "one for whom it does not hold is enough"


async def _held(line: Line, a: Box) -> None:
    await _talking(line, a)
    await a.device("101", "ONHOLD")


async def _second_call(line: Line, a: Box) -> None:
    await _talking(line, a)
    await a.device("101", "RINGINUSE")


@pytest.mark.parametrize("device", ["BUSY", "ONHOLD", "RINGINUSE"])
async def test_inuse_is_one_state_of_the_phone_as_in_app_queue(line: Line, device: str) -> None:
    """get_member_status() compares with AST_DEVICE_INUSE; RINGINUSE is not RINGING either."""
    await line.queue("sales", joinempty="inuse,ringing")
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    await a.device("101", device)
    assert (await a.join("1")).code == "ok"


@pytest.mark.parametrize("happens", [_held, _second_call])
async def test_nor_is_another_in_a_talk_of_the_queues(line: Line, happens: object) -> None:
    await line.queue("sales", joinempty="inuse,ringing")
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    await happens(line, a)  # type: ignore[operator]
    assert (await a.join("1")).code == "ok"


async def test_a_phone_is_unavailable_where_a_box_knows_it_and_invalid_where_none_does(
    line: Line,
) -> None:
    """joinempty=no is satisfied by a phone that is configured and switched off."""
    await line.queue("sales", joinempty="paused,penalty,invalid")
    await line.agent("101", sales=0)
    a, b = await line.box("a", "101"), await line.box("b")
    await b.device("101", "UNAVAILABLE")
    await a.device("101", "INVALID")
    assert await line.state("101") == "unregistered"
    assert (await a.join("1")).code == "ok", "box b knows it"
    await b.snapshot()
    await refused(a, "2", "queue_empty", "JOINEMPTY")
    await line.queue("sales", joinempty="unavailable")
    assert (await a.join("3")).code == "ok"
    await b.device("101", "UNAVAILABLE")
    await refused(a, "4", "queue_empty", "JOINEMPTY")


async def test_another_condition_keeps_nobody_out(line: Line) -> None:
    await line.queue("sales", joinempty="ringing,wrapup,unknown")
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    await line.engine.pause("101")
    assert (await a.join("1")).code == "ok"


async def test_an_agent_who_is_logged_out_is_not_there(line: Line) -> None:
    await line.queue("sales", joinempty="wrapup")
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    await line.engine.logout("101")
    await refused(a, "1", "queue_empty", "JOINEMPTY")


async def test_among_few_members_penalties_keep_nobody_out(line: Line) -> None:
    """penaltymemberslimit: app_queue looks at the window all the same."""
    await line.queue("sales", joinempty="penalty", leavewhenempty="penalty", penaltymemberslimit=1)
    await line.agent("101", sales=5)
    a = await line.box("a", "101")
    await a.device("101", "INUSE")
    assert (await a.join("1", max_penalty=4)).code == "ok"
    assert await line.order() == ["a-1-1"]
    await line.agent("102", sales=5)
    assert await line.order() == [], "with two they count"


async def test_penalty_is_by_the_callers_own_window(line: Line) -> None:
    await line.queue("sales", joinempty="penalty")
    await line.agent("101", sales=5)
    a = await line.box("a", "101")
    await refused(a, "1", "queue_empty", "JOINEMPTY", max_penalty=4)
    assert (await a.join("2", max_penalty=5)).code == "ok"


async def test_without_conditions_a_queue_without_members_takes_callers(line: Line) -> None:
    await line.queue("sales")
    a = await line.box("a")
    assert (await a.join("1")).code == "ok"
