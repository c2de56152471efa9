"""The frames of the WebSocket: their bounds, its close codes, and one union each way."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from coordinator.names import LAMP_PATTERN, Id, Name
from coordinator.protocol.asking import Ask, Change, Changed, Look, Seen, Told
from coordinator.protocol.commands import Command
from coordinator.protocol.events import Event
from coordinator.protocol.fields import Age, DeviceState, Message

#: Raised with every frame or field that the other side would not know: it refuses those.
VERSION = 2

#: Largest frame either side sends or takes, bytes. A snapshot of 5,000 calls fits.
MAX_FRAME = 4 * 1024 * 1024

# Close codes of the WebSocket (4000–4999 are the application's).
CLOSE_RESYNC = 4001  # begin a new epoch with a snapshot
CLOSE_BAD_FRAME = 4400
CLOSE_UNAUTHORIZED = 4401
CLOSE_WRONG_BOX = 4403
CLOSE_ALREADY_LINKED = 4409
CLOSE_OUT_OF_SEQUENCE = 4410  # reconnect and resume where the welcome says
CLOSE_STALE = 4411  # a newer link of this box has taken over
CLOSE_UNAVAILABLE = 4503  # the line cannot take events now; reconnect

LampName = Annotated[str, Field(pattern=LAMP_PATTERN)]


# ── Adapter → coordinator ───────────────────────────────────────────────────────────────────


class Hello(Message):
    """The first frame. `instance` names the adapter process, `epoch` its AMI session."""

    type: Literal["hello"] = "hello"
    version: int = VERSION
    box: Name
    instance: Id
    epoch: Annotated[int, Field(gt=0, lt=2**53)]


class EventFrame(Message):
    """An event with its place in the epoch and its age when sent, µs."""

    type: Literal["event"] = "event"
    seq: Annotated[int, Field(gt=0, lt=2**53)]
    age_us: Age = 0
    event: Event


class Done(Message):
    """Commands executed (or found impossible: the outcome comes as an event)."""

    type: Literal["done"] = "done"
    id: Annotated[str, Field(pattern=r"^\d+-\d+$")]


class Heartbeat(Message):
    """The link lives, and every event that happened before has been sent."""

    type: Literal["heartbeat"] = "heartbeat"


# ── Coordinator → adapter ───────────────────────────────────────────────────────────────────


class Welcome(Message):
    """The link stands. `seq`: last event of this epoch the line has; send on from seq + 1."""

    type: Literal["welcome"] = "welcome"
    version: int = VERSION
    seq: int
    heartbeat_s: float


class Ticket(Message):
    """A caller's place, to be kept on its channel: the line can be rebuilt from it."""

    call_id: Id
    priority: int
    rank: int
    position: int


class Ack(Message):
    """Event `seq` is taken. `code` is `ok`, `duplicate`, or why it was refused.

    position: of a leave, the last position that the caller had.
    """

    type: Literal["ack"] = "ack"
    seq: int
    code: str = "ok"
    detail: str = ""
    ticket: Ticket | None = None
    position: Annotated[int, Field(ge=0)] = 0


class CommandFrame(Message):
    """A command; `id` is its place in the box's command stream. Sent until `done`."""

    type: Literal["command"] = "command"
    id: Annotated[str, Field(pattern=r"^\d+-\d+$")]
    command: Command


class Lamps(Message):
    """States of lamps. `complete`: since the link began all that there are have been named."""

    type: Literal["lamps"] = "lamps"
    states: dict[LampName, DeviceState]
    complete: bool = False


Upward = Hello | EventFrame | Done | Heartbeat | Ask | Change | Look
Downward = Welcome | Ack | CommandFrame | Told | Changed | Seen | Lamps
Upstream = Annotated[Upward, Field(discriminator="type")]
Downstream = Annotated[Downward, Field(discriminator="type")]

UPSTREAM: TypeAdapter[Upward] = TypeAdapter(Upstream)
DOWNSTREAM: TypeAdapter[Downward] = TypeAdapter(Downstream)
