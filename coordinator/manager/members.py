"""Callers, queues and members as app_queue.c shows them. Pure.

Header names and their order are those of apps/app_queue.c, main/manager_channels.c: the blobs of
events (`queue_member_blob_create`) and the lists of actions (`manager_queues_status`) differ.
Times there are seconds since 1970, durations whole seconds, cut off as C cuts them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from coordinator.line.types import AgentView, Membership, QueueView, WaitingCaller
from coordinator.manager.protocol import Headers, escape

SECOND = 1_000_000

#: Device states by their numbers (devicestate.h: ast_device_state).
DEVICE = {
    "UNKNOWN": 0, "NOT_INUSE": 1, "INUSE": 2, "BUSY": 3, "INVALID": 4, "UNAVAILABLE": 5,
    "RINGING": 6, "RINGINUSE": 7, "ONHOLD": 8,
}  # fmt: skip

_NONE = Membership(penalty=0, order=0, calls=0)

#: What Asterisk writes for a number or name that it has not got.
UNKNOWN = "<unknown>"


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller, as its joining told. `position`: the one it joined at."""

    call_id: str
    box: str
    queue: str
    channel: str
    uniqueid: str
    number: str
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Member:
    """An agent in one queue."""

    queue: str
    name: str
    interface: str
    penalty: int
    calls: int
    order: int
    last_call_us: int
    last_pause_us: int
    login_us: int
    in_call: bool
    status: int
    paused: bool
    paused_reason: str
    available: bool
    state_interface: str
    ringinuse: bool
    wrapuptime: int


@dataclass(frozen=True, slots=True)
class Person:
    """An agent: as the line sees it, and the name that people see."""

    view: AgentView
    display_name: str = ""

    @property
    def name(self) -> str:
        """MemberName: the display name, else the agent's."""
        return self.display_name or self.view.name

    @property
    def status(self) -> int:
        """The device state's number that app_queue would show."""
        return DEVICE[self.view.device_shown]

    def members(self) -> list[Member]:
        """As a member of each queue, by the queue's name."""
        return [self.in_queue(queue) for queue in sorted(self.view.memberships)]

    def in_queue(self, queue: str) -> Member:
        """As a member of that queue; when it is none, one without penalty and calls."""
        view = self.view
        membership = view.memberships.get(queue, _NONE)
        return Member(
            queue=queue,
            name=self.name,
            interface=view.interface,
            penalty=membership.penalty,
            calls=membership.calls,
            order=membership.order,
            last_call_us=view.last_call_us,
            last_pause_us=max(view.paused_us, membership.paused_us),
            login_us=view.logged_in_us,
            in_call=view.state == "talking",
            status=self.status,
            paused=view.paused or membership.paused,
            # Of one who is back: what the entry says (events.py); the line knows no reason then.
            paused_reason=view.pause_reason
            if view.paused
            else membership.reason or view.pause_reason,
            available=not membership.paused and self._may_be_rung(membership),
            state_interface=view.state_interface,
            ringinuse=membership.rings_in_use,
            wrapuptime=membership.wrapuptime or 0,
        )

    def _may_be_rung(self, membership: Membership) -> bool:
        in_use = self.view.state == "in_use" and membership.rings_in_use
        return self.view.state == "available" or in_use


def seconds(microseconds: int) -> int:
    """Whole seconds, cut off."""
    return microseconds // SECOND


# ── headers ─────────────────────────────────────────────────────────────────────────────────


def snapshot(caller: Caller) -> Headers:
    """A waiting or talking caller's channel. What the line does not know is as Asterisk has it
    for a plain call: in the context gvq, linked to nothing but itself."""
    return _channel(
        "", caller.channel, "6", "Up", (caller.number, caller.name), ("", ""), caller.queue,
        caller.uniqueid, caller.uniqueid,
    )  # fmt: skip


def destination(caller: Caller, offer_id: str, state: tuple[str, str]) -> Headers:
    """The agent's channel: its Uniqueid is the offer's id (Originate's ChannelId). Its name only
    its box knows. To it the caller is the connected line."""
    return _channel(
        "Dest", "", *state, ("", ""), (caller.number, caller.name), caller.queue, offer_id,
        caller.uniqueid,
    )  # fmt: skip


def _channel(
    prefix: str, channel: str, state: str, description: str, caller: tuple[str, str],
    connected: tuple[str, str], exten: str, uniqueid: str, linkedid: str,
) -> Headers:  # fmt: skip
    """As ast_manager_build_channel_state_string_prefix() writes it."""
    values = (
        ("Channel", channel),
        ("ChannelState", state),
        ("ChannelStateDesc", description),
        ("CallerIDNum", caller[0] or UNKNOWN),
        ("CallerIDName", escape(caller[1]) or UNKNOWN),
        ("ConnectedLineNum", connected[0] or UNKNOWN),
        ("ConnectedLineName", escape(connected[1]) or UNKNOWN),
        ("Language", ""),
        ("AccountCode", ""),
        ("Context", "gvq"),
        ("Exten", exten),
        ("Priority", "1"),
        ("Uniqueid", uniqueid),
        ("Linkedid", linkedid),
    )
    return tuple((prefix + name, value) for name, value in values)


def blob(member: Member) -> Headers:
    """A member in an event."""
    return (
        ("Queue", member.queue),
        ("MemberName", member.name),
        ("Interface", member.interface),
        ("StateInterface", member.state_interface),
        ("Membership", "dynamic"),
        ("Penalty", str(member.penalty)),
        ("CallsTaken", str(member.calls)),
        ("LastCall", str(seconds(member.last_call_us))),
        ("LastPause", str(seconds(member.last_pause_us))),
        ("LoginTime", str(seconds(member.login_us))),
        ("InCall", str(int(member.in_call))),
        ("Status", str(member.status)),
        ("Paused", str(int(member.paused))),
        ("PausedReason", member.paused_reason),
        ("Ringinuse", str(int(member.ringinuse))),
        ("Wrapuptime", str(member.wrapuptime)),
    )


def listed(member: Member) -> Headers:
    """A member in QueueStatus: other names for some, and no Ringinuse."""
    return (
        ("Queue", member.queue),
        ("Name", member.name),
        ("Location", member.interface),
        *blob(member)[3:14],
        ("Wrapuptime", str(member.wrapuptime)),
    )


def queue_params(queue: QueueView) -> Headers:
    """A queue in QueueStatus."""
    return (
        ("Queue", queue.name),
        ("Max", str(queue.settings.maxlen)),
        ("Strategy", queue.settings.strategy),
        ("Calls", str(queue.callers)),
        ("Holdtime", str(seconds(queue.hold_us))),
        ("TalkTime", str(seconds(queue.talk_us))),
        ("Completed", str(queue.completed)),
        ("Abandoned", str(queue.abandoned)),
        ("ServiceLevel", str(queue.settings.servicelevel)),
        ("ServicelevelPerf", f"{queue.served_in_level:.1f}"),
        ("ServicelevelPerf2", f"{queue.ended_in_level:.1f}"),
        ("Weight", str(queue.settings.weight)),
    )


def queue_entry(caller: WaitingCaller, now_us: int) -> Headers:
    """A caller in QueueStatus; names stand here as they are."""
    return (
        ("Queue", caller.queue),
        ("Position", str(caller.position)),
        ("Channel", caller.channel),
        ("Uniqueid", caller.uniqueid),
        ("CallerIDNum", caller.caller_id_num or "unknown"),
        ("CallerIDName", caller.caller_id_name or "unknown"),
        ("ConnectedLineNum", "unknown"),
        ("ConnectedLineName", "unknown"),
        ("Wait", str(_waited(caller, now_us))),
        ("Priority", str(caller.priority)),
    )


def queue_summary(
    queue: QueueView, members: Iterable[Member], callers: Iterable[WaitingCaller], now_us: int
) -> Headers:
    """A queue in QueueSummary. Available: whom the line would ring now."""
    members = list(members)
    reachable = [m for m in members if m.status not in (DEVICE["UNAVAILABLE"], DEVICE["INVALID"])]
    longest = max((_waited(caller, now_us) for caller in callers), default=0)
    return (
        ("Queue", queue.name),
        ("LoggedIn", str(len(reachable))),
        ("Available", str(sum(member.available for member in members))),
        ("Callers", str(queue.callers)),
        ("HoldTime", str(seconds(queue.hold_us))),
        ("TalkTime", str(seconds(queue.talk_us))),
        ("LongestHoldTime", str(longest)),
    )


def _waited(caller: WaitingCaller, now_us: int) -> int:
    return seconds(max(0, now_us - caller.joined_us))
