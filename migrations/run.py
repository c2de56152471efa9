"""Running revisions in one locked transaction.

Two replicas may start at once. On PostgreSQL an advisory lock, on SQLite the write lock taken by
BEGIN IMMEDIATE makes the second wait until the first has committed; it then finds nothing to do.
Schema changes are transactional in both, so a revision that fails leaves nothing behind.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, event, text
from sqlalchemy.pool import NullPool

from coordinator.database import open_engine, writing

log = logging.getLogger(__name__)

#: Any constant will do; it only must not be used for another lock in the same database.
LOCK = 0x67767121

#: How long to wait on SQLite for another replica's migration, ms.
SQLITE_WAIT_MS = 120_000


async def upgrade(url: URL, to: str = "head") -> None:
    """Bring the database at a normalised URL to revision `to`.

    A database that newer code has migrated is left alone: revisions keep older code working.
    """

    def run(config: Config) -> None:
        if _is_ahead(config):
            log.warning("The database was migrated by a newer version; going on with it.")
            return
        command.upgrade(config, to)

    await locked(url, run)


async def downgrade(url: URL, to: str) -> None:
    """Go back to revision `to` (`base`: an empty database). Data of later revisions is lost."""
    await locked(url, lambda config: command.downgrade(config, to))


async def revision_of(url: URL) -> str | None:
    """The revision the database is at; None before the first."""
    found: list[str | None] = []
    await locked(url, lambda config: found.append(_current(config)))
    return found[0]


def head() -> str:
    """The newest revision this code knows."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


async def locked(url: URL, run: Callable[[Config], None]) -> None:
    """Run an alembic command, alone among all replicas, in one transaction."""
    engine = open_engine(url, poolclass=NullPool)
    if url.get_backend_name() == "sqlite":
        event.listen(engine.sync_engine, "connect", _on_sqlite_connect)
    try:
        async with writing(engine).begin() as connection:
            await connection.run_sync(_with_lock, run)
    finally:
        await engine.dispose()


def _on_sqlite_connect(connection: object, _record: object) -> None:
    # Changing a table on SQLite rebuilds it; dropping the old one would cascade into the tables
    # that refer to it. Foreign keys can only be turned off before the transaction begins.
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA foreign_keys = OFF")
    cursor.execute(f"PRAGMA busy_timeout = {SQLITE_WAIT_MS}")
    cursor.close()


def _with_lock(connection: Connection, run: Callable[[Config], None]) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    config = _config()
    config.attributes["connection"] = connection
    run(config)
    _check_references(connection)


def _check_references(connection: Connection) -> None:
    """What SQLite did not check while foreign keys were off. Raises RuntimeError."""
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise RuntimeError(f"the migration would leave rows that refer to nothing: {broken[:5]}")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def _current(config: Config) -> str | None:
    connection: Connection = config.attributes["connection"]
    return MigrationContext.configure(connection).get_current_revision()


def _is_ahead(config: Config) -> bool:
    current = _current(config)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    return current is not None and current not in known
