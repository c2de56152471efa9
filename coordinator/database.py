"""SQL: one engine, one Base, one way to open a transaction. Knows no tables.

SQLite (a file under GVQ_DATA_DIR) when nothing is configured, PostgreSQL in production. What
differs between the two is settled here, so that no query elsewhere asks which one it talks to:

* A **write** on SQLite begins IMMEDIATE. A deferred transaction that reads and then writes
  fails at once with "database is locked" when another one wrote in between, and no busy timeout
  helps it; one that takes the write lock first waits its turn.
* Foreign keys are off in SQLite unless each connection asks for them.
* WAL lets readers go on beside the one writer.
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, MetaData, event, make_url, text
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase

#: How long a SQLite connection waits for the write lock, ms. Longer than any of our writes: the
#: longest is a mirror of all agents to an emptied line, about a second for a thousand.
SQLITE_BUSY_MS = 30_000

#: Other processes that may come between waiting for a new file and switching it to WAL.
WAL_TRIES = 10

#: Seconds until a PostgreSQL that does not answer is given up on.
CONNECT_TIMEOUT_S = 5

SQLITE_FILE = "gvq.sqlite3"

#: Constraints without a name cannot be changed by a later migration.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}

#: What SQL raises when it does not answer.
AWAY = (OperationalError, InterfaceError, PoolTimeout)

#: Execution option: this transaction will write.
_WRITES = "gvq_writes"


class Base(DeclarativeBase):
    """Every table of the coordinator."""

    metadata = MetaData(naming_convention=NAMING)


def normalise_url(configured: str | None, data_dir: Path) -> URL:
    """GVQ_DATABASE_URL with the async driver we use; a SQLite file in `data_dir` for None.

    Raises ValueError naming what is allowed, without the URL itself: it may hold a password.
    """
    if configured is None:
        return URL.create("sqlite+aiosqlite", database=str(data_dir / SQLITE_FILE))
    try:
        url = make_url(configured)
    except ArgumentError:
        raise ValueError("GVQ_DATABASE_URL is not a URL like postgresql://user@host/name") from None
    if url.drivername not in _DRIVERS:
        raise ValueError(
            f"GVQ_DATABASE_URL begins with {url.drivername}://, not postgresql:// or sqlite://"
        )
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise ValueError(
            "GVQ_DATABASE_URL must name a file: each connection has a memory of its own"
        )
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).parent.is_dir():
        raise ValueError(f"GVQ_DATABASE_URL names {url.database}, and its folder is not there")
    return url.set(drivername=_DRIVERS[url.drivername])


class Database:
    """The coordinator's SQL database. Open sessions with `read` and `write` only."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.engine = open_engine(url)
        self._read = async_sessionmaker(self.engine, expire_on_commit=False)
        self._write = async_sessionmaker(writing(self.engine), expire_on_commit=False)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A transaction that only reads; nothing in it is kept."""
        async with self._read() as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A transaction that commits when the block ends and rolls back when it raises."""
        async with self._write.begin() as session:
            yield session

    async def ping(self) -> None:
        """Raises SQLAlchemyError or OSError when the database does not answer."""
        async with self.read() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Give every connection back."""
        await self.engine.dispose()


def open_engine(url: URL, **options: Any) -> AsyncEngine:
    """An engine for a normalised URL, with the pragmas of SQLite set on each connection."""
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url, **options)
        event.listen(engine.sync_engine, "connect", _on_sqlite_connect)
        event.listen(engine.sync_engine, "begin", _on_sqlite_begin)
        return engine
    arguments = {"connect_timeout": CONNECT_TIMEOUT_S}
    return create_async_engine(url, pool_pre_ping=True, connect_args=arguments, **options)


def writing(engine: AsyncEngine) -> AsyncEngine:
    """The same engine, for transactions that will write."""
    return engine.execution_options(**{_WRITES: True})


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: we choose their kind below.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {SQLITE_BUSY_MS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    _use_wal(cursor)
    # With WAL this loses at most the last commits on a power cut, and never corrupts; but an
    # acknowledged change must last, so every commit reaches the disk.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _use_wal(cursor: Any) -> None:
    """The switch itself fails at once while another process holds a new file; so wait, then switch.

    Once one process has switched, it is the file's mode for all.
    """
    for _ in range(WAL_TRIES):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            cursor.execute("BEGIN EXCLUSIVE")  # waits its turn, as the switch does not
            cursor.execute("ROLLBACK")
    cursor.execute("PRAGMA journal_mode = WAL")


def _on_sqlite_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
