"""Every revision forward, back and at once by many, on SQLite and PostgreSQL."""

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import URL, Connection, inspect, text

import migrations
from coordinator.database import Base, Database, normalise_url, open_engine, writing
from coordinator.directory import models as _directory  # noqa: F401  # fills Base.metadata
from coordinator.history import models as _history  # noqa: F401
from coordinator.queue_log import table as _queue_log  # noqa: F401
from migrations import run


async def tables(url: URL) -> set[str]:
    engine = open_engine(url)
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda c: inspect(c).get_table_names())
    await engine.dispose()
    return set(names)


async def test_forward_brings_exactly_the_models(empty_url: URL) -> None:
    await migrations.upgrade(empty_url)

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))

    engine = open_engine(empty_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_back_leaves_nothing_and_forward_again_works(empty_url: URL) -> None:
    await migrations.upgrade(empty_url)
    await migrations.downgrade(empty_url, "base")
    assert await tables(empty_url) == {"alembic_version"}
    assert await migrations.revision_of(empty_url) is None
    await migrations.upgrade(empty_url)
    assert await migrations.revision_of(empty_url) == migrations.head()


async def test_replicas_starting_at_once_migrate_once(empty_url: URL) -> None:
    await asyncio.gather(*(migrations.upgrade(empty_url) for _ in range(4)))
    assert await migrations.revision_of(empty_url) == migrations.head()
    database = Database(empty_url)
    async with database.read() as session:
        assert (await session.execute(text("SELECT count(*) FROM mirror"))).scalar_one() == 1
    await database.close()


async def test_old_code_goes_on_with_a_newer_schema(empty_url: URL) -> None:
    await migrations.upgrade(empty_url)
    database = Database(empty_url)
    async with database.write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = 'from_the_future'"))
    await migrations.upgrade(empty_url)
    assert await migrations.revision_of(empty_url) == "from_the_future"
    await database.close()


async def test_a_revision_that_fails_leaves_nothing_behind(
    empty_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(connection: Connection) -> None:
        raise RuntimeError("the last step fails")

    monkeypatch.setattr(run, "_check_references", refuse)
    with pytest.raises(RuntimeError, match="the last step fails"):
        await migrations.upgrade(empty_url)
    assert await tables(empty_url) == set()


async def test_references_broken_by_a_migration_are_found_on_sqlite(tmp_path: Path) -> None:
    url = normalise_url(None, tmp_path)
    await migrations.upgrade(url)
    engine = writing(open_engine(url))
    orphan = "INSERT INTO members (queue, agent, penalty) VALUES ('none', 'none', 0)"
    async with engine.connect() as connection:
        await connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        await connection.exec_driver_sql(orphan)
        with pytest.raises(RuntimeError, match="refer to nothing"):
            await connection.run_sync(run._check_references)
    await engine.dispose()


async def test_back_to_a_device_each_the_first_keeps_what_they_shared(empty_url: URL) -> None:
    await migrations.upgrade(empty_url)
    database = Database(empty_url)
    agent = "INSERT INTO agents (name, interface, state_interface, display_name, logged_in, paused,"
    values = [("ann", "Custom:a"), ("ben", "Custom:a"), ("cal", "Custom:c"), ("dan", "Custom:a")]
    async with database.write() as session:
        for name, state in values:
            row = f"pause_reason) VALUES ('{name}', 'SIP/{name}', '{state}', '', false, false, '')"
            await session.execute(text(agent + row))
    await migrations.downgrade(empty_url, "0002")
    async with database.read() as session:
        kept = await session.execute(text("SELECT name, state_interface FROM agents ORDER BY name"))
        assert [tuple(row) for row in kept] == [
            ("ann", "Custom:a"), ("ben", None), ("cal", "Custom:c"), ("dan", None),
        ]  # fmt: skip
    await database.close()
