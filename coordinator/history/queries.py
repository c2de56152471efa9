"""What the API asks of the past."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from coordinator.database import Database
from coordinator.history.models import CallRow, JournalRow, OfferRow
from coordinator.history.projection import entry_of
from coordinator.journal import Entry, stream_position
from coordinator.line.engine import Engine


@dataclass(frozen=True, slots=True)
class OfferRecord:
    """An agent rung for a caller. Times µs since 1970, durations µs, None for not yet."""

    offer_id: str
    agent: str
    home: str
    fence: int
    penalty: int | None
    made_us: int
    outcome: str | None
    reason: str
    ring_us: int | None
    ended_us: int | None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A caller's visit, as far as it has come. Times µs since 1970, durations µs."""

    call_id: str
    queue: str
    box: str
    channel: str
    caller_id_num: str
    caller_id_name: str
    priority: int
    position: int
    joined_us: int
    outcome: str | None
    reason: str
    left_us: int | None
    hold_us: int | None
    agent: str | None
    home: str | None
    offer_id: str | None
    answered_us: int | None
    talk_us: int | None
    completed_us: int | None
    ended_by: str | None
    offers: tuple[OfferRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls. Times µs by joining, `until_us` exclusive; `before`: a call id to go on from."""

    queue: str | None = None
    agent: str | None = None
    box: str | None = None
    outcome: str | None = None
    caller_id_num: str | None = None
    since_us: int | None = None
    until_us: int | None = None
    before: str | None = None
    limit: int = 100


class History:
    """Reads of the past. What is younger than the consumer's last batch is only in the journal."""

    def __init__(self, engine: Engine, database: Database) -> None:
        self._engine = engine
        self._database = database

    async def call(self, call_id: str) -> CallRecord | None:
        """A call with its offers in order; None when history has no such call."""
        async with self._database.read() as session:
            row = await session.get(CallRow, call_id)
            if row is None:
                return None
            wanted = select(OfferRow).where(OfferRow.call_id == call_id)
            ordered = wanted.order_by(OfferRow.made_us, OfferRow.fence)
            offers = (await session.execute(ordered)).scalars()
            return _record(row, tuple(_offer(offer) for offer in offers))

    async def calls(self, which: CallFilter) -> list[CallRecord]:
        """Calls without their offers, the last to join first."""
        async with self._database.read() as session:
            query = await _calls_query(session, which)
            return [_record(row) for row in (await session.execute(query)).scalars()]

    async def journal_of(self, call_id: str) -> list[Entry]:
        """All entries that name the call, in order; those not yet in SQL included."""
        wanted = select(JournalRow).where(JournalRow.call_id == call_id)
        async with self._database.read() as session:
            # The end first: an entry written in between is then met twice, not missed.
            end = await _newest(session)
            rows = (await session.execute(wanted.order_by(JournalRow.ms, JournalRow.seq))).scalars()
            entries = {f"{row.ms}-{row.seq}": entry_of(row) for row in rows}
        for entry in await self._rest(end):
            if entry.data.get("call_id") == call_id:
                entries[entry.id] = entry
        return list(entries.values())

    async def newest(self) -> str:
        """Id of the last entry that SQL has; "0-0" for none."""
        async with self._database.read() as session:
            return await _newest(session)

    async def journal(self, after: str = "0", limit: int = 1000) -> list[Entry]:
        """Entries after that id: from Redis, and from SQL those that Redis no longer has."""
        recent = await self._engine.journal(after, limit)
        # Asked second: an entry trimmed between the two reads is then looked for in SQL.
        oldest = await self._engine.oldest_entry()
        if oldest is not None and stream_position(after) >= stream_position(oldest):
            return recent
        archived = await self._archived(after, oldest, limit)
        known = {entry.id for entry in archived}
        return [*archived, *(entry for entry in recent if entry.id not in known)][:limit]

    async def _archived(self, after: str, before: str | None, limit: int) -> list[Entry]:
        place = tuple_(JournalRow.ms, JournalRow.seq)
        query = select(JournalRow).where(place > stream_position(after))
        if before is not None:
            query = query.where(place < stream_position(before))
        query = query.order_by(JournalRow.ms, JournalRow.seq).limit(limit)
        async with self._database.read() as session:
            return [entry_of(row) for row in (await session.execute(query)).scalars()]

    async def _rest(self, after: str) -> list[Entry]:
        """What Redis has beyond SQL: a few moments' entries, all of them after an outage of SQL."""
        entries: list[Entry] = []
        while page := await self._engine.journal(after, 1000):
            entries += page
            after = page[-1].id
        return entries


async def _newest(session: AsyncSession) -> str:
    last_first = (JournalRow.ms.desc(), JournalRow.seq.desc())
    query = select(JournalRow.ms, JournalRow.seq).order_by(*last_first).limit(1)
    row = (await session.execute(query)).first()
    return f"{row.ms}-{row.seq}" if row else "0-0"


async def _calls_query(session: AsyncSession, which: CallFilter) -> Select[CallRow]:
    query = select(CallRow)
    for name in ("queue", "agent", "box", "outcome", "caller_id_num"):
        value = getattr(which, name)
        if value is not None:
            query = query.where(getattr(CallRow, name) == value)
    if which.since_us is not None:
        query = query.where(CallRow.joined_us >= which.since_us)
    if which.until_us is not None:
        query = query.where(CallRow.joined_us < which.until_us)
    last = await session.get(CallRow, which.before) if which.before else None
    if last is not None:
        place = tuple_(CallRow.joined_us, CallRow.call_id)
        query = query.where(place < (last.joined_us, last.call_id))
    query = query.order_by(CallRow.joined_us.desc(), CallRow.call_id.desc())
    return query.limit(which.limit)


def _record(row: CallRow, offers: Sequence[OfferRecord] = ()) -> CallRecord:
    fields = (name for name in CallRecord.__dataclass_fields__ if name != "offers")
    return CallRecord(**{name: getattr(row, name) for name in fields}, offers=tuple(offers))


def _offer(row: OfferRow) -> OfferRecord:
    return OfferRecord(**{name: getattr(row, name) for name in OfferRecord.__dataclass_fields__})
