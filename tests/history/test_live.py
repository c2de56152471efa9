"""The fan-out: no gap, no repeat, whoever comes when; the slow one falls out, alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from coordinator.database import Database
from coordinator.history import live as live_module
from coordinator.history.consumer import Consumer
from coordinator.history.live import Dropped, Live
from coordinator.history.queries import History
from coordinator.journal import Entry
from coordinator.tasks import cancel
from tests.history.conftest import Day
from tests.waiting import eventually


@pytest.fixture
async def live(day: Day, history: History) -> AsyncIterator[Live]:
    live = Live(day.engine, history)
    running = asyncio.create_task(live.run())
    yield live
    live.stop()
    await cancel([running])


async def _drain(entries: AsyncIterator[Entry], into: list[Entry]) -> Dropped:
    try:
        async for entry in entries:
            into.append(entry)
    except Dropped as dropped:
        return dropped
    raise AssertionError("the stream ended without a word")


class Listener:
    """A subscriber that keeps up, and what it has heard."""

    def __init__(self, live: Live, after: str | None = None) -> None:
        self.heard: list[Entry] = []
        self.end: Dropped | None = None
        self._live, self._after = live, after
        self.task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async with aclosing(self._live.follow(self._after)) as entries:
            self.end = await _drain(entries, self.heard)


async def heard(listener: Listener, entries: list[Entry]) -> None:
    async def all_heard() -> bool:
        return len(listener.heard) >= len(entries)

    await eventually(all_heard)
    assert listener.heard == entries


async def test_all_hear_everything_in_order(day: Day, live: Live) -> None:
    listeners = [Listener(live, "0-0") for _ in range(3)]
    for number in range(10):
        await day.call(str(number))
    entries = await day.journal()
    for listener in listeners:
        await heard(listener, entries)


async def test_one_who_resumes_hears_the_rest_once_while_calls_go_on(
    day: Day, live: Live, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "PAGE", 7)
    consumer = Consumer(day.engine, database, keep=1_000_000)
    for number in range(10):
        await day.call(str(number))
    await consumer.catch_up()
    middle = (await day.journal())[20].id
    listener = Listener(live, middle)
    for number in range(10, 20):
        await day.call(str(number))
    await heard(listener, (await day.journal())[21:])


async def test_from_now_on_means_nothing_before(day: Day, live: Live, database: Database) -> None:
    await day.call("1")
    await Consumer(day.engine, database, keep=1_000_000).catch_up()
    late = Live(day.engine, History(day.engine, database))
    listener = Listener(late)

    async def subscribed() -> bool:
        return late.subscribers == 1

    await eventually(subscribed)
    running = asyncio.create_task(late.run())
    before = len(await day.journal())
    await day.call("2")
    await heard(listener, (await day.journal())[before:])
    late.stop()
    await cancel([running])


async def test_the_slow_one_is_dropped_alone_and_told_where_to_resume(
    day: Day, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "BEHIND", 20)
    slow = live.follow()
    first = asyncio.ensure_future(anext(slow))

    async def subscribed() -> bool:
        return live.subscribers == 1

    await eventually(subscribed)
    quick = Listener(live, "0-0")
    for number in range(5):
        await day.call(str(number))
        await heard(quick, await day.journal())
    taken = [await first]
    dropped = await _drain(slow, taken)
    assert dropped.reason == "too slow: more than 20 entries behind"
    assert dropped.last_id == taken[-1].id
    again = Listener(live, taken[-1].id)
    entries = await day.journal()
    await heard(again, entries[entries.index(taken[-1]) + 1 :])


async def test_stop_ends_all_and_those_to_come(day: Day, live: Live) -> None:
    listener = Listener(live)

    async def subscribed() -> bool:
        return live.subscribers == 1

    await eventually(subscribed)
    live.stop()
    await listener.task
    assert listener.end is not None
    assert listener.end.reason == "the coordinator stops"
    late = Listener(live, "0-0")
    await late.task
    assert late.end is not None
    assert live.subscribers == 0


async def test_an_outage_of_redis_leaves_no_gap(
    day: Day, live: Live, redis: "Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, failures = day.engine.journal, 2

    async def failing(*args: object) -> list[Entry]:
        nonlocal failures
        if len(args) == 3 and failures:  # the blocking read of the fan-out
            failures -= 1
            raise RedisConnectionError("away")
        return await journal(*args)  # type: ignore[arg-type]

    listener = Listener(live, "0-0")
    monkeypatch.setattr(day.engine, "journal", failing)
    for number in range(3):
        await day.call(str(number))
    await heard(listener, await journal(limit=1000))
