"""Who counts for joinempty and leavewhenempty: what the indexes cost, and that they stay true."""

from collections import Counter
from collections.abc import Awaitable

import pytest

from coordinator.line import keys
from coordinator.line.engine import Engine, TransitionFailed
from coordinator.line.scripts import Timing
from coordinator.line.types import MemberSettings
from tests.engine.conftest import Line

Counts = dict[str, Counter[str]]


async def _ran(line: Line) -> Counter[str]:
    """Command of Redis, as commandstats names it → how often it has run."""
    stats = await line.redis.info("commandstats")
    return Counter({name: row["calls"] for name, row in stats.items() if name != "cmdstat_info"})


async def _count(line: Line, counts: Counts, what: str, step: Awaitable[object]) -> None:
    before = await _ran(line)
    await step
    counts[what] = await _ran(line) - before


async def _day(line: Line, members: int) -> Counts:
    """What steps cost in a queue of so many: all paused but two, whom callers' windows divide."""
    names = [str(number) for number in range(members)]
    await line.queue("sales", joinempty="paused", leavewhenempty="penalty,paused")
    for name in names:
        await line.agent(name, sales=int(name))
    a = await line.box("a", "0", "1")
    for name in names:
        await line.engine.pause(name)
    counts: Counts = {}
    await _count(line, counts, "refused", a.join("0"))
    for name in "01":
        await line.engine.unpause(name)
        await a.device(name, "INUSE")
    await _count(line, counts, "first joins", a.join("1", max_penalty=0))
    await _count(line, counts, "second joins", a.join("2", min_penalty=1))
    await _count(line, counts, "a phone changes", a.device("0", "BUSY"))
    await _count(line, counts, "pauses in the queue", line.engine.pause("0", queue="sales"))
    await _count(line, counts, "pauses in all", line.engine.pause("1"))
    assert await line.order() == []
    await _count(line, counts, "logs out", line.engine.logout("1"))
    return counts


async def test_no_step_costs_more_with_more_members(line: Line) -> None:
    few = await _day(line, 30)
    larger = Line(line.redis, f"{line.tenant}-larger")
    await larger.engine.mirrored("run-0")
    assert await _day(larger, 300) == few


async def test_a_line_without_conditions_keeps_and_asks_nothing(line: Line) -> None:
    for queue in ("sales", "support"):
        await line.queue(queue)
    await line.agent("101", sales=0, support=0)
    a = await line.box("a", "101")
    before = await _ran(line)
    await line.engine.pause("101")
    await a.join("1")
    await line.engine.delete_member("support", "101")
    spent = await _ran(line) - before
    assert spent["cmdstat_hget"] + spent["cmdstat_zrangebyscore"] == 0
    for name in ("conditions", "joinempty", "leavewhenempty"):
        assert not await line.redis.exists(keys.key(line.tenant, name, "sales"))


async def test_what_the_settings_say_next_holds_for_who_is_there(line: Line) -> None:
    await line.queue("sales", joinempty="paused")
    await line.agent("101", sales=0)
    await line.engine.pause("101")
    a = await line.box("a")
    assert (await a.join("1")).code == "queue_empty"
    await line.queue("sales", joinempty="wrapup")
    assert (await a.join("2")).code == "ok"
    await line.queue("sales")
    assert not await line.redis.exists(keys.key(line.tenant, "joinempty", "sales"))
    await line.queue("sales", joinempty="paused")
    assert (await a.join("3")).code == "queue_empty"
    await line.engine.unpause("101", queue="sales")
    assert (await a.join("4")).code == "ok"


async def test_a_queue_that_is_made_again_begins_with_nobody(line: Line) -> None:
    await line.queue("sales", joinempty="paused")
    await line.agent("101", sales=0)
    a = await line.box("a")
    await line.engine.delete_queue("sales")
    assert not await line.redis.exists(keys.key(line.tenant, "conditions"))
    await line.queue("sales", joinempty="paused")
    assert (await a.join("1")).code == "queue_empty"
    await line.engine.put_member("sales", "101")
    assert (await a.join("2")).code == "ok"
    await line.engine.delete_agent("101")
    assert (await a.join("3")).code == "queue_empty"


async def test_a_penalty_is_the_one_of_now(line: Line) -> None:
    await line.queue("sales", joinempty="penalty")
    await line.agent("101", sales=5)
    a = await line.box("a")
    await line.engine.put_member("sales", "101", MemberSettings(3))
    assert (await a.join("1", min_penalty=5)).code == "queue_empty"
    assert (await a.join("2", max_penalty=3)).code == "ok"


async def test_a_version_that_means_another_thing_by_conditions_files_anew(line: Line) -> None:
    await line.queue("sales", joinempty="paused")
    await line.agent("101", sales=0)
    a = await line.box("a")
    await line.redis.delete(keys.key(line.tenant, "joinempty", "sales"))
    await line.redis.hdel(keys.key(line.tenant, "agent", "101"), "counted")
    assert (await a.join("1")).code == "queue_empty"
    await line.engine.start("run-0")
    assert (await a.join("2")).code == "queue_empty"
    await Engine(line.redis, line.tenant, Timing(lease_s=6)).start("run-0")
    assert (await a.join("3")).code == "ok"


async def test_a_step_that_fails_leaves_who_counts_as_the_records(line: Line) -> None:
    await line.queue("sales", joinempty="ringing")
    await line.agent("101", sales=0)
    a, b = await line.box("a", "101"), await line.box("b")
    commands = keys.key(line.tenant, "commands", "a")
    await line.redis.set(commands, "no stream")
    with pytest.raises(TransitionFailed):
        await a.join("1")
    await line.redis.delete(commands)
    assert await line.state("101") == "ringing"
    assert (await b.join("2")).code == "queue_empty"
