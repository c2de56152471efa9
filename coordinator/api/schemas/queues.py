"""Queues, their callers and members, as the API shows them."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from coordinator.api.schemas.agents import MEMBERSHIP, MembershipOut
from coordinator.api.schemas.calling import Calling
from coordinator.api.schemas.common import (
    CALL_ID,
    Applied,
    Request,
    Text,
    seconds,
    shown,
)
from coordinator.api.schemas.conditions import JoinEmpty, LeaveWhenEmpty
from coordinator.directory.types import Member, Queue, Saved
from coordinator.line.types import (
    AgentState,
    CallState,
    QueueSettings,
    QueueView,
    Strategy,
    TimeoutPriority,
    WaitingCaller,
)
from coordinator.names import NAME_PATTERN
from coordinator.protocol import Penalty, Seconds

_QUEUE: dict[str, Any] = {
    "name": "sales", "strategy": "leastrecent", "weight": 0, "timeout": 15,
    "timeoutpriority": "app", "retry": 5, "wrapuptime": 10, "servicelevel": 20,
    "penaltymemberslimit": 0,
    "maxlen": 0, "joinempty": "paused,penalty", "leavewhenempty": "",
    "announce_frequency": 60, "musicclass": "jazz", "context": "sales-keys",
    "defaultrule": "patience", "ringinuse": False, "autopause": "yes", "autopause_after": 2,
}  # fmt: skip
_QUEUE_LIVE = _QUEUE | {
    "callers": 3, "available": 0, "members": 12, "completed": 140, "abandoned": 6,
    "hold_s": 21.4, "talk_s": 183.0,
}  # fmt: skip


class QueueIn(Request, Calling):
    """A queue's settings; what is left out gets its default. Names are Queue()'s."""

    model_config = shown({k: v for k, v in _QUEUE.items() if k != "name"})

    strategy: Strategy = "ringall"
    weight: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    timeout: Annotated[
        int, Field(ge=0, le=3600, description="Seconds an agent is rung; 0: until answered.")
    ] = 15
    timeoutpriority: Annotated[
        TimeoutPriority,
        Field(description="A caller's own timeout ends a ring (app), or waits for its end (conf)."),
    ] = "app"
    retry: Annotated[int, Field(ge=1, le=3600, description="Rest after a failed ring, s.")] = 5
    wrapuptime: Seconds = 0
    servicelevel: Seconds = 0
    penaltymemberslimit: Annotated[
        int, Field(ge=0, le=1_000_000, description="Up to so many members penalties do not count.")
    ] = 0
    maxlen: Annotated[
        int, Field(ge=0, le=1_000_000, description="No more callers than this; 0: no limit.")
    ] = 0
    joinempty: Annotated[
        JoinEmpty,
        Field(description="Nobody may join while one of these holds for every member at work."),
    ] = ""
    leavewhenempty: Annotated[
        LeaveWhenEmpty,
        Field(description="Nobody may stay while one of these holds for every member at work."),
    ] = ""

    defaultrule: Annotated[
        str,
        Field(
            pattern=f"{NAME_PATTERN}|^$",
            description="The penalty rule of callers who bring none; empty: none.",
        ),
    ] = ""

    ringinuse: Annotated[
        bool,
        Field(description="Ring who is in use by a call that is not of a queue. Queue() has yes."),
    ] = False
    autopause: Annotated[
        Literal["no", "yes", "all"],
        Field(description="Pause who does not answer: in this queue, or in all."),
    ] = "no"
    autopausedelay: Annotated[
        Seconds, Field(description="Not so soon after the agent's last call, s.")
    ] = 0
    autopausebusy: Annotated[bool, Field(description="Also who is busy.")] = False
    autopauseunavail: Annotated[bool, Field(description="Also who cannot be reached.")] = False
    autopause_after: Annotated[
        int, Field(ge=1, le=1000, description="Only after so many misses in a row.")
    ] = 1

    def settings(self) -> QueueSettings:
        """As the line takes them."""
        return QueueSettings(**self.model_dump())


class QueueConfig(Calling):
    """A queue as configured."""

    name: str
    strategy: Strategy
    weight: int
    timeout: int
    timeoutpriority: TimeoutPriority
    retry: int
    wrapuptime: int
    servicelevel: int
    penaltymemberslimit: int
    maxlen: int
    joinempty: str
    leavewhenempty: str
    defaultrule: str
    ringinuse: bool
    autopause: Literal["no", "yes", "all"]
    autopausedelay: int
    autopausebusy: bool
    autopauseunavail: bool
    autopause_after: int


class QueueSaved(QueueConfig):
    """A queue as it was saved."""

    model_config = shown(_QUEUE | {"applied": True})

    applied: Applied

    @classmethod
    def of(cls, saved: Saved[Queue]) -> "QueueSaved":
        """From the directory's answer."""
        record = saved.record
        return cls(name=record.name, **asdict(record.settings), applied=saved.applied)


class QueueOut(QueueConfig):
    """A queue with its figures: callers waiting, members, those available, moving averages."""

    model_config = shown(_QUEUE_LIVE)

    callers: int
    available: int
    members: int
    completed: int
    abandoned: int
    hold_s: float
    talk_s: float

    @classmethod
    def of(cls, view: QueueView) -> "QueueOut":
        """From the line's view."""
        return cls.model_validate(queue_fields(view))


def queue_fields(view: QueueView) -> dict[str, Any]:
    """A queue's settings and figures, flat."""
    return {
        **asdict(view.settings),
        **{name: getattr(view, name) for name in _FIGURES},
        "hold_s": seconds(view.hold_us),
        "talk_s": seconds(view.talk_us),
    }


_FIGURES = ("name", "callers", "available", "members", "completed", "abandoned")


class QueueAgent(BaseModel):
    """A member as a queue shows it, in the order in which they were added.

    What it is as a member is null, with its state, while the line has not got it.
    """

    agent: str
    penalty: int
    state: AgentState | None
    membership: MembershipOut | None


class QueueDetail(QueueOut):
    """A queue with its members. An agent's state is null while the line has not got it."""

    model_config = shown(
        _QUEUE_LIVE
        | {
            "agents": [
                {"agent": "alice", "penalty": 0, "state": "talking", "membership": MEMBERSHIP}
            ]
        }
    )

    agents: list[QueueAgent]


class CallerOut(BaseModel):
    """A caller in line. `agent` is the one being rung, if one is."""

    model_config = shown(
        {
            "call_id": CALL_ID, "position": 1, "box": "a", "channel": "PJSIP/trunk-00000007",
            "caller_id": "+4930123456", "caller_id_name": "B. Brown", "priority": 0,
            "rank": 1763848134123456, "waited_s": 42.7, "state": "waiting", "agent": None,
        }
    )  # fmt: skip

    call_id: str
    position: int
    box: str
    channel: str
    caller_id: str
    caller_id_name: str
    priority: int
    rank: int
    waited_s: float
    state: CallState
    agent: str | None

    @classmethod
    def of(cls, caller: WaitingCaller, now_us: int) -> "CallerOut":
        """From the line's view at `now_us`."""
        return cls(
            call_id=caller.call_id,
            position=caller.position,
            box=caller.box,
            channel=caller.channel,
            caller_id=caller.caller_id_num,
            caller_id_name=caller.caller_id_name,
            priority=caller.priority,
            rank=caller.rank,
            waited_s=seconds(max(0, now_us - caller.joined_us)),
            state=caller.state,
            agent=caller.agent or None,
        )


class MemberIn(Request):
    """How an agent serves a queue: lower penalties are rung first.

    `wrapuptime` (s), `ringinuse`: null for the queue's. `paused`, `reason`: of a new member; who
    is there stays paused or not.
    """

    model_config = shown({"penalty": 0, "wrapuptime": 30})

    penalty: Penalty = 0
    wrapuptime: Seconds | None = None
    ringinuse: bool | None = None
    paused: bool = False
    reason: Text = ""


class MemberPatch(Request):
    """What of a membership is to change; what is left out stays. null: the queue's."""

    model_config = shown({"ringinuse": True})

    penalty: Penalty = 0
    wrapuptime: Seconds | None = None
    ringinuse: bool | None = None


class MemberSaved(BaseModel):
    """A membership as it was saved. `paused`: in this queue, by a person."""

    model_config = shown(
        {
            "queue": "sales", "agent": "alice", "penalty": 0, "wrapuptime": 30, "ringinuse": None,
            "paused": False, "pause_reason": "", "applied": True,
        }
    )  # fmt: skip

    queue: str
    agent: str
    penalty: int
    wrapuptime: int | None
    ringinuse: bool | None
    paused: bool
    pause_reason: str
    applied: Applied

    @classmethod
    def of(cls, saved: Saved[Member]) -> "MemberSaved":
        """From the directory's answer."""
        member, settings = saved.record, saved.record.settings
        return cls(
            queue=member.queue,
            agent=member.agent,
            penalty=settings.penalty,
            wrapuptime=settings.wrapuptime,
            ringinuse=settings.ringinuse,
            paused=settings.paused,
            pause_reason=settings.reason,
            applied=saved.applied,
        )
