"""The one door to SQL: which URL is opened how, and what a transaction promises."""

import asyncio
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from coordinator.database import SQLITE_FILE, Database, normalise_url
from coordinator.directory.models import MemberRow
from tests.postgres import unused_port
from tests.waiting import eventually


@pytest.mark.parametrize(
    ("configured", "opened"),
    [
        (None, "sqlite+aiosqlite:////data/gvq.sqlite3"),
        ("sqlite:////srv/gvq.db", "sqlite+aiosqlite:////srv/gvq.db"),
        ("postgres://u:p@db/gvq", "postgresql+psycopg://u:p@db/gvq"),
        ("postgresql://u:p@db/gvq", "postgresql+psycopg://u:p@db/gvq"),
        ("postgresql+psycopg://db/gvq?sslmode=require", None),
    ],
)
def test_which_url_is_opened(configured: str | None, opened: str | None) -> None:
    url = normalise_url(configured, Path("/data"))
    assert url.render_as_string(hide_password=False) == (opened or configured)


@pytest.mark.parametrize(
    ("configured", "says"),
    [
        ("no url", "not a URL"),
        ("mysql://u:secret@db/gvq", "mysql://, not postgresql"),
        ("postgresql+asyncpg://db/gvq", "asyncpg"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
    ],
)
def test_a_url_that_is_not_for_us_is_refused_without_its_password(
    configured: str, says: str
) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        normalise_url(configured, Path("/data"))
    assert "secret" not in str(caught.value)


async def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            session.add(MemberRow(queue="none", agent="none", penalty=0))


async def test_a_write_that_raises_is_undone(database: Database) -> None:
    async def fail_midway() -> None:
        async with database.write() as session:
            await session.execute(text("UPDATE mirror SET version = 7"))
            raise KeyError

    with pytest.raises(KeyError):
        await fail_midway()
    async with database.read() as session:
        assert (await session.execute(text("SELECT version FROM mirror"))).scalar_one() == 0


async def test_writers_that_read_first_wait_for_each_other(database: Database) -> None:
    async def add_one() -> None:
        async with database.write() as session:
            read = text("SELECT version FROM mirror FOR UPDATE")
            if database.url.get_backend_name() == "sqlite":
                read = text("SELECT version FROM mirror")
            version = (await session.execute(read)).scalar_one()
            await session.execute(text(f"UPDATE mirror SET version = {version + 1}"))

    await asyncio.gather(*(add_one() for _ in range(20)))
    async with database.read() as session:
        assert (await session.execute(text("SELECT version FROM mirror"))).scalar_one() == 20


async def test_a_reader_does_not_wait_for_a_writer(database: Database) -> None:
    async with database.write() as writing:
        await writing.execute(text("UPDATE mirror SET version = 7"))
        async with database.read() as reading:
            assert (await reading.execute(text("SELECT version FROM mirror"))).scalar_one() == 0


#: Holds a new SQLite file's write lock, as its first migration does, until stdin ends.
HOLDS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
connection.execute("CREATE TABLE first (x)")
print("held", flush=True)
sys.stdin.read()
connection.execute("COMMIT")
"""


async def test_a_file_that_another_process_just_makes_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / SQLITE_FILE
    pipe = asyncio.subprocess.PIPE
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDS, str(file), stdin=pipe, stdout=pipe
    )
    assert other.stdin is not None
    assert other.stdout is not None
    assert await other.stdout.readline() == b"held\n"
    database = Database(normalise_url(None, tmp_path))
    pinging = asyncio.create_task(database.ping())

    async def tries() -> bool:
        return _opened(file)

    await eventually(tries)
    other.stdin.close()
    await pinging
    assert await other.wait() == 0
    async with database.read() as session:
        assert (await session.execute(text("PRAGMA journal_mode"))).scalar_one() == "wal"
        assert (await session.execute(text("SELECT count(*) FROM first"))).scalar_one() == 0
    await database.close()


def _opened(file: Path) -> bool:
    return any(link.samefile(file) for link in Path("/proc/self/fd").iterdir() if link.exists())


async def test_ping(database: Database, tmp_path: Path) -> None:
    await database.ping()
    gone = Database(normalise_url(f"postgresql://127.0.0.1:{unused_port()}/gvq", tmp_path))
    with pytest.raises((SQLAlchemyError, OSError)):
        await gone.ping()
    await gone.close()
