"""The journal's way into SQL: complete, once, by two at a time, through outages; and the trim."""

import asyncio

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from coordinator.database import Database
from coordinator.history import consumer as consumer_module
from coordinator.history import following
from coordinator.history.consumer import Consumer
from coordinator.history.models import CallRow, CursorRow, JournalRow
from coordinator.history.queries import CallFilter, History
from coordinator.tasks import cancel
from tests.history.conftest import Day
from tests.waiting import eventually


async def archived(database: Database) -> list[str]:
    async with database.read() as session:
        query = select(JournalRow).order_by(JournalRow.ms, JournalRow.seq)
        return [f"{row.ms}-{row.seq}" for row in (await session.execute(query)).scalars()]


async def test_every_entry_is_archived_as_it_is(
    day: Day, history: History, consumer: Consumer
) -> None:
    await day.call("1")
    await consumer.catch_up()
    entries = await day.journal()
    assert await history.newest() == entries[-1].id
    await day.redis.delete(day.engine._key("journal"))
    assert await history.journal() == entries


async def test_a_call_is_recorded_from_joining_to_its_end(
    day: Day, history: History, consumer: Consumer
) -> None:
    call_id = await day.join("1", caller_id_num="5551", caller_id_name="Ann ☎")
    await consumer.catch_up()
    waiting = await history.call(call_id)
    assert waiting is not None
    assert (waiting.outcome, waiting.position, waiting.caller_id_name) == (None, 1, "Ann ☎")
    await day.no_answer()
    await day.talk()
    await consumer.catch_up()
    over = await history.call(call_id)
    assert over is not None
    assert (over.queue, over.box, over.caller_id_num) == ("sales", "a", "5551")
    assert (over.outcome, over.agent, over.home, over.ended_by) == (
        "answered",
        "101",
        "a",
        "caller",
    )
    assert [(o.agent, o.outcome, o.reason, o.penalty) for o in over.offers] == [
        ("101", "no_answer", "late", 3),
        ("101", "answered", "", 3),
    ]
    assert over.offer_id == over.offers[1].offer_id
    assert over.offers[0].fence < over.offers[1].fence
    times = (over.joined_us, over.offers[0].made_us, over.answered_us, over.completed_us)
    assert all(isinstance(time, int) for time in times)
    assert list(times) == sorted(time for time in times if time)
    assert over.answered_us == over.left_us
    assert over.hold_us == (over.answered_us or 0) - over.joined_us
    assert over.talk_us == (over.completed_us or 0) - (over.answered_us or 0)


async def test_one_who_hangs_up_has_an_outcome_and_a_reason(
    day: Day, history: History, consumer: Consumer
) -> None:
    await day.join("1")
    await day.abandon("1")
    await consumer.catch_up()
    call = await history.call("a-1-1")
    assert call is not None
    assert (call.outcome, call.reason, call.agent) == ("abandoned", "hung up", None)
    assert [offer.outcome for offer in call.offers] == ["cancelled"]
    assert await history.call("nobody") is None


async def test_two_consumers_at_once_write_everything_once(day: Day, database: Database) -> None:
    consumers = [Consumer(day.engine, database, keep=1_000_000) for _ in range(2)]
    running = [asyncio.create_task(consumer.run()) for consumer in consumers]
    for number in range(40):
        await day.call(str(number))
    ids = [entry.id for entry in await day.journal()]

    async def all_there() -> bool:
        return await archived(database) == ids

    await eventually(all_there)
    await cancel(running)
    async with database.read() as session:
        assert (await session.execute(select(func.count()).select_from(CallRow))).scalar() == 40
        cursors = (await session.execute(select(CursorRow.position))).scalars().all()
    assert cursors == [ids[-1]]


async def test_two_who_have_read_the_same_entries_write_them_once(
    day: Day, database: Database
) -> None:
    """Race: both read before either writes; the second to get the cursor's lock drops its batch."""
    first, second = (Consumer(day.engine, database, keep=1_000_000) for _ in range(2))
    await day.call("1")
    same = await day.journal()
    cursors = await asyncio.gather(first._take(same), second._take(same))
    assert set(cursors) == {same[-1].id}
    assert await archived(database) == [entry.id for entry in same]


async def test_a_batch_that_fails_leaves_nothing_behind(
    day: Day, database: Database, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await day.call("1")
    with monkeypatch.context() as patch:
        patch.setattr(consumer_module, "journal_row", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await consumer.step()
    assert await archived(database) == []
    await consumer.catch_up()
    assert await archived(database) == [entry.id for entry in await day.journal()]


async def test_an_outage_of_sql_is_waited_out(
    day: Day, database: Database, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "RETRY_S", 0.01)
    failures = 3
    take = consumer._take

    async def failing(entries: object) -> str:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise OperationalError("BEGIN", {}, OSError("away"))
        return await take(entries)  # type: ignore[arg-type]

    monkeypatch.setattr(consumer, "_take", failing)
    await day.call("1")
    running = asyncio.create_task(consumer.run())
    ids = [entry.id for entry in await day.journal()]

    async def all_there() -> bool:
        return await archived(database) == ids

    await eventually(all_there)
    await cancel([running])


async def test_a_new_consumer_goes_on_where_the_last_one_was(
    day: Day, database: Database, consumer: Consumer
) -> None:
    await day.call("1")
    await consumer.catch_up()
    await day.call("2")
    await Consumer(day.engine, database, keep=1_000_000).catch_up()
    assert await archived(database) == [entry.id for entry in await day.journal()]


async def test_redis_is_trimmed_to_its_share_and_the_rest_read_from_sql(
    day: Day, database: Database, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "TRIM_EVERY", 1)
    for number in range(60):
        await day.call(str(number))
    whole = await day.journal()
    await Consumer(day.engine, database, keep=100).catch_up()
    left = await day.journal()
    # Redis drops whole nodes of a hundred entries.
    assert 100 <= len(left) < 200 < len(whole)
    assert await history.journal(limit=100_000) == whole
    for after in (0, 1, len(whole) - len(left) - 1, len(whole) - len(left), len(whole) - 2):
        page = await history.journal(whole[after].id, limit=120)
        assert page == whole[after + 1 : after + 121]
    assert [entry.type for entry in await history.journal_of("a-0-1")] == [
        "caller.joined",
        "offer.made",
        "offer.ended",
        "caller.left",
        "call.connected",
        "call.completed",
    ]


async def test_redis_is_not_trimmed_while_sql_lags(
    day: Day, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "TRIM_EVERY", 1)
    monkeypatch.setattr(following, "BATCH", 50)
    for number in range(60):
        await day.call(str(number))
    whole = await day.journal()
    consumer = Consumer(day.engine, database, keep=1)
    taken = await consumer.step()
    left = await day.journal()
    assert len(whole) - taken <= len(left), "what SQL has not taken stays, though only one is kept"
    assert left == whole[-len(left) :]


async def test_what_sql_lacks_is_still_found_for_a_call(
    day: Day, history: History, consumer: Consumer
) -> None:
    await day.join("1")
    await consumer.catch_up()
    await day.abandon("1")
    types = [entry.type for entry in await history.journal_of("a-1-1")]
    assert types == ["caller.joined", "offer.made", "offer.ended", "caller.left"]


async def test_calls_are_found_by_what_is_known_of_them(
    day: Day, history: History, consumer: Consumer
) -> None:
    for number in range(5):
        await day.call(str(number))
    await day.join("5", caller_id_num="999")
    await day.abandon("5")
    await consumer.catch_up()

    async def found(**which: str | int) -> list[str]:
        records = await history.calls(CallFilter(**which))  # type: ignore[arg-type]
        return [record.call_id for record in records]

    everyone = [f"a-{number}-1" for number in (5, 4, 3, 2, 1, 0)]
    assert await found() == everyone
    assert await found(agent="101") == everyone[1:]
    assert await found(outcome="abandoned", queue="sales", box="a") == everyone[:1]
    assert await found(caller_id_num="999") == everyone[:1]
    assert await found(queue="other") == []
    assert await found(limit=2) == everyone[:2]
    assert await found(limit=2, before="a-4-1") == everyone[2:4]
    third = await history.call("a-3-1")
    assert third is not None
    assert await found(since_us=third.joined_us) == everyone[:3]
    assert await found(until_us=third.joined_us) == everyone[3:]
