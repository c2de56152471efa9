"""The keeper: ticks in time, recovers once per server, and before anyone meets an empty line."""

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from coordinator.boxes.clock import Clock
from coordinator.boxes.keeper import Keeper
from coordinator.line import keys
from coordinator.line.engine import Engine
from coordinator.line.scripts import Timing
from coordinator.protocol import CLOSE_RESYNC, CLOSE_UNAVAILABLE, WaitingCall
from coordinator.tasks import cancel
from tests.boxes.conftest import Replica, Replicas
from tests.waiting import eventually


class Server:
    """A server id that a test changes."""

    def __init__(self) -> None:
        self.run_id = "first"
        self.recovered: list[str] = []

    async def ask(self) -> str:
        return self.run_id

    async def recover(self, run_id: str) -> None:
        self.recovered.append(run_id)


async def test_a_new_run_id_is_recovered_from_once(redis: "Redis", tenant: str) -> None:
    server = Server()
    keeper = Keeper(Engine(redis, tenant), Clock(), server.ask, server.recover)
    await asyncio.gather(*(keeper.check() for _ in range(5)))
    assert server.recovered == ["first"]
    server.run_id = "second"
    await asyncio.gather(*(keeper.check() for _ in range(5)))
    assert server.recovered == ["first", "second"]


async def test_a_failed_recovery_is_tried_again(redis: "Redis", tenant: str) -> None:
    server = Server()
    failures = [RedisConnectionError("away"), RedisConnectionError("still")]

    async def recover(run_id: str) -> None:
        if failures:
            raise failures.pop()
        await server.recover(run_id)

    keeper = Keeper(Engine(redis, tenant), Clock(), server.ask, recover)
    running = asyncio.create_task(keeper.run())

    async def done() -> bool:
        return server.recovered == ["first"]

    await eventually(done)
    await cancel([running])


async def test_no_box_is_accepted_while_the_line_cannot_be_recovered(
    one: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> str:
        raise RedisConnectionError("away")

    monkeypatch.setattr(one.keeper, "_server_id", away)
    a = one.peer("a")
    a.say('{"type":"hello","box":"a","instance":"i","epoch":1}')
    assert (await a.closed())[0] == CLOSE_UNAVAILABLE


async def test_an_emptied_line_is_filled_before_a_box_meets_it(
    one: Replica, redis: "Redis", tenant: str
) -> None:
    a = await one.linked("a", "101")
    b = await one.linked("b")
    for name in "12":
        await a.tell(a.caller(name))
    kept = await a.tell(a.caller("3"))
    assert kept.ticket is not None
    async for key in redis.scan_iter(f"{keys.prefix(tenant)}*"):
        await redis.delete(key)  # the same server, its memory gone: the run id tells nothing
    a.post(a.caller("4"))
    assert (await a.closed())[0] == CLOSE_RESYNC
    again = one.peer("a", epoch=2)
    await again.hello()
    assert (await b.closed())[0] == CLOSE_RESYNC
    calls = [WaitingCall(join=again.caller("3"), age_us=0, rank=kept.ticket.rank)]
    assert (await again.snapshot("101", calls=calls)).code == "ok"
    (caller,) = await one.engine.callers("sales")
    assert (caller.call_id, caller.rank) == ("a-3-1", kept.ticket.rank)
    assert len(one.recovered) == 2


async def test_a_box_that_links_first_to_an_emptied_line_keeps_its_callers(
    one: Replica, redis: Redis, tenant: str
) -> None:
    a = await one.linked("a", "101")
    for name in "12":
        await a.tell(a.caller(name))
    kept = await a.tell(a.caller("3"))
    assert kept.ticket is not None
    await a.hang_up()
    async for key in redis.scan_iter(f"{keys.prefix(tenant)}*"):
        await redis.delete(key)
    early = one.peer("a", epoch=2)
    early.say('{"type":"hello","box":"a","instance":"adapter-a","epoch":2}')
    assert (await early.closed())[0] == CLOSE_UNAVAILABLE
    again = one.peer("a", epoch=3)
    await again.hello()
    calls = [WaitingCall(join=again.caller("3"), age_us=0, rank=kept.ticket.rank)]
    await again.snapshot("101", calls=calls)
    (caller,) = await one.engine.callers("sales")
    assert (caller.call_id, caller.rank) == ("a-3-1", kept.ticket.rank)


async def test_an_offer_expires_when_it_is_due_not_at_the_next_idle_tick(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coordinator.boxes.keeper.IDLE_S", 3600.0)
    one = replicas(timing=Timing(offer_grace_s=0.3))
    await one.keeper.check()
    one.keep_time()
    a = await one.linked("a", "101")
    await a.tell(a.caller("1"))
    await a.rung()

    async def ended() -> bool:
        return any(entry.type == "offer.ended" for entry in await one.engine.journal())

    await eventually(ended)
    entries = await one.engine.journal()
    made, over = (next(e for e in entries if e.type == f"offer.{t}") for t in ("made", "ended"))
    assert over.at_us - made.at_us >= 1_300_000


#: Long enough for a wait that should go on to end wrongly.
A_MOMENT_S = 0.05


async def test_the_clock_returns_when_a_sooner_timer_comes() -> None:
    clock = Clock()
    waiting = asyncio.create_task(clock.wait(3600.0))
    clock.due(3_000_000_000, now_us=0)
    assert not (await asyncio.wait({waiting}, timeout=A_MOMENT_S))[0]
    clock.due(1_000, now_us=0)
    await asyncio.wait_for(waiting, 5.0)


async def test_the_clock_forgets_what_it_has_waited_for() -> None:
    clock = Clock()
    clock.due(10, now_us=20)
    await asyncio.wait_for(clock.wait(3600.0), 5.0)
    waiting = asyncio.create_task(clock.wait(3600.0))
    assert not (await asyncio.wait({waiting}, timeout=A_MOMENT_S))[0]
    await cancel([waiting])
