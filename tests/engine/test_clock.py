"""The clock is set back, or a server with a slower one takes over: the line's time goes on."""

from coordinator.audit import audit
from coordinator.protocol import WaitingCall
from tests.engine.conftest import SECOND, Box, Line


async def test_a_clock_set_back_lets_nobody_overtake(line: Line) -> None:
    await line.queue("sales")
    a, b = await line.box("a"), await line.box("b")
    await a.join("old")
    line.now -= 3 * SECOND
    await b.join("young")
    line.now += SECOND
    await a.join("youngest")
    assert await line.order() == ["a-old-1", "b-young-1", "a-youngest-1"]
    assert audit(await line.journal()).violations == []


async def test_timers_and_leases_run_on_after_the_clock_was_set_back(line: Line) -> None:
    await line.queue("sales", wrapuptime=5)
    await line.agent("101", sales=0)
    await line.box("a")
    b = await line.box("b", "101")
    await b.join("1")
    (offer,) = await b.rings()
    await b.connect(offer)
    await b.complete(offer)
    line.now -= 600 * SECOND
    for _ in range(6):
        line.wait(1)
        await line.engine.heartbeat("b", b.link)
        await line.engine.tick()
    assert await line.state("101") == "available"
    attached = {box.name: box.attached for box in await line.engine.boxes()}
    assert attached == {"a": False, "b": True}
    assert (await Box(line, "a", instance="restarted").attach()).code == "ok"


async def test_time_is_the_clocks_again_once_that_has_caught_up(line: Line) -> None:
    await line.queue("sales")
    began = line.now
    line.now -= 5 * SECOND
    assert (await line.engine.tick()).now_us == began
    line.now += 2 * SECOND
    assert (await line.engine.tick()).now_us == began + 2 * SECOND
    line.now = began + 60 * SECOND
    assert (await line.engine.tick()).now_us == line.now


async def test_a_replica_with_a_slower_clock_takes_over(line: Line) -> None:
    await line.engine.start("run-1")
    await line.queue("sales")
    a, b = await line.box("a"), await line.box("b")
    rank = int((await a.join("old")).data["rank"])
    line.now -= 3 * SECOND
    await line.engine.start("run-2")
    await a.attach()
    await a.snapshot([WaitingCall(join=a.call("old"), age_us=SECOND, rank=rank)])
    await b.attach()
    await b.snapshot()
    await b.join("young")
    assert await line.order() == ["a-old-1", "b-young-1"]


async def test_who_came_after_redis_was_emptied_stands_behind_a_ticket_ahead_of_the_clock(
    line: Line,
) -> None:
    """The new server's clock is a minute behind, and the box with the newcomers is back first."""
    await line.queue("sales")
    a, b = await line.box("a"), await line.box("b")
    rank = int((await a.join("old")).data["rank"])
    async for key in line.redis.scan_iter(f"gvq:{{{line.tenant}}}:*"):
        await line.redis.delete(key)
    line.now -= 60 * SECOND
    await line.engine.start("run-2", boxes=("a", "b"))
    await line.queue("sales")
    await line.engine.mirrored("run-2")
    await b.attach()
    young = [WaitingCall(join=b.call(name), age_us=age) for name, age in (("2", 7), ("1", 9))]
    await b.snapshot(young)
    await a.attach()
    await a.snapshot([WaitingCall(join=a.call("old"), age_us=11 * SECOND, rank=rank)])
    await b.join("3")
    assert await line.order() == ["a-old-1", "b-1-1", "b-2-1", "b-3-1"]
    tickets = [c.rank for c in await b.commands() if c.kind == "ticket"]
    assert tickets[-2:] == [rank + 1, rank + 2]
    assert audit(await line.journal()).violations == []
