"""What the directory hands out: plain values, no rows of a session that is closed by then."""

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar, get_args

from coordinator.line.types import MemberSettings, PenaltyChange, QueueSettings

#: read < operate < admin; `box` stands beside them and opens one box's link only.
Role = Literal["read", "operate", "admin", "box"]
ROLES: tuple[Role, ...] = get_args(Role)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue as configured."""

    name: str
    settings: QueueSettings


@dataclass(frozen=True, slots=True)
class Rule:
    """A penalty rule as configured, its changes by time."""

    name: str
    changes: tuple[PenaltyChange, ...]


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent as configured, with what the person last chose.

    state_interface: whose state tells whether the phone is free; "" for the interface's own.
    paused: in all queues.
    """

    name: str
    interface: str
    display_name: str
    logged_in: bool
    paused: bool
    pause_reason: str
    state_interface: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """A membership. `order` only compares: lower was added earlier."""

    queue: str
    agent: str
    order: int
    settings: MemberSettings


@dataclass(frozen=True, slots=True)
class Box:
    """A box that may link while `enabled`."""

    name: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret. Times in µs since 1970, None for never."""

    id: str
    role: Role
    box: str | None
    label: str
    created_us: int
    last_used_us: int | None
    revoked_us: int | None


@dataclass(frozen=True, slots=True)
class Saved(Generic[T]):
    """A change that is in SQL. `applied`: the line has it too; else it follows by itself."""

    record: T
    created: bool
    applied: bool
