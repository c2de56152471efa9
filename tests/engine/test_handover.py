"""A coordinator or Redis is out of reach: the box that is back first does not overtake."""

import pytest

from coordinator.line.engine import Engine
from coordinator.line.scripts import Timing
from coordinator.protocol import WaitingCall
from tests.engine.conftest import SECOND, Box, Line


async def relink(box: Box, owner: str) -> None:
    """The same adapter, in the same epoch, over a new connection to that coordinator."""
    box.links += 1
    box.link = f"{box.instance}-{box.links}"
    reply = await box.line.engine.attach(box.name, box.link, box.instance, box.epoch, owner)
    box.seq = int(reply.data["seq"])


async def beat(*boxes: Box) -> None:
    for box in boxes:
        await box.line.engine.heartbeat(box.name, box.link)


async def furnished(line: Line) -> tuple[Box, Box]:
    """Boxes a and b at coordinator-1; queue sales with agent 101, whose phone is at b, in use."""
    await line.engine.start("run")
    await line.queue("sales")
    await line.agent("101", sales=0)
    a, b = await line.box("a"), await line.box("b", "101")
    await b.device("101", "INUSE")
    await beat(a, b)
    return a, b


async def old_is_first(line: Line, a: Box, b: Box, owner: str) -> None:
    """Old joined at a before young did at b; b is back first, with young and the free agent."""
    await relink(b, owner)
    await b.join("young", age_us=400_000)
    await b.device("101")
    await beat(b)
    assert await b.rings() == []
    line.wait(0.3)
    await relink(a, owner)
    await a.join("old", age_us=1_200_000)
    await beat(a)
    assert [ring.call_id for ring in await a.rings()] == ["a-old-1"]


async def test_its_boxes_come_to_another_coordinator_at_different_moments(line: Line) -> None:
    a, b = await furnished(line)
    line.wait(1)
    await old_is_first(line, a, b, "coordinator-2")
    (held,) = await line.journal("line.held")
    assert held.data["reason"] == "coordinator gone"


async def test_both_coordinators_were_gone_and_the_second_is_back_first(line: Line) -> None:
    a, b = await furnished(line)
    await relink(b, "coordinator-2")
    await beat(b, a)
    line.wait(1)
    await line.engine.start("run")
    await old_is_first(line, a, b, "coordinator-2")


async def test_a_link_that_was_closed_goes_elsewhere_and_nobody_waits(line: Line) -> None:
    _, b = await furnished(line)
    await line.engine.unlink("b", b.link)
    await relink(b, "coordinator-2")
    await b.device("101")
    await b.join("1")
    assert len(await b.rings()) == 1
    assert await line.journal("line.held") == []


@pytest.mark.parametrize("first", ["tick", "attach"])
async def test_redis_was_out_of_reach_of_every_coordinator(line: Line, first: str) -> None:
    line.engine = Engine(line.redis, line.tenant, Timing(quiet_s=3.0), clock=lambda: line.now)
    a, b = await furnished(line)
    old = int((await a.join("old")).data["rank"])
    young = int((await b.join("young")).data["rank"])
    line.wait(8)
    if first == "tick":
        await line.engine.tick()
    await b.attach()
    mine = WaitingCall(join=b.call("young"), age_us=8 * SECOND, rank=young)
    await b.snapshot([mine], devices={"PJSIP/101": "NOT_INUSE"})
    await beat(b)
    assert await b.rings() == []
    await a.attach()
    await a.snapshot([WaitingCall(join=a.call("old"), age_us=8 * SECOND, rank=old)])
    await beat(a)
    assert [ring.call_id for ring in await a.rings()] == ["a-old-1"]
    assert await line.journal("box.detached") == []


async def test_a_box_alone_falls_silent_and_is_detached(line: Line) -> None:
    """Its silence is not taken for the coordinators', which tick on."""
    line.engine = Engine(line.redis, line.tenant, Timing(quiet_s=3.0), clock=lambda: line.now)
    a = await line.box("a")
    await beat(a)
    for _ in range(6):
        line.wait(1)
        await line.engine.tick()
    assert len(await line.journal("box.detached")) == 1
