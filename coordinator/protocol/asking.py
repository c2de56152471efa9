"""What a box asks (adapter → coordinator), and what it is told (back). None of it is an event."""

from typing import Annotated, Literal

from pydantic import Field

from coordinator.names import (
    CHANNEL_PATTERN,
    DEVICE_PATTERN,
    INTERFACE_LENGTH,
    SOUND,
    Id,
    Interface,
    Label,
)
from coordinator.protocol.fields import MAX_POSITION, Message, Penalty, Seconds, Text

#: What an agent may change by phone; add and remove: a membership (AddQueueMember and its like).
AgentChange = Literal[
    "login", "logout", "pause", "unpause", "add", "remove", "penalty", "ringinuse",
]  # fmt: skip
#: What came of it: the words of app_queue's AQMSTATUS and its like, and four of ours. SET: the
#: penalty, the ringinuse. NOTHERE: the phone is not registered at this box. INVALID: an argument
#: cannot be used. LINEAWAY: failed, now.
ChangeResult = Literal[
    "ADDED", "MEMBERALREADY", "NOSUCHQUEUE", "REMOVED", "NOTINQUEUE", "PAUSED", "UNPAUSED", "SET",
    "NOTFOUND", "NOTHERE", "INVALID", "LINEAWAY",
]  # fmt: skip
#: What came of a look.
LookResult = Literal["FOUND", "NOSUCHQUEUE", "INVALID", "LINEAWAY"]

StateInterface = Annotated[str, Field(pattern=rf"{DEVICE_PATTERN}|^$", max_length=INTERFACE_LENGTH)]
#: Which of its channel's requests this is.
Number = Annotated[int, Field(gt=0, le=1_000_000)]
Count = Annotated[int, Field(ge=0, lt=2**53)]
#: What a caller has heard so far: the coordinator's own, kept on the channel between two asks.
Heard = Annotated[str, Field(pattern=r"^[0-9.]{0,64}$")]


# ── What a caller is to hear ────────────────────────────────────────────────────────────────


class Ask(Message):
    """What is this caller to hear? `heard` is the last answer's; `spoke_s`: how long its words
    took, seconds."""

    type: Literal["ask"] = "ask"
    call_id: Id
    heard: Heard = ""
    spoke_s: Annotated[int, Field(ge=0, le=3600)] = 0


class Told(Message):
    """The answer to an ask, and how the queue holds its callers.

    words: sound files, and numbers to say as `#12`. again_s: when to ask again, seconds from now;
    0: never. heard: what to bring along then. patience_s: how long the box lets the caller wait
    beyond its own timeout, for the line to end the wait; 0: not at all. rung: a phone rings for the
    caller now.
    """

    type: Literal["told"] = "told"
    call_id: Id
    uniqueid: Id
    words: list[Annotated[str, Field(pattern=rf"^(#\d{{1,9}}|{SOUND})$")]] = Field(
        default=[], max_length=11
    )
    heard: Heard = ""
    again_s: Annotated[int, Field(ge=0)] = 0
    context: Label = ""
    musicclass: Label = ""
    ringing: bool = False
    patience_s: Annotated[int, Field(ge=0, le=7200)] = 0
    rung: bool = False


# ── What an agent changes at a phone ────────────────────────────────────────────────────────


class Change(Message):
    """An agent at a phone changes something. `number`: which of its channel's changes this is.

    queue: "" for all (of add and remove never). reason: of a pause or its end, also of one to
    begin with (`paused`). penalty: of add, too. name, state_interface (for a new agent), wrapuptime
    (s; 0: the queue's): of add only; what is None is not said. ringinuse: of that change only.
    """

    type: Literal["change"] = "change"
    uniqueid: Id
    number: Number
    what: AgentChange
    interface: Interface
    queue: Text = ""
    reason: Text = ""
    penalty: Penalty | None = None
    paused: bool = False
    name: Text = ""
    state_interface: StateInterface = ""
    wrapuptime: Seconds | None = None
    ringinuse: bool = False


class Changed(Message):
    """What came of a change."""

    type: Literal["changed"] = "changed"
    uniqueid: Id
    number: Number
    result: ChangeResult


# ── How a queue stands ──────────────────────────────────────────────────────────────────────


class Look(Message):
    """How does this queue stand? And a member of it, unless `interface` is ""; and who waits at
    `position`? `number`: which of its channel's looks this is."""

    type: Literal["look"] = "look"
    uniqueid: Id
    number: Number
    queue: Text
    interface: Text = ""
    position: Annotated[int, Field(ge=1, le=MAX_POSITION)] = 1


class Figures(Message):
    """A queue as app_queue's functions tell it (app_queue.c, queue_function_mem_read and its like).

    waiting: callers in line, at all boxes, those rung for too. count: all members; logged: whom the
    line reaches; free: of them whose phone is not in use and who are not paused; ready: who do not
    wrap up either. members: their interfaces, in the order in which they were added. maxlen to
    level_percent: QUEUE_VARIABLES(); times in seconds. channel, box: of who waits at the position.
    """

    waiting: Count
    logged: Count
    free: Count
    ready: Count
    count: Count
    members: list[Interface]
    maxlen: Count
    strategy: Label
    hold_s: Count
    talk_s: Count
    completed: Count
    abandoned: Count
    level_s: Count
    level_percent: Annotated[float, Field(ge=0)]
    channel: Annotated[str, Field(pattern=CHANNEL_PATTERN)] = ""
    box: Label = ""


class MemberFigures(Message):
    """A member as QUEUE_MEMBER() tells it. paused: in this queue or in all."""

    penalty: Penalty
    paused: bool
    ringinuse: bool


class Seen(Message):
    """The answer to a look. figures: of FOUND only; member: None, too, for who is none."""

    type: Literal["seen"] = "seen"
    uniqueid: Id
    number: Number
    result: LookResult
    figures: Figures | None = None
    member: MemberFigures | None = None
