"""Tables of the directory: what the operator configured, and agents' state that must last.

An agent who logged in or paused did so as a person; that must survive an emptied Redis, so it is
kept here beside the configuration. Everything that follows from calls lives in the line only.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from coordinator.database import Base

#: Lengths of coordinator/names.py: 64 for names, 32 + '/' + 70 at most for interfaces.
NAME = String(64)
INTERFACE = String(128)
TEXT = String(256)

#: SQLite gives rising ids of itself only to a column that is exactly INTEGER PRIMARY KEY.
SERIAL = BigInteger().with_variant(Integer, "sqlite")


class QueueRow(Base):
    """A queue. `settings`: the fields of `QueueSettings`; one that is missing has its default."""

    __tablename__ = "queues"

    name: Mapped[str] = mapped_column(NAME, primary_key=True)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)


class RuleRow(Base):
    """A penalty rule. `changes`: the fields of each `PenaltyChange`, by time."""

    __tablename__ = "rules"

    name: Mapped[str] = mapped_column(NAME, primary_key=True)
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)


class AgentRow(Base):
    """A person with a phone. state_interface: NULL for the interface itself."""

    __tablename__ = "agents"

    name: Mapped[str] = mapped_column(NAME, primary_key=True)
    display_name: Mapped[str] = mapped_column(TEXT)
    interface: Mapped[str] = mapped_column(INTERFACE, unique=True)
    state_interface: Mapped[str | None] = mapped_column(INTERFACE, index=True)
    logged_in: Mapped[bool] = mapped_column(default=False)
    paused: Mapped[bool] = mapped_column(default=False)
    pause_reason: Mapped[str] = mapped_column(TEXT, default="")


class MemberRow(Base):
    """An agent's membership in a queue. `id` rises with the order of joining it.

    wrapuptime (s), ringinuse: NULL for the queue's. paused: in this queue, by a person.
    """

    __tablename__ = "members"
    __table_args__ = (UniqueConstraint("queue", "agent"),)

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    queue: Mapped[str] = mapped_column(ForeignKey("queues.name", ondelete="CASCADE"))
    agent: Mapped[str] = mapped_column(ForeignKey("agents.name", ondelete="CASCADE"), index=True)
    penalty: Mapped[int]
    wrapuptime: Mapped[int | None]
    ringinuse: Mapped[bool | None]
    paused: Mapped[bool] = mapped_column(default=False)
    pause_reason: Mapped[str] = mapped_column(TEXT, default="")


class BoxRow(Base):
    """An Asterisk server that may link."""

    __tablename__ = "boxes"

    name: Mapped[str] = mapped_column(NAME, primary_key=True)
    enabled: Mapped[bool] = mapped_column(default=True)


class TokenRow(Base):
    """A bearer token, by its hash. A revoked one is kept: who had access when must stay known."""

    __tablename__ = "tokens"
    __table_args__ = (
        CheckConstraint("(role = 'box') = (box IS NOT NULL)", name="box_role_names_a_box"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    box: Mapped[str | None] = mapped_column(
        ForeignKey("boxes.name", ondelete="CASCADE"), index=True
    )
    label: Mapped[str] = mapped_column(TEXT)
    created_us: Mapped[int] = mapped_column(BigInteger)
    last_used_us: Mapped[int | None] = mapped_column(BigInteger)
    revoked_us: Mapped[int | None] = mapped_column(BigInteger)


class MirrorRow(Base):
    """One row: how far the line follows this directory. Also the lock every change takes.

    `version` counts changes; the line has all of them when `mirrored` equals it. Kept in SQL, so
    a change made by a replica that died meanwhile is still brought to the line by another.
    """

    __tablename__ = "mirror"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    mirrored: Mapped[int] = mapped_column(BigInteger)
