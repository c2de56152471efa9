"""Attended transfers into a place of the line, and transfers by agents who talk over a trunk."""

import pytest

from coordinator.protocol import Release, Replaced
from tests.engine.conftest import Box, Line


def instead(name: str) -> Replaced:
    return Replaced(
        call_id=f"a-{name}-1", uniqueid="a-9", channel="PJSIP/x-1", caller_id_num="42",
        caller_id_name="B",
    )  # fmt: skip


async def test_another_channel_gets_the_place_the_wait_and_the_offer(line: Line) -> None:
    await line.queue("sales")
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    await a.join("1")
    await a.join("2")
    assert (await line.engine.replaced(a.origin(), instead("1"))).code == "ok"
    first, second = await line.engine.callers("sales")
    assert (first.call_id, first.uniqueid, first.caller_id_num) == ("a-1-1", "a-9", "42")
    assert second.call_id == "a-2-1"
    [ring] = await a.rings()
    await a.connect(ring)
    [left] = await line.journal("caller.left")
    assert left.data["uniqueid"] == "a-1", "to queue_log it is the call that joined"


async def test_only_its_own_box_replaces_a_caller(line: Line) -> None:
    await line.queue("sales")
    a, b = await line.box("a"), await line.box("b")
    await a.join("1")
    assert (await line.engine.replaced(b.origin(), instead("1"))).code == "unknown_call"
    assert (await line.engine.replaced(a.origin(), instead("7"))).code == "unknown_call"


async def talk_abroad(line: Line) -> tuple[Box, Box]:
    """A caller of box a talks with agent 101, whose home is b."""
    await line.queue("sales")
    await line.agent("101", sales=0)
    a, b = await line.box("a"), await line.box("b", "101")
    await a.join("1")
    [ring] = await a.rings()
    await a.connect(ring)
    return a, b


async def test_a_transfer_at_home_ends_the_talk_of_another_box(line: Line) -> None:
    a, b = await talk_abroad(line)
    where = "blind|9|from-agent"
    assert (await line.engine.transferred(b.origin(), "PJSIP/101", where)).code == "ok"
    [done] = await line.journal("call.completed")
    assert (done.data["ended_by"], done.data["transfer"]) == ("transfer", where)
    assert await line.state("101") == "available"
    # So that no snapshot of box a brings the talk back.
    assert isinstance((await a.commands())[-1], Release)


@pytest.mark.parametrize("interface", ["PJSIP/101", "Local/101@agents", "Local/101@agents/n"])
async def test_a_transfer_behind_a_local_channel_ends_the_talk_of_its_own_box(
    line: Line, interface: str
) -> None:
    await line.queue("sales")
    await line.engine.put_agent("101", interface)
    await line.engine.put_member("sales", "101")
    await line.engine.login("101")
    a = await line.box("a")
    await line.engine.device(a.origin(), interface, "NOT_INUSE")
    await a.join("1")
    [ring] = await a.rings()
    await a.connect(ring)
    told = interface.removesuffix("/n")
    assert (await line.engine.transferred(a.origin(), told, "blind|9|x")).code == "ok"
    [done] = await line.journal("call.completed")
    assert (done.data["agent"], done.data["ended_by"]) == ("101", "transfer")
    assert isinstance((await a.commands())[-1], Release)


async def test_a_transfer_of_anything_else_changes_nothing(line: Line) -> None:
    a, b = await talk_abroad(line)
    for box, phone in ((b, "PJSIP/102"), (a, "PJSIP/101")):
        refused = await line.engine.transferred(box.origin(), phone, "")
        assert refused.code == "unknown_call"
    assert await line.state("101") == "talking"
