"""Why a call went as it went, in plain sentences, from the journal alone. Pure.

`explain(entries, call_id)` reads the call's own entries and those around it; the more of the
journal before the call it is given, the more it can tell of who was ahead and who was busy.
Times are shown in UTC, durations in seconds.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from coordinator.audit.replay import apply
from coordinator.audit.world import Caller, Member, Queue, World
from coordinator.journal import Entry

#: How many calls or agents a sentence names before it only counts the rest.
NAMED = 6

STRATEGY_WORDS = {
    "ringall": "all of the best penalty ring at once",
    "leastrecent": "whose last call ended longest ago comes first",
    "fewestcalls": "who completed the fewest calls comes first",
    "rrmemory": "the next member after the one rung last comes first",
    "rrordered": "the next member after the one rung last comes first",
    "wrandom": "all whom the caller's penalty window admits draw, those of low penalty lower",
    "linear": "the first member in order comes first",
    "random": "one is drawn",
}
PASSED_WORDS = {
    "ringing": "was being offered to another agent",
    "detached": "was on a box whose link was lost",
    "penalty": "had a penalty window that does not admit this agent",
}
OFFER_WORDS = {
    "no_answer": "{agent} did not answer within {ring}; the caller kept its place.",
    "busy": "{agent} was busy; the caller kept its place.",
    "rejected": "{agent} rejected the call; the caller kept its place.",
    "failed": "Ringing {agent} failed{reason}; the caller kept its place.",
    "expired": "Nothing was heard of the offer to {agent} for {ring}; the caller kept its place.",
    "cancelled": "Ringing {agent} was called off after {ring}{reason}.",
    "answered_elsewhere": "{agent} stopped ringing: another agent had answered.",
}
OUTCOME_WORDS = {
    "abandoned": "The caller hung up",
    "timeout": "The caller's own time limit passed",
    "exit_key": "The caller pressed an exit key",
    "join_empty": "The caller was turned away: no agent could serve",
    "leave_empty": "The caller was let go: no agent could serve any more",
    "full": "The caller was turned away: the queue was full",
    "withdrawn": "The caller was withdrawn by the operator",
    "redirected": "The caller was sent elsewhere by the dialplan",
    "box_lost": "The caller was given up: its box stayed away too long",
}
ENDED_WORDS = {
    "caller": "the caller hung up",
    "agent": "the agent hung up",
    "transfer": "the agent transferred the caller",
    "lost": "the box lost it",
}


def explain(entries: Iterable[Entry], call_id: str) -> list[str]:
    """The call's story, one sentence an event; empty when no entry is about it."""
    story = _Story(call_id)
    for entry in entries:
        story.read(entry)
    return story.told()


@dataclass(slots=True)
class Scene:
    """The line as it stood before an entry; since: when each available agent became so, µs."""

    world: World = field(default_factory=lambda: World(partial=True))
    since: dict[str, int] = field(default_factory=dict)

    def advance(self, entry: Entry) -> None:
        """Goes on to the line as it stood after the entry."""
        apply(self.world, entry)
        agent = str(entry.data.get("agent"))
        if agent in self.world.free:
            self.since.setdefault(agent, entry.at_us)
        else:
            self.since.pop(agent, None)


class _Story:
    """The sentences so far."""

    def __init__(self, call_id: str) -> None:
        self._call_id = call_id
        self._scene = Scene()
        self._others: dict[str, list[str]] = {"ahead": [], "behind": []}
        self._lines: list[str] = []

    def read(self, entry: Entry) -> None:
        own = entry.data.get("call_id") == self._call_id
        if own and entry.type in TELLERS:
            if entry.type in ("offer.made", "caller.left"):
                self._tell_of_others()
            self._say(entry.at_us, TELLERS[entry.type](self._scene, entry))
        elif entry.type == "offer.made":
            self._note_other(entry)
        self._scene.advance(entry)

    def told(self) -> list[str]:
        """All sentences; a call that is not over ends with where it stands."""
        caller = self._scene.world.caller(self._call_id)
        if self._lines and caller:
            self._tell_of_others()
            self._lines.append(_still_waiting(self._scene.world, caller))
        return self._lines

    def _say(self, at_us: int, sentence: str) -> None:
        if sentence:
            self._lines.append(f"{clock(at_us)} {sentence}")

    def _note_other(self, entry: Entry) -> None:
        """An offer to somebody else of this queue while this call waited."""
        world = self._scene.world
        caller, other = world.caller(self._call_id), world.caller(entry.data["call_id"])
        if caller is None or other is None or other.queue != caller.queue:
            return
        if other.place < caller.place:
            self._others["ahead"].append(other.call_id)
        else:
            why = _why_behind(world, caller, str(entry.data["agent"]))
            self._others["behind"].append(
                f"{entry.data['agent']} was given to {other.call_id}, behind it, because it {why}"
            )

    def _tell_of_others(self) -> None:
        """Why not earlier: who was served in the meantime."""
        ahead, behind = self._others["ahead"], self._others["behind"]
        if ahead:
            calls = _some(dict.fromkeys(ahead))
            self._lines.append(f"    Until then agents went to callers ahead of it: {calls}.")
        self._lines += [f"    Until then {sentence}." for sentence in dict.fromkeys(behind)]
        self._others = {"ahead": [], "behind": []}


def _joined(scene: Scene, entry: Entry) -> str:
    data = entry.data
    who = data["caller_id_num"] or "a caller without a number"
    name = f" ({data['caller_id_name']})" if data["caller_id_name"] else ""
    verb = "was restored from its box's snapshot" if data["by"] == "restored" else "joined"
    late = f", {seconds(data['age_us'])} before we heard of it" if data["age_us"] >= 10**6 else ""
    ahead = _ahead(scene.world, entry)
    return (
        f"{who}{name} {verb} in queue {data['queue']} on box {data['box']}{late}, with priority "
        f"{data['priority']}{_window(data)}, at position {data['position']}{_placed(data)}{ahead}."
    )


def _placed(data: Any) -> str:
    return f" (it asked for {data['placed']})" if "placed" in data else ""


def _refused(scene: Scene, entry: Entry) -> str:
    data = entry.data
    why = {
        "full": "was full",
        "join_empty": "had no agent whom its joinempty asks for",
    }[str(data["outcome"])]
    who = data["caller_id_num"] or "a caller without a number"
    return f"{who} got no place: queue {data['queue']} {why}. Box {data['box']} let it go on."


def _window(data: Any) -> str:
    parts = [
        f"{word} {data[name]}"
        for name, word in (("min_penalty", "at least"), ("max_penalty", "at most"))
        if data.get(name) is not None
    ]
    if data.get("raise_penalty") is not None:
        kept = ", those below the least left out" if data.get("keeps_min") else ""
        parts.append(f"raised to {data['raise_penalty']}{kept}")
    return f", for agents of penalty {' and '.join(parts)}" if parts else ""


def _rule(scene: Scene, entry: Entry) -> str:
    return f"Its penalty rule changed whom it admits{_window(entry.data)}."


def _ahead(world: World, entry: Entry) -> str:
    place = (-entry.data["priority"], entry.data["rank"], entry.data["call_id"])
    queue = world.queues.get(entry.data["queue"])
    ahead = [p[2] for p in queue.line if p < place] if queue else []
    return f" behind {_some(ahead)}" if ahead else ""


def _moved(scene: Scene, entry: Entry) -> str:
    data = entry.data
    if data["by"] != "api":  # another rank, for one placed ahead of it or an older ticket
        return ""
    return f"Its priority was set to {data['priority']}: position {data['position']} from then on."


def _overdue(scene: Scene, entry: Entry) -> str:
    return "Its own time limit passed: nobody more was rung, and it stayed for the ring under way."


def _replaced(scene: Scene, entry: Entry) -> str:
    who = entry.data["caller_id_num"] or entry.data["channel"]
    return f"An attended transfer put {who} into its place."


def _detached(scene: Scene, entry: Entry) -> str:
    return f"The link to box {entry.data['box']} was lost: it kept its place and was passed over."


def _attached(scene: Scene, entry: Entry) -> str:
    return f"Box {entry.data['box']} was back: it could be served again."


def _offered(scene: Scene, entry: Entry) -> str:
    data = entry.data
    agent, caller = str(data["agent"]), scene.world.caller(data["call_id"])
    considered = {row[0] for row in data["considered"]} | {agent}
    sentences = [
        f"Agent {agent} (penalty {data['penalty']}) was rung for it at position "
        f"{data['position']}{_available(scene, agent)}.",
        _choice(data),
        *(f"Call {call}, ahead of it, {PASSED_WORDS[why]}." for call, why in data["passed_over"]),
        _unavailable(scene.world, caller, considered),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _available(scene: Scene, agent: str) -> str:
    return f", available since {clock(scene.since[agent])}" if agent in scene.since else ""


def _choice(data: Any) -> str:
    rows = [
        f"{name} ({_metric(data['strategy'], metric)})" for name, _, metric in data["considered"]
    ]
    if len(rows) < 2:
        return "Nobody else of a penalty as good was available."
    words = STRATEGY_WORDS.get(data["strategy"], "")
    return f"Considered: {', '.join(rows)}; {data['strategy']}: {words}."


def _metric(strategy: str, metric: int) -> str:
    """What the strategy compares, in words."""
    if strategy == "leastrecent":
        return f"last call ended {clock(metric)}" if metric else "no call yet"
    return f"{metric} calls" if strategy == "fewestcalls" else "available"


def _unavailable(world: World, caller: Caller | None, available: set[str]) -> str:
    """Members whom the caller's window admits and who could not be rung then."""
    queue = world.queues.get(caller.queue) if caller else None
    if queue is None or caller is None:
        return ""
    busy = [
        f"{name} ({_state(world, name, member)})"
        for name, member in queue.members.items()
        if world.penalty(caller, member) is not None
        and name not in available
        and not world.may_ring(queue, name)
    ]
    return f"Not available: {_some(busy)}." if busy else ""


def _state(world: World, name: str, member: Member) -> str:
    agent = world.agents.get(name)
    if agent is None:
        return "unknown"
    for held in agent.holds.values():
        return f"{'talking' if held.state == 'connected' else 'ringing'} for {held.call_id}"
    return "paused in this queue" if member.paused and name in world.free else agent.state


def _why_behind(world: World, caller: Caller, agent: str) -> str:
    """Why an agent went past this caller, in the world as it stood then."""
    member = world.member(caller, agent)
    if caller.detached:
        return PASSED_WORDS["detached"]
    if member and world.penalty(caller, member) is None:
        return PASSED_WORDS["penalty"]
    if caller.offers:
        return PASSED_WORDS["ringing"]
    if world.may_take(caller, agent):
        return "was left behind against the rules (see gvq verify)"
    return "could not take the agent, for a reason this part of the journal does not tell"


def _offer_ended(scene: Scene, entry: Entry) -> str:
    data = entry.data
    words = OFFER_WORDS.get(str(data["outcome"]), "")  # answered: told by call.connected
    reason = f" ({data['reason']})" if data.get("reason") else ""
    agent = f"Agent {data['agent']}" if words.startswith("{agent}") else f"agent {data['agent']}"
    return words.format(agent=agent, ring=seconds(data["ring_us"]), reason=reason)


def _left(scene: Scene, entry: Entry) -> str:
    data = entry.data
    if data["outcome"] == "answered":
        return ""
    # "Unknown" is Asterisk's text of a hangup without a cause.
    reason = f" ({data['reason']})" if data.get("reason", "Unknown") != "Unknown" else ""
    caller = scene.world.caller(data["call_id"])
    busy = _unavailable(scene.world, caller, set()) if caller and not caller.offers else ""
    return (
        f"{OUTCOME_WORDS[data['outcome']]}{reason}, at position {data['position']}, after waiting "
        f"{seconds(data['wait_us'])}. {busy}"
    ).rstrip()


def _connected(scene: Scene, entry: Entry) -> str:
    data = entry.data
    return f"Agent {data['agent']} answered: connected after waiting {seconds(data['hold_us'])}."


def _completed(scene: Scene, entry: Entry) -> str:
    data = entry.data
    return f"After {seconds(data['talk_us'])} of talk {ENDED_WORDS[data['ended_by']]}."


def _still_waiting(world: World, caller: Caller) -> str:
    queue = world.queues.get(caller.queue, Queue(caller.queue))
    busy = _unavailable(world, caller, set()) if not caller.offers else ""
    return f"It still waits, at position {queue.position(caller.place)}. {busy}".rstrip()


Teller = Callable[[Scene, Entry], str]
TELLERS: dict[str, Teller] = {
    "caller.joined": _joined,
    "caller.refused": _refused,
    "caller.moved": _moved,
    "caller.window": _rule,
    "caller.replaced": _replaced,
    "caller.left": _left,
    "caller.overdue": _overdue,
    "caller.detached": _detached,
    "caller.attached": _attached,
    "offer.made": _offered,
    "offer.ended": _offer_ended,
    "call.connected": _connected,
    "call.completed": _completed,
}


def clock(at_us: int) -> str:
    """A time of the journal, in UTC, to the millisecond: `14:03:09.120`."""
    return f"{datetime.fromtimestamp(at_us / 1e6, UTC):%H:%M:%S.%f}"[:-3]


def seconds(duration_us: int) -> str:
    """A duration for people: `4.2 s`."""
    return f"{duration_us / 1e6:.1f} s"


def _some(names: Iterable[str]) -> str:
    """The first few names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
