"""What the reference model remembers: plain records, no behaviour beyond looking things up.

Times are microseconds. Everything is a dict, a list or a set, to be read rather than to be fast.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from coordinator.line.types import (
    AgentState,
    CallState,
    MemberSettings,
    PenaltyChange,
    QueueSettings,
)

SECOND = 1_000_000

#: Device states in which a phone is registered on the box that reports it.
NOT_REGISTERED = frozenset({"UNAVAILABLE", "INVALID"})
#: Device states in which a phone may be rung.
FREE = frozenset({"NOT_INUSE", "UNKNOWN"})

#: Who has paused: nobody, a person, or autopause.
Pauser = Literal["", "person", "autopause"]

OfferState = Literal["ringing", "claimed", "talking"]

#: One thing that happened, to be compared with the journal: (type, field, field, …).
Event = tuple[str, ...]


@dataclass(frozen=True)
class Timing:
    """The settings that are times, µs; the defaults of coordinator/settings.py."""

    lease_us: int = 5 * SECOND
    detach_timeout_us: int = 300 * SECOND
    offer_grace_us: int = 5 * SECOND
    age_grace_us: int = 2 * SECOND


@dataclass
class Member:
    """An agent's membership in one queue. `order`: the how-manieth ever added to the queue.

    paused: in this queue, by whom.
    """

    agent: str
    settings: MemberSettings
    order: int
    calls: int = 0
    paused: Pauser = ""

    @property
    def penalty(self) -> int:
        """Its own, whatever a caller's raise makes of it."""
        return self.settings.penalty


@dataclass
class Queue:
    """A logical queue. `rung_last`: order of the member rung last, 0 for none yet."""

    name: str
    settings: QueueSettings
    members: dict[str, Member] = field(default_factory=dict)
    added: int = 0
    rung_last: int = 0


@dataclass
class Offer:
    """An agent being rung for, or talking with, a caller. `offer_id` and `fence` are the line's.

    `heard`: its box has done what it was told to ring the phone.
    """

    call_id: str
    agent: str
    queue: str
    box: str
    expires_us: int
    strategy: str
    state: OfferState = "ringing"
    offer_id: str = ""
    fence: int = 0
    heard: bool = False


@dataclass
class Agent:
    """A person with a phone. Timers are the moment they end, 0 for never set.

    `phone`: the device whose state counts. `home`: the box where that is registered now, or "".
    `paused`: in all queues, by whom. `misses`: in a row.
    `stopping`: an offer whose phone was told to stop, and may ring on until its box says it has.
    """

    name: str
    interface: str
    phone: str
    home: str = ""
    logged_in: bool = False
    paused: Pauser = ""
    misses: int = 0
    last_call_us: int = 0
    rest_until: int = 0
    wrapup_until: int = 0
    offer: Offer | None = None
    stopping: Offer | None = None
    stopping_until: int = 0


@dataclass
class Caller:
    """A call in a queue, until it leaves or, once connected, until the call is over.

    `rule`: the changes that are still to come. `taken_us`: when the line gave the rank by its own
    clock, -1 for one restored by its ticket. `tier`: the lowest effective penalty rung since nobody
    rang for it; below 0 when nobody more is to be rung. `conf`: its `timeout_us` waits for the end
    of a ring; `overdue`: that it does now. `unanswered`: a ring of its pass (`once`) was.
    """

    call_id: str
    queue: str
    box: str
    priority: int
    rank: int
    min_penalty: int | None = None
    max_penalty: int | None = None
    raise_penalty: int | None = None
    raise_keeps_min: bool = False
    joined_us: int = 0
    rule: tuple[PenaltyChange, ...] = ()
    taken_us: int = -1
    tier: int = 0
    timeout_us: int | None = None
    conf: bool = False
    overdue: bool = False
    once: bool = False
    unanswered: bool = False
    tried: set[str] = field(default_factory=set)
    offers: list[Offer] = field(default_factory=list)

    @property
    def talking(self) -> bool:
        """Connected: no longer in the line."""
        return any(offer.state == "talking" for offer in self.offers)


@dataclass
class Box:
    """One Asterisk server and its link.

    `let_go`: callers whom it was told to let go on, and has not yet.

    `heard_us`: when its link last said anything. `floor_us`: ages reach back no further than this,
    less the grace: the last heartbeat. Both -1 for never. `due_us`: when the lease, or once
    detached the detach timeout, is over.
    """

    name: str
    attached: bool = False
    linked: bool = False
    link: str = ""
    instance: str = ""
    epoch: int = 0
    owner: str = ""
    seq: int = 0
    fresh: bool = True
    heard_us: int = -1
    floor_us: int = -1
    due_us: int = 0
    last_rank: int = -1
    let_go: set[str] = field(default_factory=set)
    devices: dict[str, str] = field(default_factory=dict)


@dataclass
class State:
    """The whole line."""

    timing: Timing = field(default_factory=Timing)
    now: int = 0
    queues: dict[str, Queue] = field(default_factory=dict)
    rules: dict[str, tuple[PenaltyChange, ...]] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    callers: dict[str, Caller] = field(default_factory=dict)
    boxes: dict[str, Box] = field(default_factory=dict)
    run_id: str = ""
    run_us: int = 0
    #: The highest rank a snapshot restored, and while that is ahead of the clock, gave since.
    last_ticket: int = -1
    #: Boxes to wait for before anything is decided, and until when at most.
    awaited: set[str] = field(default_factory=set)
    hold_until: int = 0
    events: list[Event] = field(default_factory=list)
    #: For `random`: which of the allowed agents (in member order) a caller gets.
    draw: Callable[[str, list[str]], str] = field(default=lambda call_id, allowed: allowed[0])

    def log(self, *event: str) -> None:
        """Remember that something happened."""
        self.events.append(event)

    def box_attached(self, box: str) -> bool:
        """Whether the box exists and its lease runs."""
        return box in self.boxes and self.boxes[box].attached

    def device_of(self, agent: Agent) -> str:
        """The agent's device as its home box reports it; empty without a home."""
        return self.boxes[agent.home].devices.get(agent.phone, "") if agent.home else ""

    def offers(self) -> list[Offer]:
        """Every live offer and call."""
        return [offer for caller in self.callers.values() for offer in caller.offers]


def agent_state(state: State, agent: Agent) -> AgentState:
    """The one word a wallboard shows, the strongest reason first."""
    if agent.offer:
        return "talking" if agent.offer.state == "talking" else "ringing"
    if agent.stopping:
        return "ringing"
    if not agent.logged_in:
        return "offline"
    if not state.box_attached(agent.home):
        return "unregistered"
    if agent.paused:
        return "paused"
    if agent.rest_until > state.now:
        return "resting"
    if agent.wrapup_until > state.now:
        return "wrapup"
    return "available" if state.device_of(agent) in FREE else "in_use"


def call_state(state: State, caller: Caller) -> CallState:
    """The one word a wallboard shows for a caller."""
    for word in ("talking", "claimed", "ringing"):
        if any(offer.state == word for offer in caller.offers):
            return word
    return "waiting" if state.box_attached(caller.box) else "detached"
