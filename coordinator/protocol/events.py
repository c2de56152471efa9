"""What happened on a box (adapter → coordinator)."""

from typing import Annotated, Literal

from pydantic import Field

from coordinator.names import Id, Interface, Name
from coordinator.protocol.fields import (
    MAX_POSITION,
    MAX_PRIORITY,
    Age,
    DeviceState,
    Fence,
    Message,
    Penalty,
    Text,
)

#: A week: longer than any caller waits.
MAX_TIMEOUT_S = 604_800

LeaveOutcome = Literal["abandoned", "timeout", "exit_key", "redirected"]
OfferFailure = Literal["no_answer", "busy", "rejected", "failed", "answered_elsewhere"]
EndedBy = Literal["caller", "agent", "transfer", "lost"]


class Join(Message):
    """A caller asks for a place. `call_id` names this visit: one channel may visit twice.

    `url`: Queue()'s argument, for queue_log alone. `raise_keeps_min`: QUEUE_RAISE_PENALTY was
    written rN. `rule`: in place of the queue's defaultrule. `position`: the place it asks for.
    `timeout`: how long it waits, s. `once`: for one pass over the agents (option n).
    """

    kind: Literal["join"] = "join"
    call_id: Id
    channel: Text
    uniqueid: Id
    queue: Text
    priority: Annotated[int, Field(ge=-MAX_PRIORITY, le=MAX_PRIORITY)] = 0
    min_penalty: Penalty | None = None
    max_penalty: Penalty | None = None
    raise_penalty: Penalty | None = None
    raise_keeps_min: bool = False
    rule: Text = ""
    position: Annotated[int, Field(ge=1, le=MAX_POSITION)] | None = None
    timeout: Annotated[int, Field(ge=1, le=MAX_TIMEOUT_S)] | None = None
    once: bool = False
    url: Text = ""
    caller_id_num: Text = ""
    caller_id_name: Text = ""


class Leave(Message):
    """A caller is no longer waiting, by the box's own account."""

    kind: Literal["leave"] = "leave"
    call_id: Id
    outcome: LeaveOutcome
    reason: Text = ""


class Answer(Message):
    """The agent's phone answered and holds the claim; an announcement plays before the bridge."""

    kind: Literal["answer"] = "answer"
    offer_id: Id
    fence: Fence


class Connect(Message):
    """Caller and agent are in one bridge."""

    kind: Literal["connect"] = "connect"
    offer_id: Id
    fence: Fence


class OfferEnded(Message):
    """The offer ended on the box without a bridge."""

    kind: Literal["offer_ended"] = "offer_ended"
    offer_id: Id
    fence: Fence
    outcome: OfferFailure
    reason: Text = ""


class Complete(Message):
    """A connected call is over.

    transfer: where to, in the words of Asterisk's queue_log: `blind|exten|context`, or `attended|`
    and `BRIDGE|bridge`, `APP|application` or `LINK|channel|channel`. Empty for none, or unknown.
    """

    kind: Literal["complete"] = "complete"
    offer_id: Id
    fence: Fence
    ended_by: EndedBy
    transfer: Text = ""


class Replaced(Message):
    """A caller's place, or its talk, has gone over to another channel of this box: an attended
    transfer by who held it. `uniqueid`, `channel` and caller's id are the new one's."""

    kind: Literal["replaced"] = "replaced"
    call_id: Id
    uniqueid: Id
    channel: Text = ""
    caller_id_num: Text = ""
    caller_id_name: Text = ""


class Transferred(Message):
    """A phone of this box has transferred its call, of which another channel holds the talk: of
    another box (trunk), or a Local channel here. `transfer`: as `Complete` has it."""

    kind: Literal["transferred"] = "transferred"
    interface: Interface
    transfer: Text = ""


class Logged(Message):
    """A line for queue_log from the dialplan: QueueLog()'s arguments. `message`: fields by |."""

    kind: Literal["logged"] = "logged"
    queue: Text
    uniqueid: Text
    interface: Text
    event: Text
    message: Text = ""


class Device(Message):
    """A device's state as this box sees it."""

    kind: Literal["device"] = "device"
    interface: Text
    state: DeviceState


class WaitingCall(Message):
    """A caller in a snapshot. With a ticket (rank, fence) it was in the line before."""

    join: Join
    age_us: Age
    rank: Annotated[int, Field(ge=0, lt=2**53)] | None = None


class LiveOffer(Message):
    """A phone that is ringing for, or talking with, a caller of this box, in a snapshot."""

    offer_id: Id
    fence: Fence
    call_id: Id
    queue: Name
    agent: Name
    talking: bool
    age_us: Age


class Snapshot(Message):
    """All of a box at once: every caller held or talking, every live offer, every device."""

    kind: Literal["snapshot"] = "snapshot"
    calls: list[WaitingCall] = Field(default=[])
    offers: list[LiveOffer] = Field(default=[])
    devices: dict[Text, DeviceState] = Field(default={})


Event = Annotated[
    Join
    | Leave
    | Answer
    | Connect
    | OfferEnded
    | Complete
    | Replaced
    | Transferred
    | Logged
    | Device
    | Snapshot,
    Field(discriminator="kind"),
]
