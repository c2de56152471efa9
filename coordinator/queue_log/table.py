"""The table `queue_log`, as Asterisk's realtime has it (contrib/ast-db-manage/queue_log).

Its rows are written in the transaction that moves the history's cursor, so each once, in order,
by however many replicas. `time` is UTC, whatever the replica's zone: Asterisk's with
queue_log_realtime_use_gmt=yes. No column is narrower than Asterisk's.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, DateTime, Integer, String, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from coordinator.database import Base
from coordinator.history.models import JournalRow
from coordinator.history.projection import entry_of
from coordinator.journal import Entry, stream_position
from coordinator.queue_log.lines import Row, Style
from coordinator.queue_log.project import project

#: SQLite gives rising ids of itself only to a column that is exactly INTEGER PRIMARY KEY.
SERIAL = BigInteger().with_variant(Integer, "sqlite")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)


class QueueLogRow(Base):
    """An event. `id` rises in the order of the journal."""

    __tablename__ = "queue_log"

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    time: Mapped[datetime] = mapped_column(DateTime, index=True)
    callid: Mapped[str] = mapped_column(String(150))
    queuename: Mapped[str] = mapped_column(String(256))
    agent: Mapped[str] = mapped_column(String(128))
    event: Mapped[str] = mapped_column(String(32))
    data1: Mapped[str] = mapped_column(String(256))
    data2: Mapped[str] = mapped_column(String(256))
    data3: Mapped[str] = mapped_column(String(256))
    data4: Mapped[str] = mapped_column(String(256))
    data5: Mapped[str] = mapped_column(String(256))


_WIDTHS = {
    column.name: column.type.length
    for column in QueueLogRow.__table__.columns
    if isinstance(column.type, String) and column.type.length
}


class Table:
    """Writes what a batch of entries makes of the table."""

    def __init__(self, style: Style) -> None:
        self._style = style

    async def write(self, session: AsyncSession, entries: Sequence[Entry]) -> None:
        """In the caller's transaction, which has put the entries into the history's journal."""

        async def past(entry: Entry) -> Sequence[Entry]:
            return await _past(session, entry)

        made = await project(entries, self._style, past)
        values = [_values(row) for rows in made for row in rows]
        if values:
            # Row by row, and so in order: nothing is to be returned.
            await session.execute(insert(QueueLogRow), values)


async def _past(session: AsyncSession, entry: Entry) -> Sequence[Entry]:
    place = tuple_(JournalRow.ms, JournalRow.seq)
    query = select(JournalRow).where(JournalRow.call_id == entry.data["call_id"])
    query = query.where(place < stream_position(entry.id))
    ordered = query.order_by(JournalRow.ms, JournalRow.seq)
    return [entry_of(row) for row in (await session.execute(ordered)).scalars()]


def _values(row: Row) -> dict[str, object]:
    words = {"callid": row.callid, "queuename": row.queue, "agent": row.agent, "event": row.event}
    words |= {f"data{number}": text for number, text in enumerate(row.columns, start=1)}
    fitting = {name: text[: _WIDTHS[name]] for name, text in words.items()}
    return {"time": _EPOCH + timedelta(microseconds=row.at_us), **fitting}
