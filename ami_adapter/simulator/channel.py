"""A channel and a bridge, as data, and what stands on either side of a channel."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

DOWN, RING, RINGING, UP = 0, 4, 5, 6

#: ast_channel_state → ChannelStateDesc.
STATES = {DOWN: "Down", RING: "Ring", RINGING: "Ringing", UP: "Up"}

NORMAL, BUSY, NO_ANSWER, REJECTED, ELSEWHERE = 16, 17, 19, 21, 26
UNALLOCATED, NO_ROUTE, INTERWORKING = 1, 3, 127

#: Hangup causes (Q.850, Asterisk's causes.h) → Cause-txt.
CAUSES = {
    0: "Unknown",
    UNALLOCATED: "Unallocated (unassigned) number",
    NO_ROUTE: "No route to destination",
    NORMAL: "Normal Clearing",
    BUSY: "User busy",
    18: "No user responding",
    NO_ANSWER: "User alerting, no answer",
    20: "Subscriber absent",
    REJECTED: "Call Rejected",
    ELSEWHERE: "Answered elsewhere",
    INTERWORKING: "Interworking, unspecified",
}


class Signal(Enum):
    """What the two ends of a SIP dialog tell each other."""

    RINGING = "ringing"
    ANSWER = "answer"
    END = "end"


#: How a box says in SIP why it hung up an unanswered call (chan_pjsip.c, hangup_cause2sip()).
SIP_STATUS = {UNALLOCATED: "404", NO_ROUTE: "404", BUSY: "486", NO_ANSWER: "480", REJECTED: "403"}


@dataclass(frozen=True, slots=True)
class End:
    """Why a dialog ended: hangup cause, and the SIP status if one was sent.

    `reason`: the BYE itself named the cause, as Asterisk's does and a phone's does not.
    """

    cause: int = NORMAL
    sip: str = ""
    reason: bool = False


class Far(Protocol):
    """Who is at the far end of a channel: a phone, a caller, another box."""

    def tell(self, signal: Signal, end: End) -> None:
        """Our side answered or hung up."""
        ...


class Owner:
    """The part of the dialplan (or Originate) that runs a channel. By itself it does nothing."""

    @property
    def in_dialplan(self) -> bool:
        """Whether a thread runs the dialplan on the channel: its end raises SoftHangupRequest."""
        return False

    def rings(self) -> None:
        """The far end of our outgoing call rings."""

    def answers(self) -> None:
        """The far end of our outgoing call answered."""

    def after_bridge(self) -> None:
        """The bridge ended under the channel, which goes on in the dialplan."""

    def goes(self, context: str, exten: str) -> None:
        """AMI redirected the channel."""

    def ending(self) -> None:
        """The far end hung up; the channel is still there."""

    def gone(self, end: End) -> None:
        """The channel was hung up."""

    def lost(self) -> None:
        """The box lost power under the channel: call off what was to come."""


@dataclass(slots=True, eq=False)
class Bridge:
    """Two channels that hear each other."""

    uniqueid: str
    channels: list["Channel"] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Channel:
    """One leg of a call on one box."""

    name: str
    uniqueid: str
    endpoint: str
    state: int
    created: float
    context: str
    exten: str
    linkedid: str
    dnid: str = ""
    number: str = ""
    caller: str = ""
    connected_number: str = ""
    connected: str = ""
    priority: int = 1
    application: str = ""
    data: str = ""
    alive: bool = True
    variables: dict[str, str] = field(default_factory=dict)
    #: The words said to it while it waited: sound files, and numbers as #12.
    said: list[str] = field(default_factory=list)
    bridge: Bridge | None = None
    far: Far | None = None
    owner: Owner = field(default_factory=Owner)

    def at(
        self, context: str, exten: str, priority: int, application: str = "", data: str = ""
    ) -> None:
        """Stand at this step of the dialplan."""
        self.context, self.exten, self.priority = context, exten, priority
        self.application, self.data = application, data
