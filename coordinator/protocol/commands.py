"""What to do on a box (coordinator → adapter)."""

import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter

from coordinator.names import SOUND, SUBROUTINE_PATTERN, Id, Interface, Label, Name
from coordinator.protocol.fields import Fence, Message, Text

QueueStatus = Literal["WITHDRAW", "UNKNOWN", "FULL", "JOINEMPTY", "LEAVEEMPTY", "TIMEOUT"]

#: Cut to what fits into a line of AMI (main/manager.c: 1024 bytes) and cannot bend it.
Shown = Annotated[
    str,
    BeforeValidator(lambda text: "".join(c for c in str(text) if c.isprintable())[:200]),
]
Subroutine = Annotated[str, Field(pattern=SUBROUTINE_PATTERN)]
Sound = Annotated[str, Field(pattern=rf"^({SOUND})?$")]


class Meeting(Message):
    """What agent and caller hear before they talk, by the queue's settings (line/announcing.py)."""

    announce: Annotated[str, Field(pattern=rf"^({SOUND}(&{SOUND})*)?$", max_length=256)] = ""
    memberdelay: Annotated[int, Field(ge=0, le=3600)] = 0
    reportholdtime: bool = False
    queue_reporthold: Sound = ""
    queue_minutes: Sound = ""
    queue_seconds: Sound = ""
    queue_callerannounce: Sound = ""


def _unpacked(value: Any) -> Any:
    """The line keeps it as one text (line/calling.py)."""
    return json.loads(value or "{}") if isinstance(value, str) else value


class Originate(Message):
    """Ring an agent for a caller of this box. The channel's id is the offer's id.

    position: the caller's, as it is rung. variables, values: what both channels are given for the
    talk, by commas; QEHOLDTIME, the last, is without a value. membergosub, monitor_format: as in
    line/calling.py.
    """

    kind: Literal["originate"] = "originate"
    offer_id: Id
    fence: Fence
    call_id: Id
    uniqueid: Id
    queue: Name
    agent: Name
    interface: Interface
    home: Name
    timeout_ms: Annotated[int, Field(gt=0)]
    caller_id_num: Text = ""
    caller_id_name: Text = ""
    position: Annotated[int, Field(ge=0)] = 0
    variables: Annotated[str, Field(pattern=r"^[A-Z,]{0,400}$")] = ""
    values: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.@:+*#/,-]{0,600}$")] = ""
    membergosub: Subroutine = ""
    monitor_format: Label = ""
    meeting: Annotated[Meeting, BeforeValidator(_unpacked)] = Meeting()


class Cancel(Message):
    """End an offer that is no talk yet; `elsewhere` when another agent has answered it."""

    kind: Literal["cancel"] = "cancel"
    offer_id: Id
    elsewhere: bool = False


class Release(Message):
    """Let a waiting caller go on in the dialplan with this QUEUESTATUS.

    position: its last, 0 for who had none. info: why it was withdrawn.
    """

    kind: Literal["release"] = "release"
    call_id: Id
    uniqueid: Id
    status: QueueStatus
    position: Annotated[int, Field(ge=0)] = 0
    info: Shown = ""


class KeepTicket(Message):
    """Write a caller's changed place on its channel."""

    kind: Literal["ticket"] = "ticket"
    call_id: Id
    uniqueid: Id
    priority: int
    rank: int


Command = Annotated[Originate | Cancel | Release | KeepTicket, Field(discriminator="kind")]

COMMAND: TypeAdapter[Originate | Cancel | Release | KeepTicket] = TypeAdapter(Command)
