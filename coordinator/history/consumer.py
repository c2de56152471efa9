"""The journal's way into SQL: every entry once, by however many replicas at a time.

The cursor moves in the transaction that writes the rows, under its row's lock (SQLite: the write
lock). Replicas therefore need no leader: each reads ahead, and whoever finds the cursor moved
on drops what the other has written. Redis is read before the transaction, never in it: a Redis
that hangs must not hold SQL's lock.

History never stands in the line's way: whatever goes wrong here is logged and tried again, and
Redis keeps what SQL has not got.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from coordinator.database import Database
from coordinator.history import following
from coordinator.history.following import Follower
from coordinator.history.models import CallRow, CursorRow, OfferRow
from coordinator.history.projection import Tables, ids, journal_row
from coordinator.journal import Entry, stream_position
from coordinator.line.engine import Engine
from coordinator.tasks import to_its_end

log = logging.getLogger(__name__)

#: The cursor's name, and where a journal begins.
HISTORY = "history"
START = "0-0"

#: Redis is trimmed once this many entries have been taken since.
TRIM_EVERY = 1_000


#: Writes more of the same entries, in the transaction and after the history's own rows.
Beside = Callable[[AsyncSession, Sequence[Entry]], Awaitable[None]]

_FIRST = text(
    "INSERT INTO cursors (consumer, position) VALUES (:consumer, :position) ON CONFLICT DO NOTHING"
)


class Consumer(Follower):
    """Writes the journal of one line into one database. `keep`: entries Redis keeps."""

    def __init__(
        self, engine: Engine, database: Database, keep: int, beside: Beside | None = None
    ) -> None:
        super().__init__()
        self._engine = engine
        self._database = database
        self._keep = keep
        self._beside = beside
        self._seen = START
        self._untrimmed = TRIM_EVERY

    async def step(self, block_ms: int | None = None) -> int:
        """Takes one batch, waiting up to `block_ms` for it. Returns how many entries came.

        Raises what Redis or SQL raise; then nothing is written.
        """
        entries = await self._engine.journal(self._seen, following.BATCH, block_ms)
        if not entries:
            return 0
        self._seen = await to_its_end(self._take(entries))
        await self._trim(len(entries))
        return len(entries)

    async def _take(self, entries: Sequence[Entry]) -> str:
        """Writes what SQL lacks of the entries. Returns the cursor."""
        async with self._database.write() as session:
            cursor = await _locked_cursor(session)
            fresh = _after(entries, cursor.position)
            if fresh:
                await _write(session, fresh)
                if self._beside:
                    await self._beside(session, fresh)
                cursor.position = fresh[-1].id
            return cursor.position

    async def _trim(self, taken: int) -> None:
        self._untrimmed += taken
        if self._untrimmed >= TRIM_EVERY:
            await self._engine.trim_journal(self._keep, upto=self._seen)
            self._untrimmed = 0

    def failed(self, error: Exception) -> None:
        """Redis or SQL is away."""
        log.error("history: waiting, the journal is kept in Redis: %r", error)

    def recovered(self) -> None:
        """Both are there."""
        log.warning("history: going on")


async def _locked_cursor(session: AsyncSession) -> CursorRow:
    """The cursor, locked until the commit."""
    wanted = select(CursorRow).where(CursorRow.consumer == HISTORY).with_for_update()
    cursor = (await session.execute(wanted)).scalar_one_or_none()
    if cursor is None:
        # Another replica may do so at the same moment; either way it is then there to be locked.
        await session.execute(_FIRST, {"consumer": HISTORY, "position": START})
        cursor = (await session.execute(wanted)).scalar_one()
    return cursor


def _after(entries: Sequence[Entry], position: str) -> Sequence[Entry]:
    reached = stream_position(position)
    return [entry for entry in entries if stream_position(entry.id) > reached]


async def _write(session: AsyncSession, entries: Sequence[Entry]) -> None:
    calls = select(CallRow).where(CallRow.call_id.in_(ids(entries, "call_id")))
    offers = select(OfferRow).where(OfferRow.offer_id.in_(ids(entries, "offer_id")))
    tables = Tables(
        (await session.execute(calls)).scalars(), (await session.execute(offers)).scalars()
    )
    for entry in entries:
        tables.apply(entry)
    session.add_all(tables.added)
    session.add_all([journal_row(entry) for entry in entries])
