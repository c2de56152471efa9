"""Messages between an adapter and the coordinator: all that `ami_adapter` knows of us. Pure.

One WebSocket per box, JSON text frames, `Authorization: Bearer <box token>` at the upgrade.

    adapter ── hello ──────────────► coordinator      who, which epoch
    adapter ◄── welcome ──────────── coordinator      the last event it has of this epoch
    adapter ── event seq=n ────────► coordinator      what happened on the box, in order
    adapter ◄── ack seq=n ────────── coordinator      taken (or refused: then why); never again
    adapter ◄── command id ───────── coordinator      do this on the box
    adapter ── done id ────────────► coordinator      done; never sent again
    adapter ── heartbeat ──────────► coordinator      after all kept back, then each `heartbeat_s`
    adapter ── ask ────────────────► coordinator      what is a caller to hear now?
    adapter ◄── told ─────────────── coordinator      this; nothing, when no such caller waits
    adapter ── change ─────────────► coordinator      an agent at a phone logs in, pauses, …
    adapter ◄── changed ──────────── coordinator      what came of it
    adapter ── look ───────────────► coordinator      how does a queue stand now?
    adapter ◄── seen ─────────────── coordinator      so
    adapter ◄── lamps ────────────── coordinator      what the box's hints show; then what changes

An **epoch** is one AMI session of one adapter process: within it the adapter has missed
nothing. Its first event is a `snapshot`. The WebSocket may break and come back within an epoch:
the welcome says which events to send again. A new AMI session is a new epoch on a new
WebSocket. Every event says how old it is on the adapter's monotonic clock, so no clocks need
agree between boxes.

An ask is no event: it changes nothing, has no number, and is not sent again. One that gets no
answer is asked anew by the dialplan, seconds later. A look that gets none has been in vain, and the
dialplan goes on. Lamps have no number either: each new link
begins with all of them, and of one lamp only the last state counts.

Nor is a change: it is of the directory, not of the line, and somebody waits at the phone for what
came of it. Without an answer in time the phone is told that it failed, and the person tries again;
made twice, a change is as made once.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from coordinator.names import (
    CHANNEL_PATTERN,
    DEVICE_PATTERN,
    ID_PATTERN,
    INTERFACE_LENGTH,
    LAMP_PATTERN,
    SOUND,
    SUBROUTINE_PATTERN,
    Id,
    Interface,
    Label,
    Name,
)

#: Raised with every frame or field that the other side would not know: it refuses those.
VERSION = 2

#: Largest frame either side sends or takes, bytes. A snapshot of 5,000 calls fits.
MAX_FRAME = 4 * 1024 * 1024

#: No caller waits longer than a week; an age beyond it is a broken clock.
MAX_AGE_US = 7 * 24 * 3600 * 1_000_000

#: A place's name in the line has room for these (line/lua/lib/index.lua).
MAX_PENALTY = 99_999
MAX_PRIORITY = 1_000_000
MAX_POSITION = 1_000_000

#: A week: longer than any caller waits.
MAX_TIMEOUT_S = 604_800

# Close codes of the WebSocket (4000–4999 are the application's).
CLOSE_RESYNC = 4001  # begin a new epoch with a snapshot
CLOSE_BAD_FRAME = 4400
CLOSE_UNAUTHORIZED = 4401
CLOSE_WRONG_BOX = 4403
CLOSE_ALREADY_LINKED = 4409
CLOSE_OUT_OF_SEQUENCE = 4410  # reconnect and resume where the welcome says
CLOSE_STALE = 4411  # a newer link of this box has taken over
CLOSE_UNAVAILABLE = 4503  # the line cannot take events now; reconnect

DeviceState = Literal[
    "UNKNOWN", "NOT_INUSE", "INUSE", "BUSY", "INVALID", "UNAVAILABLE", "RINGING", "RINGINUSE",
    "ONHOLD",
]  # fmt: skip
LeaveOutcome = Literal["abandoned", "timeout", "exit_key", "redirected"]
OfferFailure = Literal["no_answer", "busy", "rejected", "failed", "answered_elsewhere"]
EndedBy = Literal["caller", "agent", "transfer", "lost"]
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
QueueStatus = Literal["WITHDRAW", "UNKNOWN", "FULL", "JOINEMPTY", "LEAVEEMPTY", "TIMEOUT"]

Text = Annotated[str, Field(max_length=256)]
#: Cut to what fits into a line of AMI (main/manager.c: 1024 bytes) and cannot bend it.
Shown = Annotated[
    str,
    BeforeValidator(lambda text: "".join(c for c in str(text) if c.isprintable())[:200]),
]
Age = Annotated[int, Field(ge=0, le=MAX_AGE_US)]
LampName = Annotated[str, Field(pattern=LAMP_PATTERN)]
Penalty = Annotated[int, Field(ge=0, le=MAX_PENALTY)]
Fence = Annotated[int, Field(gt=0, lt=2**53)]
StateInterface = Annotated[str, Field(pattern=rf"{DEVICE_PATTERN}|^$", max_length=INTERFACE_LENGTH)]
#: Which of its channel's requests this is.
Number = Annotated[int, Field(gt=0, le=1_000_000)]
Count = Annotated[int, Field(ge=0, lt=2**53)]
Sound = Annotated[str, Field(pattern=rf"^({SOUND})?$")]
Subroutine = Annotated[str, Field(pattern=SUBROUTINE_PATTERN)]
#: What a caller has heard so far: the coordinator's own, kept on the channel between two asks.
Heard = Annotated[str, Field(pattern=r"^[0-9.]{0,64}$")]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# ── What happened on a box (adapter → coordinator) ──────────────────────────────────────────


class Join(_Message):
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


class Leave(_Message):
    """A caller is no longer waiting, by the box's own account."""

    kind: Literal["leave"] = "leave"
    call_id: Id
    outcome: LeaveOutcome
    reason: Text = ""


class Answer(_Message):
    """The agent's phone answered and holds the claim; an announcement plays before the bridge."""

    kind: Literal["answer"] = "answer"
    offer_id: Id
    fence: Fence


class Connect(_Message):
    """Caller and agent are in one bridge."""

    kind: Literal["connect"] = "connect"
    offer_id: Id
    fence: Fence


class OfferEnded(_Message):
    """The offer ended on the box without a bridge."""

    kind: Literal["offer_ended"] = "offer_ended"
    offer_id: Id
    fence: Fence
    outcome: OfferFailure
    reason: Text = ""


class Complete(_Message):
    """A connected call is over.

    transfer: where to, in the words of Asterisk's queue_log: `blind|exten|context`, or `attended|`
    and `BRIDGE|bridge`, `APP|application` or `LINK|channel|channel`. Empty for none, or unknown.
    """

    kind: Literal["complete"] = "complete"
    offer_id: Id
    fence: Fence
    ended_by: EndedBy
    transfer: Text = ""


class Replaced(_Message):
    """A caller's place, or its talk, has gone over to another channel of this box: an attended
    transfer by who held it. `uniqueid`, `channel` and caller's id are the new one's."""

    kind: Literal["replaced"] = "replaced"
    call_id: Id
    uniqueid: Id
    channel: Text = ""
    caller_id_num: Text = ""
    caller_id_name: Text = ""


class Transferred(_Message):
    """A phone of this box has transferred its call, of which another channel holds the talk: of
    another box (trunk), or a Local channel here. `transfer`: as `Complete` has it."""

    kind: Literal["transferred"] = "transferred"
    interface: Interface
    transfer: Text = ""


class Logged(_Message):
    """A line for queue_log from the dialplan: QueueLog()'s arguments. `message`: fields by |."""

    kind: Literal["logged"] = "logged"
    queue: Text
    uniqueid: Text
    interface: Text
    event: Text
    message: Text = ""


class Device(_Message):
    """A device's state as this box sees it."""

    kind: Literal["device"] = "device"
    interface: Text
    state: DeviceState


class WaitingCall(_Message):
    """A caller in a snapshot. With a ticket (rank, fence) it was in the line before."""

    join: Join
    age_us: Age
    rank: Annotated[int, Field(ge=0, lt=2**53)] | None = None


class LiveOffer(_Message):
    """A phone that is ringing for, or talking with, a caller of this box, in a snapshot."""

    offer_id: Id
    fence: Fence
    call_id: Id
    queue: Name
    agent: Name
    talking: bool
    age_us: Age


class Snapshot(_Message):
    """All of a box at once: every caller held or talking, every live offer, every device."""

    kind: Literal["snapshot"] = "snapshot"
    calls: list[WaitingCall] = []
    offers: list[LiveOffer] = []
    devices: dict[Text, DeviceState] = {}


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


# ── What to do on a box (coordinator → adapter) ─────────────────────────────────────────────


class Originate(_Message):
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


class Cancel(_Message):
    """End an offer that is no talk yet; `elsewhere` when another agent has answered it."""

    kind: Literal["cancel"] = "cancel"
    offer_id: Id
    elsewhere: bool = False


class Release(_Message):
    """Let a waiting caller go on in the dialplan with this QUEUESTATUS.

    position: its last, 0 for who had none. info: why it was withdrawn.
    """

    kind: Literal["release"] = "release"
    call_id: Id
    uniqueid: Id
    status: QueueStatus
    position: Annotated[int, Field(ge=0)] = 0
    info: Shown = ""


class KeepTicket(_Message):
    """Write a caller's changed place on its channel."""

    kind: Literal["ticket"] = "ticket"
    call_id: Id
    uniqueid: Id
    priority: int
    rank: int


Command = Annotated[Originate | Cancel | Release | KeepTicket, Field(discriminator="kind")]


# ── Frames ──────────────────────────────────────────────────────────────────────────────────


class Hello(_Message):
    """The first frame. `instance` names the adapter process, `epoch` its AMI session."""

    type: Literal["hello"] = "hello"
    version: int = VERSION
    box: Name
    instance: Id
    epoch: Annotated[int, Field(gt=0, lt=2**53)]


class EventFrame(_Message):
    """An event with its place in the epoch and its age when sent, µs."""

    type: Literal["event"] = "event"
    seq: Annotated[int, Field(gt=0, lt=2**53)]
    age_us: Age = 0
    event: Event


class Done(_Message):
    """Commands executed (or found impossible: the outcome comes as an event)."""

    type: Literal["done"] = "done"
    id: Annotated[str, Field(pattern=r"^\d+-\d+$")]


class Heartbeat(_Message):
    """The link lives, and every event that happened before has been sent."""

    type: Literal["heartbeat"] = "heartbeat"


class Ask(_Message):
    """What is this caller to hear? `heard` is the last answer's; `spoke_s`: how long its words
    took, seconds."""

    type: Literal["ask"] = "ask"
    call_id: Id
    heard: Heard = ""
    spoke_s: Annotated[int, Field(ge=0, le=3600)] = 0


class Change(_Message):
    """An agent at a phone changes something. `number`: which of its channel's changes this is.

    queue: "" for all (of add and remove never). reason: of a pause, also of one to begin with
    (`paused`). penalty: of add, too. name, state_interface (for a new agent), wrapuptime (s; None:
    the queue's): of add only. ringinuse: of that change only.
    """

    type: Literal["change"] = "change"
    uniqueid: Id
    number: Number
    what: AgentChange
    interface: Interface
    queue: Text = ""
    reason: Text = ""
    penalty: Penalty = 0
    paused: bool = False
    name: Text = ""
    state_interface: StateInterface = ""
    wrapuptime: Annotated[int, Field(ge=0, le=86_400)] | None = None
    ringinuse: bool = False


class Look(_Message):
    """How does this queue stand? And a member of it, unless `interface` is ""; and who waits at
    `position`? `number`: which of its channel's looks this is."""

    type: Literal["look"] = "look"
    uniqueid: Id
    number: Number
    queue: Text
    interface: Text = ""
    position: Annotated[int, Field(ge=1, le=MAX_POSITION)] = 1


class Welcome(_Message):
    """The link stands. `seq`: last event of this epoch the line has; send on from seq + 1."""

    type: Literal["welcome"] = "welcome"
    version: int = VERSION
    seq: int
    heartbeat_s: float


class Ticket(_Message):
    """A caller's place, to be kept on its channel: the line can be rebuilt from it."""

    call_id: Id
    priority: int
    rank: int
    position: int


class Ack(_Message):
    """Event `seq` is taken. `code` is `ok`, `duplicate`, or why it was refused.

    position: of a leave, the last position that the caller had.
    """

    type: Literal["ack"] = "ack"
    seq: int
    code: str = "ok"
    detail: str = ""
    ticket: Ticket | None = None
    position: Annotated[int, Field(ge=0)] = 0


class Meeting(_Message):
    """What agent and caller hear before they talk, by the queue's settings (line/announcing.py)."""

    announce: Annotated[str, Field(pattern=rf"^({SOUND}(&{SOUND})*)?$", max_length=256)] = ""
    memberdelay: Annotated[int, Field(ge=0, le=3600)] = 0
    reportholdtime: bool = False
    queue_reporthold: Sound = ""
    queue_minutes: Sound = ""
    queue_seconds: Sound = ""
    queue_callerannounce: Sound = ""


class Told(_Message):
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
    meeting: Meeting = Meeting()


class Changed(_Message):
    """What came of a change."""

    type: Literal["changed"] = "changed"
    uniqueid: Id
    number: Number
    result: ChangeResult


class Figures(_Message):
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


class MemberFigures(_Message):
    """A member as QUEUE_MEMBER() tells it. paused: in this queue or in all."""

    penalty: Penalty
    paused: bool
    ringinuse: bool


class Seen(_Message):
    """The answer to a look. figures: of FOUND only; member: None, too, for who is none."""

    type: Literal["seen"] = "seen"
    uniqueid: Id
    number: Number
    result: LookResult
    figures: Figures | None = None
    member: MemberFigures | None = None


class Lamps(_Message):
    """States of lamps. `complete`: since the link began all that there are have been named."""

    type: Literal["lamps"] = "lamps"
    states: dict[LampName, DeviceState]
    complete: bool = False


class CommandFrame(_Message):
    """A command; `id` is its place in the box's command stream. Sent until `done`."""

    type: Literal["command"] = "command"
    id: Annotated[str, Field(pattern=r"^\d+-\d+$")]
    command: Command


Upward = Hello | EventFrame | Done | Heartbeat | Ask | Change | Look
Downward = Welcome | Ack | CommandFrame | Told | Changed | Seen | Lamps
Upstream = Annotated[Upward, Field(discriminator="type")]
Downstream = Annotated[Downward, Field(discriminator="type")]

UPSTREAM: TypeAdapter[Upward] = TypeAdapter(Upstream)
DOWNSTREAM: TypeAdapter[Downward] = TypeAdapter(Downstream)
COMMAND: TypeAdapter[Originate | Cancel | Release | KeepTicket] = TypeAdapter(Command)

__all__ = [name for name in dir() if name[0].isupper()] + ["ID_PATTERN"]
