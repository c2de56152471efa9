"""A transition that fails by a defect of ours: told once, and the boxes it concerns begin anew."""

import asyncio
import logging

import pytest
from redis.asyncio import Redis

from coordinator.boxes.clock import Clock
from coordinator.boxes.keeper import Keeper
from coordinator.boxes.wire import CLOSE_INTERNAL
from coordinator.line import keys
from coordinator.line.engine import Engine, TransitionFailed
from coordinator.protocol import CLOSE_RESYNC, Device, Heartbeat, WaitingCall
from coordinator.tasks import cancel
from tests.boxes.conftest import Replica
from tests.waiting import eventually


async def test_the_link_of_the_event_ends_and_the_others_hear_at_their_heartbeat(
    one: Replica, redis: Redis, tenant: str, caplog: pytest.LogCaptureFixture
) -> None:
    a, b, c = await one.linked("a"), await one.linked("b"), await one.linked("c")
    kept = await a.tell(a.caller("1"))
    assert kept.ticket is not None
    commands = keys.key(tenant, "commands", "a")
    await redis.set(commands, "no stream")
    assert (await b.tell(b.caller("2"))).code == "ok"
    c.post(Device(interface="PJSIP/101", state="NOT_INUSE"))
    assert (await c.closed()) == (CLOSE_INTERNAL, "internal error")
    await redis.delete(commands)
    (told,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert told.exc_info is not None
    assert "the transition 'device' failed: WRONGTYPE" in str(told.exc_info[1])
    a.send(Heartbeat())
    assert (await a.closed())[0] == CLOSE_RESYNC
    b.send(Heartbeat())
    assert (await b.tell(b.caller("3"))).code == "ok", "it has nothing to do with it"
    again = one.peer("a", epoch=2)
    assert (await again.hello()).seq == 0
    calls = [WaitingCall(join=again.caller("1"), age_us=0, rank=kept.ticket.rank)]
    await again.snapshot("101", calls=calls)
    assert (await again.rung()).call_id == "a-1-1"


async def test_the_time_goes_on(
    one: Replica, redis: Redis, tenant: str, caplog: pytest.LogCaptureFixture
) -> None:
    await one.keeper.check()
    timers = keys.key(tenant, "timers")
    await redis.set(timers, "no zset")
    one.keep_time()

    async def told() -> bool:
        return "'tick' failed: WRONGTYPE" in caplog.text

    async def ticked() -> bool:
        return await redis.zscore(timers, "offer:none") is None

    await eventually(told)
    await redis.delete(timers)
    await redis.zadd(timers, {"offer:none": 1})
    await eventually(ticked)


async def test_the_time_goes_on_while_a_recovery_fails(
    redis: Redis, tenant: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def server_id() -> str:
        return "first"

    async def recover(_: str) -> None:
        raise TransitionFailed("the transition 'start' failed")

    keeper = Keeper(Engine(redis, tenant), Clock(), server_id, recover)
    timers = keys.key(tenant, "timers")
    await redis.zadd(timers, {"offer:none": 1})
    running = asyncio.create_task(keeper.run())

    async def ticked() -> bool:
        return await redis.zscore(timers, "offer:none") is None

    await eventually(ticked)
    await cancel([running])
    assert "the transition 'start' failed" in caplog.text
