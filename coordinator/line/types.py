"""Types of the line: what goes into a transition and what comes out."""

from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from coordinator.line.announcing import Announcing
from coordinator.line.calling import Calling
from coordinator.protocol import DeviceState

Strategy = Literal[
    "ringall", "leastrecent", "fewestcalls", "rrmemory", "rrordered", "linear", "random", "wrandom",
]  # fmt: skip
STRATEGIES: tuple[str, ...] = get_args(Strategy)

#: What may keep a member from counting as present (Queue()'s joinempty). "unavailable": the phone
#: is registered at no box that is in touch; "invalid": nor does any box know it.
EMPTY_CONDITIONS = (
    "paused", "penalty", "inuse", "ringing", "unavailable", "invalid", "unknown", "wrapup",
)  # fmt: skip

AgentState = Literal[
    "offline", "unregistered", "paused", "in_use", "resting", "wrapup", "available", "ringing",
    "talking",
]  # fmt: skip
_SHOWN: dict[AgentState, DeviceState] = {
    "offline": "UNAVAILABLE",
    "unregistered": "UNAVAILABLE",
    "ringing": "RINGING",
    "talking": "INUSE",
}
TimeoutPriority = Literal["app", "conf"]

#: timeout=0, "until somebody answers": as long as the box's Dial, seconds.
RING_ON_S = 3600

CallState = Literal["waiting", "ringing", "claimed", "detached", "talking"]


@dataclass(frozen=True, slots=True)
class QueueSettings(Calling):
    """How a queue serves, what is heard, and what is done around a talk.

    Times in seconds; names and defaults are Queue()'s.

    joinempty, leavewhenempty: comma lists of EMPTY_CONDITIONS; nobody may join, or stay, while
    one of them holds for every member at work. defaultrule: a penalty rule's name, "" for none.
    ringinuse is no here, where Queue() has yes: a phone in use is not rung unless that is wanted.
    autopause_after is ours: so many misses in a row.
    timeout: 0 for RING_ON_S. timeoutpriority: whether a caller's own timeout ends a ring (app),
    or is looked at between two (conf).
    """

    strategy: Strategy = "ringall"
    weight: int = 0
    timeout: int = 15
    retry: int = 5
    wrapuptime: int = 0
    servicelevel: int = 0
    penaltymemberslimit: int = 0
    maxlen: int = 0
    joinempty: str = ""
    leavewhenempty: str = ""
    defaultrule: str = ""
    ringinuse: bool = False
    autopause: Literal["no", "yes", "all"] = "no"
    autopausedelay: int = 0
    autopausebusy: bool = False
    autopauseunavail: bool = False
    autopause_after: int = 1
    timeoutpriority: TimeoutPriority = "app"


@dataclass(frozen=True, slots=True)
class PenaltyChange:
    """One line of a penalty rule: what becomes of a caller's window after so long in the queue.

    Bounds: "" stays, "5" becomes 5, "+2" and "-1" by so much; `raise_` may begin with "r": who is
    below min is not lifted. Source: queuerules.conf.
    """

    after_s: int
    max: str = ""
    min: str = ""
    raise_: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an event of a box comes from: the fence against stale links and repeats."""

    box: str
    link: str
    seq: int
    age_us: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a transition answered. `code` is `ok`, `duplicate`, or a refusal of errors.py.

    `next_due_us`: when the earliest timer of the line is due (Redis time), 0 for none.
    """

    code: str = "ok"
    data: dict[str, str] = field(default_factory=dict)
    now_us: int = 0
    next_due_us: int = 0


@dataclass(frozen=True, slots=True)
class WaitingCaller:
    """A caller in a queue as `GET /v1/queues/{queue}/callers` shows it."""

    call_id: str
    position: int
    queue: str
    box: str
    channel: str
    caller_id_num: str
    caller_id_name: str
    priority: int
    rank: int
    joined_us: int
    state: CallState
    agent: str
    uniqueid: str


@dataclass(frozen=True, slots=True)
class MemberSettings:
    """How an agent serves a queue. wrapuptime (s), ringinuse: None for the queue's.

    paused: by a person, in this queue; what autopause did is not told here.
    """

    penalty: int = 0
    wrapuptime: int | None = None
    ringinuse: bool | None = None
    paused: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Membership:
    """An agent in a queue as the line has it. `order` only compares; `calls`: completed in it.

    wrapuptime, ringinuse: its own, None for the queue's; `rings_in_use`: which of both rules.
    paused: in this queue, by a person or (`autopaused`) by the line. paused_us: since when, or
    when it last was; 0 for never.
    """

    penalty: int
    order: int
    calls: int
    paused: bool = False
    autopaused: bool = False
    reason: str = ""
    paused_us: int = 0
    wrapuptime: int | None = None
    ringinuse: bool | None = None
    rings_in_use: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a waiting caller of a box stands. Times µs; `hold_us`: its queue's average, 0: none.

    patience_s: how long its box lets it wait beyond its own timeout, for the line to end the wait.
    """

    uniqueid: str
    state: CallState
    position: int
    waited_us: int
    settings: Announcing
    hold_us: int
    patience_s: int = 0


@dataclass(frozen=True, slots=True)
class AgentView:
    """An agent as the line sees it. Times µs, 0 for never. `reason`: of the state."""

    name: str
    interface: str
    state: AgentState
    reason: str
    home: str
    device: str
    call_id: str
    until_us: int
    last_call_us: int
    logged_in: bool
    logged_in_us: int
    paused: bool
    autopaused: bool
    pause_reason: str
    paused_us: int
    state_interface: str
    memberships: dict[str, Membership]

    @property
    def device_shown(self) -> DeviceState:
        """The device as app_queue would show it."""
        return _device_shown(self.state, self.device)

    @property
    def queues(self) -> dict[str, int]:
        """Queue → penalty."""
        return {queue: member.penalty for queue, member in self.memberships.items()}


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member of one queue, as far as members are counted. paused: in this queue or in all."""

    interface: str
    state: AgentState
    device: str
    paused: bool
    membership: Membership

    @property
    def device_shown(self) -> DeviceState:
        """The device as app_queue would show it."""
        return _device_shown(self.state, self.device)


def _device_shown(state: AgentState, device: str) -> DeviceState:
    """What the line knows for sure, else the device. Who is logged out is reached by nobody:
    monitors then do not count it as logged in."""
    return _SHOWN.get(state) or cast(DeviceState, device or "UNKNOWN")


@dataclass(frozen=True, slots=True)
class QueueView:
    """A queue's live figures. Hold and talk times are Queue()'s moving averages, µs.

    `…_in_level`: those of them who waited no longer than the queue's servicelevel.
    """

    name: str
    settings: QueueSettings
    callers: int
    available: int
    members: int
    completed: int
    abandoned: int
    hold_us: int
    talk_us: int
    completed_in_level: int
    abandoned_in_level: int

    @property
    def served_in_level(self) -> float:
        """app_queue's ServicelevelPerf: of the calls served so many in level, percent."""
        return _percent(self.completed_in_level, self.completed)

    @property
    def ended_in_level(self) -> float:
        """ServicelevelPerf2: of those served or lost, percent."""
        in_level = self.completed_in_level + self.abandoned_in_level
        return _percent(in_level, self.completed + self.abandoned)


def _percent(part: int, whole: int) -> float:
    """0 of nothing."""
    return 100 * part / whole if whole else 0.0


@dataclass(frozen=True, slots=True)
class BoxView:
    """A box as the line sees it."""

    name: str
    attached: bool
    linked: bool
    seen_us: int
    calls: int
    epoch: int
