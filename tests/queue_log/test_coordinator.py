"""A whole coordinator with the settings on: calls go in at the link, lines come out."""

import os
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import URL, select

from coordinator.database import Database
from coordinator.protocol import Complete, Connect, Leave
from coordinator.queue_log.table import QueueLogRow
from coordinator.settings import Settings
from tests.queue_log.reader import Report, read
from tests.service.adapter import Operator
from tests.service.test_serve import link, served, settings
from tests.waiting import eventually

LOG = {"queue_log_table": True, "queue_log_agent": "name", "queue_log_caller_name": True}


async def a_call_and_one_given_up(one_url: str, secret: str, stack: AsyncExitStack) -> None:
    operator = await stack.enter_async_context(Operator(one_url, secret))
    await operator.staff("sales", "101")
    a = await link(stack, one_url, "a", await operator.box_token("a"))
    await a.snapshot("101")
    await a.tell(a.caller("1"))
    offer = await a.rung()
    await a.tell(a.caller("2"))
    await a.tell(Connect(offer_id=offer.offer_id, fence=offer.fence))
    await a.tell(Leave(call_id="a-2-1", outcome="timeout"))
    end = Complete(
        offer_id=offer.offer_id, fence=offer.fence, ended_by="transfer", transfer="blind|9|out"
    )
    await a.tell(end)


async def test_two_coordinators_keep_a_file_each_and_one_table(
    tmp_path: Path, valkey: str, tenant: str, empty_url: URL
) -> None:
    url = empty_url.render_as_string(hide_password=False)
    shared = {"redis_url": valkey, "tenant": tenant, "database_url": url, **LOG}
    files = [tmp_path / f"{name}.log" for name in ("one", "two")]
    async with AsyncExitStack() as stack:
        one, _ = [
            await stack.enter_async_context(
                served(settings(tmp_path / file.stem, name=file.stem, queue_log=file, **shared))
            )
            for file in files
        ]

        def logs() -> list[str]:
            return [file.read_text() if file.exists() else "" for file in files]

        await a_call_and_one_given_up(one.url, one.secret, stack)

        async def both_whole() -> bool:
            first, second = logs()
            return "BLINDTRANSFER" in first and first == second

        await eventually(both_whole)
        _as_expected(read(logs()[0]))

        async def in_sql() -> bool:
            return await _table(empty_url) == [line.split("|")[1:5] for line in _lines(logs()[0])]

        await eventually(in_sql)


def _lines(log: str) -> list[str]:
    return log.splitlines()


def _as_expected(report: Report) -> None:
    assert report.last == {"a-1": "BLINDTRANSFER", "a-2": "EXITWITHTIMEOUT"}
    assert report.members == {("sales", "101")}
    assert not report.waiting
    assert not report.talking


async def _table(url: URL) -> list[list[str]]:
    database = Database(url)
    async with database.read() as session:
        query = select(QueueLogRow).order_by(QueueLogRow.id)
        rows = (await session.execute(query)).scalars()
        found = [[row.callid, row.queuename, row.agent, row.event] for row in rows]
    await database.close()
    return found


async def test_without_the_settings_nothing_is_written(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(served(settings(tmp_path)))
        await a_call_and_one_given_up(one.url, one.secret, stack)
        operator = await stack.enter_async_context(Operator(one.url, one.secret))

        async def recorded() -> bool:
            calls = await operator.ask("GET", "/v1/calls")
            return "transfer" in {call["ended_by"] for call in calls}

        await eventually(recorded)
    url = URL.create("sqlite+aiosqlite", database=str(tmp_path / "gvq.sqlite3"))
    assert await _table(url) == []
    assert not [name for name in os.listdir(tmp_path) if "log" in name]


def test_what_stands_for_an_agent_is_one_of_two() -> None:
    with pytest.raises(ValidationError, match="'interface' or 'name'"):
        Settings(queue_log_agent="phone")
