"""A transition that fails midway, by a defect: Redis takes nothing back, and yet nothing is lost.

The defect is forced by giving a key another type, so that the step raises where it uses it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.exceptions import OutOfMemoryError, ResponseError

from coordinator.errors import Refused
from coordinator.line import keys
from coordinator.line.engine import TransitionFailed
from coordinator.protocol import Release, WaitingCall
from coordinator.redis_client import is_outage
from tests.engine.conftest import Box, Line


@asynccontextmanager
async def no_commands_to(line: Line, box: str) -> AsyncIterator[None]:
    """Each step that commands the box fails there."""
    key = keys.key(line.tenant, "commands", box)
    await line.redis.set(key, "no stream")
    yield
    await line.redis.delete(key)


async def doubted(line: Line, box: Box) -> bool:
    """Whether the line wants a snapshot before anything else."""
    reply = await line.engine.heartbeat(box.name, box.link)
    return reply.data.get("fresh") == "1"


async def test_an_event_that_fails_midway_is_told_again_by_a_snapshot(line: Line) -> None:
    await line.queue("sales", retry=0)
    await line.agent("101", sales=0)
    a, c = await line.box("a"), await line.box("c", "101")
    async with no_commands_to(line, "a"):
        with pytest.raises(TransitionFailed, match=r"'join' failed: WRONGTYPE"):
            await a.join("1")
    assert await doubted(line, a)
    assert not await doubted(line, c)
    assert (await a.leave("1")).code == "snapshot_required"
    reply = await a.attach(epoch=a.epoch)
    assert reply.data == {"seq": "0", "fresh": "1"}
    await a.snapshot([WaitingCall(join=a.call("1"), age_us=0)])
    assert [ring.call_id for ring in await a.rings()] == ["a-1-1"]
    assert await line.order() == ["a-1-1"]


async def test_a_request_that_fails_midway_makes_the_callers_box_begin_anew(line: Line) -> None:
    await line.queue("sales")
    a, b = await line.box("a"), await line.box("b")
    rank = int((await a.join("1")).data["rank"])
    await b.join("2")
    async with no_commands_to(line, "a"):
        with pytest.raises(TransitionFailed, match="'withdraw'"):
            await line.engine.withdraw("a-1-1")
    assert await line.order() == ["b-2-1"], "half done: gone from the line, and the box not told"
    assert (await doubted(line, a), await doubted(line, b)) == (True, False)
    await a.attach()
    await a.snapshot([WaitingCall(join=a.call("1"), age_us=0, rank=rank)])
    assert await line.order() == ["a-1-1", "b-2-1"]
    await line.engine.withdraw("a-1-1")
    assert [type(command) for command in await a.commands()] == [Release]


async def test_a_timer_that_fails_stops_no_other_and_comes_again(line: Line) -> None:
    await line.queue("sales", timeout=1, retry=600)
    for agent in ("101", "102"):
        await line.agent(agent, sales=0)
    a, b = await line.box("a", "101", "102"), await line.box("b")
    await a.join("1")
    await b.join("2")

    async def expired() -> list[str]:
        return [str(entry.data["call_id"]) for entry in await line.journal("offer.ended")]

    line.wait(4)
    for box in (a, b):
        await line.engine.heartbeat(box.name, box.link)
    line.wait(3)
    async with no_commands_to(line, "a"):
        with pytest.raises(TransitionFailed, match="'tick'"):
            await line.engine.tick()
    assert await expired() == ["b-2-1"]
    line.wait(5)
    for box in (a, b):
        await line.engine.heartbeat(box.name, box.link)
    await line.engine.tick()
    assert await expired() == ["b-2-1", "a-1-1"]


async def test_whom_a_failed_step_did_not_match_is_matched_later(line: Line) -> None:
    await line.queue("sales")
    for agent in ("101", "102"):
        await line.agent(agent, sales=0)
    a, b = await line.box("a"), await line.box("b")
    await a.join("1")
    await b.join("2")
    c = Box(line, "c")
    await c.attach()
    phones = {"PJSIP/101": "NOT_INUSE", "PJSIP/102": "NOT_INUSE"}
    async with no_commands_to(line, "a"):
        with pytest.raises(TransitionFailed, match="'snapshot'"):
            await c.snapshot(devices=phones)
    assert await doubted(line, c)
    await c.attach()
    await c.snapshot(devices=phones)
    assert await doubted(line, a), "the offer that failed was for its caller"
    assert await b.rings() == []
    line.wait(5)
    for box in (a, b, c):
        await line.engine.heartbeat(box.name, box.link)
    await line.engine.tick()
    assert [ring.call_id for ring in await b.rings()] == ["b-2-1"]


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (OutOfMemoryError("command not allowed", status_code="OOM"), True),
        (ResponseError("MISCONF Errors writing to the AOF file: No space left on device"), True),
        (ResponseError("NOREPLICAS Not enough good replicas to write."), True),
        (ResponseError("BUSY Valkey is busy running a script."), True),
        (ResponseError("OOM command not allowed. script: gvq_1_join, on @user_function:9."), False),
        (ResponseError("WRONGTYPE Operation against a key. script: gvq_1_join, on @x:9."), False),
        (ResponseError("ERR user_function:9: attempt to index a nil value script: x"), False),
    ],
)
def test_what_counts_as_an_outage(error: ResponseError, outage: bool) -> None:
    assert is_outage(error) == outage


async def test_a_timer_that_fails_does_not_keep_from_matching_whom_another_freed(
    line: Line,
) -> None:
    await line.queue("sales", retry=5)
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    await a.join("1")
    (ring,) = await a.rings()
    await a.ended(ring)
    line.wait(5)
    await line.engine.heartbeat(a.name, a.link)
    await line.redis.set(keys.key(line.tenant, "agent", "poison"), "no hash")
    await line.redis.zadd(keys.key(line.tenant, "timers"), {"agent:poison": line.now})
    with pytest.raises(TransitionFailed, match="'tick'"):
        await line.engine.tick()
    assert [ring.call_id for ring in await a.rings()] == ["a-1-1"]


@pytest.mark.parametrize("lost", ["record", "open"])
async def test_a_caller_in_the_index_alone_is_taken_out_and_the_next_is_served(
    line: Line, lost: str
) -> None:
    """A record evicted or lost must not make the match go round for ever."""
    await line.queue("sales")
    await line.agent("101", sales=0)
    a, b = await line.box("a"), await line.box("b", "101")
    await b.device("101", "INUSE")
    for name in ("1", "2"):
        await a.join(name)
    record = keys.key(line.tenant, "call", "a-1-1")
    if lost == "record":
        await line.redis.delete(record)
    else:
        await line.redis.hset(record, "open", "")
    async with asyncio.timeout(5):
        await b.device("101", "NOT_INUSE")
    assert [ring.call_id for ring in await a.rings()] == ["a-2-1"]
    assert await line.redis.zcard(keys.key(line.tenant, "open", "sales")) == 0


async def test_a_box_that_says_hello_but_never_delivers_its_snapshot_is_lost(line: Line) -> None:
    await line.queue("sales", timeout=1, retry=0)
    await line.agent("101", sales=0)
    a, b = await line.box("a", "101"), await line.box("b")
    await a.join("1")
    poison = keys.key(line.tenant, "devices", "a")
    await line.redis.set(poison, "no hash")
    for _ in range(320):
        line.wait(1)
        await a.attach()
        with pytest.raises(TransitionFailed, match="'snapshot'"):
            await a.snapshot([WaitingCall(join=a.call("1"), age_us=0, rank=1)])
        await line.engine.heartbeat(a.name, a.link)
        await line.engine.unlink(a.name, a.link)
        await line.engine.heartbeat(b.name, b.link)
        await line.engine.tick()
    assert "box_lost" in [left.data["outcome"] for left in await line.journal("caller.left")]
    await line.redis.delete(poison)
    await a.attach()
    caller = WaitingCall(join=a.call("1"), age_us=0, rank=1)
    await a.snapshot([caller], devices={"PJSIP/101": "NOT_INUSE"})
    assert await line.order() == ["a-1-1"]
    assert await line.state("101") == "ringing"


@pytest.mark.parametrize("change", ["another phone", "no agent any more"])
async def test_a_phone_that_was_told_to_stop_is_nobody_elses_yet(line: Line, change: str) -> None:
    """It may ring on for a moment: another's INVITE would come before the CANCEL."""
    await line.queue("sales", strategy="ringall")
    for agent in ("101", "102"):
        await line.agent(agent, sales=0)
    a = await line.box("a", "101", "102")
    await a.join("1")
    rings = {ring.agent: ring for ring in await a.rings()}
    await a.connect(rings["102"])

    async def changes() -> None:
        if change == "another phone":
            await line.engine.put_agent("101", "PJSIP/199")
        else:
            await line.engine.delete_agent("101")

    with pytest.raises(Refused) as refused:
        await changes()
    assert refused.value.code == "agent_busy"
    await a.ended(rings["101"], "answered_elsewhere")
    await changes()
