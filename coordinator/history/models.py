"""Tables of the history. Times are µs since 1970 by Redis's clock, durations µs.

`journal` is the record; `calls` and `offers` are its summary, kept up by projection.py and
able to be rebuilt from it. There are no foreign keys: a journal may begin in the middle of a call.
"""

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from coordinator.database import Base

#: names.ID_PATTERN allows 149 characters, names.NAME_PATTERN 64.
ID = String(149)
NAME = String(64)
TEXT = String(256)
WORD = String(32)


class JournalRow(Base):
    """An entry of the journal. Its id is `{ms}-{seq}`, in two numbers so that it sorts."""

    __tablename__ = "journal"
    __table_args__ = (
        Index("ix_journal_at_us", "at_us"),
        Index("ix_journal_call_id", "call_id", "ms", "seq"),
    )

    ms: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at_us: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str] = mapped_column(WORD)
    call_id: Mapped[str | None] = mapped_column(ID)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


class CallRow(Base):
    """A caller's one visit to one queue. `position` is the place it joined at."""

    __tablename__ = "calls"
    __table_args__ = (
        Index("ix_calls_joined_us", "joined_us", "call_id"),
        Index("ix_calls_queue_joined_us", "queue", "joined_us"),
        Index("ix_calls_agent_joined_us", "agent", "joined_us"),
    )

    call_id: Mapped[str] = mapped_column(ID, primary_key=True)
    queue: Mapped[str] = mapped_column(NAME)
    box: Mapped[str] = mapped_column(NAME)
    channel: Mapped[str] = mapped_column(TEXT, default="")
    caller_id_num: Mapped[str] = mapped_column(TEXT, default="")
    caller_id_name: Mapped[str] = mapped_column(TEXT, default="")
    priority: Mapped[int] = mapped_column(Integer, default=0)
    position: Mapped[int] = mapped_column(Integer, default=0)
    joined_us: Mapped[int] = mapped_column(BigInteger)
    outcome: Mapped[str | None] = mapped_column(WORD)
    reason: Mapped[str] = mapped_column(TEXT, default="")
    left_us: Mapped[int | None] = mapped_column(BigInteger)
    hold_us: Mapped[int | None] = mapped_column(BigInteger)
    agent: Mapped[str | None] = mapped_column(NAME)
    home: Mapped[str | None] = mapped_column(NAME)
    offer_id: Mapped[str | None] = mapped_column(ID)
    answered_us: Mapped[int | None] = mapped_column(BigInteger)
    talk_us: Mapped[int | None] = mapped_column(BigInteger)
    completed_us: Mapped[int | None] = mapped_column(BigInteger)
    ended_by: Mapped[str | None] = mapped_column(WORD)


class OfferRow(Base):
    """An agent rung for a caller."""

    __tablename__ = "offers"
    __table_args__ = (
        Index("ix_offers_call_id", "call_id"),
        Index("ix_offers_agent_made_us", "agent", "made_us"),
    )

    offer_id: Mapped[str] = mapped_column(ID, primary_key=True)
    call_id: Mapped[str] = mapped_column(ID)
    queue: Mapped[str] = mapped_column(NAME)
    agent: Mapped[str] = mapped_column(NAME)
    home: Mapped[str] = mapped_column(NAME, default="")
    fence: Mapped[int] = mapped_column(BigInteger)
    penalty: Mapped[int | None] = mapped_column(Integer)
    made_us: Mapped[int] = mapped_column(BigInteger)
    outcome: Mapped[str | None] = mapped_column(WORD)
    reason: Mapped[str] = mapped_column(TEXT, default="")
    ring_us: Mapped[int | None] = mapped_column(BigInteger)
    ended_us: Mapped[int | None] = mapped_column(BigInteger)


class CursorRow(Base):
    """How far a consumer of the journal has come: the id of the last entry it has."""

    __tablename__ = "cursors"

    consumer: Mapped[str] = mapped_column(NAME, primary_key=True)
    position: Mapped[str] = mapped_column(WORD)
