"""A journal entry → the events app_queue would raise. Pure.

Names, headers and their order are apps/app_queue.c's of Asterisk 22; so are the units: RingTime is
seconds in AgentConnect and milliseconds in AgentRingNoAnswer, HoldTime and TalkTime are seconds.
QueueCallerLeave precedes AgentConnect, QueueCallerAbandon precedes QueueCallerLeave.

Where the entry says what became of an agent, that is shown, though the line may be further on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from coordinator.journal import NOT_TAKEN, Entry
from coordinator.line.types import AgentState, AgentView, Membership
from coordinator.manager.members import (
    Caller,
    Member,
    Person,
    blob,
    destination,
    seconds,
    snapshot,
)
from coordinator.manager.protocol import Headers

#: The class of all of them (manager.h: EVENT_FLAG_AGENT), and how Asterisk writes it.
CLASS = "agent"
PRIVILEGE = "agent,all"

#: Who leaves so was not abandoned (record_abandoned() is not called for them).
NOT_ABANDONED = frozenset({"answered", "exit_key"})

#: AgentComplete knows three reasons; a talk whose end nobody saw counts as the caller's.
REASONS = {"lost": "caller"}

DOWN, RINGING, UP = ("0", "Down"), ("5", "Ringing"), ("6", "Up")


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `box`: where the caller is; shown as SystemName."""

    name: str
    headers: Headers
    box: str = ""

    def message(self) -> Headers:
        """All of it, as manager_event() writes it."""
        system = (("SystemName", self.box),) if self.box else ()
        return (("Event", self.name), ("Privilege", PRIVILEGE), *system, *self.headers)


@dataclass(frozen=True, slots=True)
class Scene:
    """What the entry does not say: of whom it speaks, and what came before.

    None: nobody knows; then nothing is raised. `shown`: the last status and InCall told of the
    agent. `ring_us`, `claimed`: of the offer.
    """

    caller: Caller | None = None
    person: Person | None = None
    shown: tuple[int, bool] | None = None
    ring_us: int = 0
    claimed: bool = False


def shows(person: Person) -> tuple[int, bool]:
    """What of an agent's state a QueueMemberStatus shows."""
    return person.status, person.view.state == "talking"


def after(entry: Entry, person: Person) -> Person:
    """The agent as this entry leaves it, where it says so."""
    data, view = entry.data, person.view
    if state := _state_after(entry):
        device = data.get("reason", "") if state == "in_use" else ""
        view = replace(view, state=state, device=device or view.device)
    if entry.type == "agent.changed":
        view = replace(view, paused=bool(data["paused"]), pause_reason=data.get("reason", ""))
    if entry.type == "member.changed" and "member_paused" in data:
        view = _as_member(entry, view)
    return replace(person, view=view)


def _as_member(entry: Entry, view: AgentView) -> AgentView:
    """With the membership as the entry has it: a removed one too."""
    data = entry.data
    known = view.memberships.get(data["queue"])
    own = data.get("ringinuse")
    member = Membership(
        penalty=data["penalty"],
        order=data["order"],
        calls=data["calls"],
        paused=bool(data["member_paused"]),
        reason=data.get("reason", ""),
        paused_us=known.paused_us if known else 0,
        wrapuptime=data.get("wrapup_s"),
        rings_in_use=(known.rings_in_use if known else False) if own is None else bool(own),
    )
    memberships = view.memberships | {data["queue"]: member}
    return replace(view, paused=bool(data["paused"]), memberships=memberships)


def _state_after(entry: Entry) -> AgentState | None:
    fixed: Mapping[str, AgentState] = {"offer.made": "ringing", "call.connected": "talking"}
    return fixed.get(entry.type) or entry.data.get("agent_state") or entry.data.get("state")


def events(entry: Entry, scene: Scene) -> list[Event]:
    """The events of an entry, in order. `scene.person` is as the entry leaves it."""
    make = _TABLE.get(entry.type)
    return make(entry, scene) if make else []


# ── callers ─────────────────────────────────────────────────────────────────────────────────


def _joined(entry: Entry, scene: Scene) -> list[Event]:
    return [_of_caller("QueueCallerJoin", scene.caller, _place(entry))] if scene.caller else []


def _left(entry: Entry, scene: Scene) -> list[Event]:
    caller = scene.caller
    if caller is None:
        return []
    gone = [_of_caller("QueueCallerLeave", caller, _place(entry))]
    if entry.data["outcome"] in NOT_ABANDONED:
        return gone
    abandoned = (
        ("Queue", entry.data["queue"]),
        ("Position", str(entry.data["position"])),
        ("OriginalPosition", str(caller.position)),
        ("HoldTime", str(seconds(entry.data["wait_us"]))),
    )
    return [_of_caller("QueueCallerAbandon", caller, abandoned), *gone]


def _place(entry: Entry) -> Headers:
    """Count: callers in the queue after this. An older replica's entries lack it."""
    return (
        ("Queue", entry.data["queue"]),
        ("Position", str(entry.data["position"])),
        ("Count", str(entry.data.get("count", 0))),
    )


def _of_caller(name: str, caller: Caller, more: Headers) -> Event:
    return Event(name, (*snapshot(caller), *more), caller.box)


# ── offers and calls ────────────────────────────────────────────────────────────────────────


def _offered(entry: Entry, scene: Scene) -> list[Event]:
    return [*_of_offer("AgentCalled", entry, scene, DOWN), *_status(entry, scene)]


def _offer_ended(entry: Entry, scene: Scene) -> list[Event]:
    """An agent who claimed the caller and hung up before the bridge has dumped it."""
    status = _status(entry, scene)
    if entry.data["outcome"] not in NOT_TAKEN:
        return status if entry.data["outcome"] != "answered" else []
    if scene.claimed:
        return [*_of_offer("AgentDump", entry, scene, UP), *status]
    milliseconds = (("RingTime", str(entry.data["ring_us"] // 1000)),)
    return [*_of_offer("AgentRingNoAnswer", entry, scene, RINGING, milliseconds), *status]


def _connected(entry: Entry, scene: Scene) -> list[Event]:
    times = (
        ("HoldTime", str(seconds(entry.data["hold_us"]))),
        ("RingTime", str(seconds(scene.ring_us))),
    )
    return [*_of_offer("AgentConnect", entry, scene, UP, times), *_status(entry, scene)]


def _completed(entry: Entry, scene: Scene) -> list[Event]:
    ended_by = entry.data["ended_by"]
    more = (
        ("HoldTime", str(seconds(entry.data["hold_us"]))),
        ("TalkTime", str(seconds(entry.data["talk_us"]))),
        ("Reason", REASONS.get(ended_by, ended_by)),
    )
    return [*_of_offer("AgentComplete", entry, scene, UP, more), *_status(entry, scene)]


def _of_offer(
    name: str, entry: Entry, scene: Scene, state: tuple[str, str], more: Headers = ()
) -> list[Event]:
    caller, person = scene.caller, scene.person
    if caller is None or person is None:
        return []
    headers = (
        *snapshot(caller),
        *destination(caller, entry.data["offer_id"], state),
        ("Queue", entry.data["queue"]),
        ("Interface", person.view.interface),
        ("MemberName", person.name),
        *more,
    )
    return [Event(name, headers, caller.box)]


# ── members ─────────────────────────────────────────────────────────────────────────────────


def _status(entry: Entry, scene: Scene) -> list[Event]:
    """In every queue of the agent, when what they show has changed."""
    person = scene.person
    if person is None or shows(person) == scene.shown:
        return []
    return [_of_member("QueueMemberStatus", member) for member in person.members()]


def _agent_changed(entry: Entry, scene: Scene) -> list[Event]:
    if scene.person is None or entry.data["change"] not in ("pause", "unpause"):
        return []
    return [_of_member("QueueMemberPause", member) for member in scene.person.members()]


def _member_changed(entry: Entry, scene: Scene) -> list[Event]:
    name = _CHANGES.get(entry.data.get("change", ""))
    if scene.person is None or name is None:
        return []
    return [_of_member(name, scene.person.in_queue(entry.data["queue"]))]


#: What changed of a membership → event. Nothing tells of another wrapuptime; who stays paused is
#: shown so before.
_CHANGES: Mapping[str, str] = {
    "added": "QueueMemberAdded",
    "removed": "QueueMemberRemoved",
    "penalty": "QueueMemberPenalty",
    "pause": "QueueMemberPause",
    "unpause": "QueueMemberPause",
    "ringinuse": "QueueMemberRinginuse",
}


def _of_member(name: str, member: Member) -> Event:
    return Event(name, blob(member))


_TABLE: dict[str, Callable[[Entry, Scene], list[Event]]] = {
    "caller.joined": _joined,
    "caller.left": _left,
    "offer.made": _offered,
    "offer.ended": _offer_ended,
    "call.connected": _connected,
    "call.completed": _completed,
    "agent.state": _status,
    "agent.changed": _agent_changed,
    "member.changed": _member_changed,
}
