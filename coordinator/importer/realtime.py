"""Asterisk's realtime tables `queues`, `queue_members` and `queue_rules` as a Source; only read.

Columns are those of Asterisk's contrib/ast-db-manage: an option's name with '_' for '-'. A column
that is no option, and a value that is NULL or blank, says nothing. "File and line" of a sentence
are table and row, counted in the order of the name (queues), of queue and interface
(queue_members), of rule and time (queue_rules).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, create_engine, inspect, make_url, select
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from coordinator.asterisk_config import Line
from coordinator.importer.conf import MEMBER
from coordinator.importer.findings import ImportFailed
from coordinator.importer.options import OPTIONS
from coordinator.importer.source import AgentGiven, MemberGiven, QueueGiven, RuleGiven, Source

#: Table → what its rows are in order of. The last one need not be there.
TABLES = {
    "queues": ("name",),
    "queue_members": ("queue_name", "interface"),
    "queue_rules": ("rule_name", "time"),
}

#: SQLAlchemy's default drivers that are not ours.
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}

Row = Mapping[str, str]


def read_tables(url: str, agents: tuple[AgentGiven, ...] = ()) -> Source:
    """All queues of a database. Raises ImportFailed, without the URL: it may hold a password."""
    try:
        engine = reader(url)
        try:
            with engine.connect() as connection:
                rows = {table: list(_rows(connection, table)) for table in TABLES}
        finally:
            engine.dispose()
    except (ImportError, NoSuchModuleError) as error:
        raise ImportFailed(
            [f"--realtime: this database's driver is not installed ({error}); name one that is, "
             "as in postgresql://, sqlite:// or mysql+pymysql://."]
        ) from None  # fmt: skip
    except SQLAlchemyError as error:
        # The driver's own sentence; SQLAlchemy's would show the statement.
        raise ImportFailed([f"--realtime: {getattr(error, 'orig', None) or error}"]) from None
    return Source(
        queues=tuple(_queues(rows["queues"], rows["queue_members"])),
        rules=tuple(_rule(line, row) for line, row in rows["queue_rules"]),
        agents=agents,
    )


def reader(url: str) -> Engine:
    """An engine that cannot write. Raises ImportFailed, ImportError, SQLAlchemyError."""
    return create_engine(_url(url), execution_options={"postgresql_readonly": True})


def _url(given: str) -> URL:
    """With our driver; a SQLite file is opened for reading, so that none is made by mistake."""
    try:
        url = make_url(given)
    except ArgumentError:
        raise ImportFailed(
            ["--realtime: this is not a URL like postgresql://user@host/asterisk"]
        ) from None
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "")
        if not file.is_file():
            raise ImportFailed([f"--realtime: there is no file {url.database!r}."])
        return URL.create("sqlite", database=f"file:{file}", query={"mode": "ro", "uri": "true"})
    return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))


def _rows(connection: Connection, name: str) -> Iterator[tuple[Line, Row]]:
    """What a table's rows say, each with its place."""
    if not inspect(connection).has_table(name):
        if name == "queue_rules":
            return
        raise ImportFailed([f"--realtime: there is no table {name}."])
    table = Table(name, MetaData(), autoload_with=connection)
    missing = [column for column in TABLES[name] if column not in table.columns]
    if missing:
        raise ImportFailed([f"--realtime: table {name} has no column {', '.join(missing)}."])
    in_order = select(table).order_by(*(table.columns[column] for column in TABLES[name]))
    for number, row in enumerate(connection.execute(in_order).mappings(), start=1):
        said = {key.lower(): _text(value) for key, value in row.items()}
        yield Line(name, "", Path(name), number), {k: v for k, v in said.items() if v}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value).strip()


def _queues(
    queues: Iterable[tuple[Line, Row]], members: Iterable[tuple[Line, Row]]
) -> Iterator[QueueGiven]:
    """Members of a queue that has no row are nobody's, as with Queue()."""
    served = defaultdict(list)
    for line, row in members:
        served[row.get("queue_name", "").lower()].append(_member(line, row))
    for line, row in queues:
        name = row.get("name", "")
        yield QueueGiven(name, line, tuple(_options(line, row)), tuple(served[name.lower()]))


def _options(line: Line, row: Row) -> Iterator[Line]:
    for column, value in row.items():
        option = column.replace("_", "-")
        if option in OPTIONS:
            yield Line(option, value, line.file, line.number)


def _member(line: Line, row: Row) -> MemberGiven:
    fields = {name: row.get(name, "") for name in MEMBER}
    return MemberGiven(line=line, **fields)


def _rule(line: Line, row: Row) -> RuleGiven:
    parts = (row.get(column, "") for column in ("time", "max_penalty", "min_penalty"))
    return RuleGiven(row.get("rule_name", ""), line, (*parts, row.get("raise_penalty", "")))
