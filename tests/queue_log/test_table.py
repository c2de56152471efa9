"""The table queue_log: written with the cursor, so each row once, whoever writes and is killed."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from coordinator.database import Database
from coordinator.history import following
from coordinator.history.consumer import Consumer
from coordinator.journal import Entry
from coordinator.queue_log import project as project_module
from coordinator.queue_log.lines import Style, rows
from coordinator.queue_log.table import QueueLogRow, Table
from coordinator.tasks import cancel
from tests.history.conftest import Day
from tests.queue_log.conftest import busy, lose_the_line, whole_log
from tests.waiting import eventually


async def table(database: Database) -> list[str]:
    """The rows in order, as lines."""
    async with database.read() as session:
        query = select(QueueLogRow).order_by(QueueLogRow.id)
        found = list((await session.execute(query)).scalars())
    words = ("callid", "queuename", "agent", "event", "data1", "data2", "data3", "data4", "data5")
    return ["|".join(str(getattr(row, word)) for word in words) for row in found]


async def as_table(day: Day) -> list[str]:
    """What the journal makes of an unhurried table: nine fields each."""
    lines = [line.split("|")[1:] for line in await whole_log(await day.journal())]
    return ["|".join((*words, *[""] * (9 - len(words)))) for words in lines]


def consumer(day: Day, database: Database, style: Style | None = None) -> Consumer:
    return Consumer(day.engine, database, 1_000_000, Table(style or Style()).write)


async def test_a_row_is_as_asterisks_realtime_has_it(day: Day, database: Database) -> None:
    await day.call("1")
    await consumer(day, database).catch_up()
    (over,) = [e for e in await day.journal() if e.type == "call.completed"]
    async with database.read() as session:
        query = select(QueueLogRow).where(QueueLogRow.event == "COMPLETECALLER")
        row = (await session.execute(query)).scalar_one()
    assert row.time.replace(tzinfo=UTC) == datetime.fromtimestamp(over.at_us / 1e6, UTC)
    assert (row.callid, row.queuename, row.agent) == ("a-1", "sales", "PJSIP/101")
    hold, talk = over.data["hold_us"], over.data["talk_us"]
    assert abs(int(row.data1) - hold / 1e6) < 1
    assert abs(int(row.data2) - talk / 1e6) < 1
    assert (row.data3, row.data4, row.data5) == ("1", "", "")


async def test_the_table_has_the_names_asterisk_uses(database: Database) -> None:
    """contrib/ast-db-manage/queue_log: what is read with plain SQL by those who know Asterisk's."""
    columns = "id, time, callid, queuename, agent, event, data1, data2, data3, data4, data5"
    async with database.read() as session:
        assert (await session.execute(text(f"SELECT {columns} FROM queue_log"))).all() == []


async def test_it_is_the_whole_log_in_order(day: Day, database: Database) -> None:
    await busy(day)
    await consumer(day, database).catch_up()
    assert await table(database) == await as_table(day)
    assert len(await table(database)) > 100


async def test_killed_between_any_two_entries_it_goes_on_as_if_nothing_had_been(
    day: Day, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each entry is taken by a coordinator of its own, which knows of no other."""
    await busy(day, 2)
    monkeypatch.setattr(following, "BATCH", 1)
    for _ in await day.journal():
        newcomer = consumer(day, database)
        await newcomer.step()  # the first entry, which is there; and so it learns of the cursor
        await newcomer.step()
    assert await table(database) == await as_table(day)


async def test_two_coordinators_at_once_write_each_row_once(day: Day, database: Database) -> None:
    running = [asyncio.create_task(consumer(day, database).run()) for _ in range(2)]
    await busy(day)

    async def all_there() -> bool:
        return await table(database) == await as_table(day)

    await eventually(all_there)
    await cancel(running)
    assert await all_there()


async def test_a_batch_that_fails_leaves_nothing_behind(day: Day, database: Database) -> None:
    await day.call("1")
    written = Table(Style())

    async def dying(session: AsyncSession, entries: Sequence[Entry]) -> None:
        await written.write(session, entries)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Consumer(day.engine, database, 1_000_000, dying).step()
    assert await table(database) == []
    await consumer(day, database).catch_up()
    assert await table(database) == await as_table(day)


async def test_who_waits_and_who_talks_while_the_line_is_emptied_enters_once(
    day: Day, database: Database
) -> None:
    await lose_the_line(day, consumer(day, database).catch_up)
    lines = await table(database)
    assert [line.split("|")[3] for line in lines if line.startswith("a-1|")] == [
        "ENTERQUEUE", "CONNECT", "COMPLETEAGENT",
    ]  # fmt: skip
    assert [line.split("|")[3] for line in lines if line.startswith("a-2|")] == [
        "ENTERQUEUE", "EXITWITHTIMEOUT",
    ]  # fmt: skip
    assert lines == await as_table(day)


async def test_a_value_is_cut_to_its_column(day: Day, database: Database) -> None:
    """PostgreSQL would refuse the row, and with it the history."""
    await day.engine.pause("101", "long " * 100)
    await consumer(day, database).catch_up()
    pauses = [line for line in await table(database) if "|PAUSE|" in line]
    assert [len(line.split("|")[4]) for line in pauses] == [256]


async def test_a_defect_in_one_entry_keeps_the_history_from_nothing(
    day: Day, database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await day.call("1")

    def broken(entry: object, *rest: object) -> object:
        if getattr(entry, "type", "") == "caller.joined":
            raise ZeroDivisionError
        return rows(entry, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(project_module, "rows", broken)
    await consumer(day, database).catch_up()
    assert "no line for caller.joined" in caplog.text
    assert [line for line in await as_table(day) if "ENTERQUEUE" not in line] == await table(
        database
    )
