"""Callers of a box: who waits, who talks, and who has left. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from coordinator.protocol import Event, Join, Leave, LeaveOutcome

VisitState = Literal["waiting", "talking", "left"]

#: A caller's visit: in which state, what happens → the state after it (None: forgotten).
#: A pair that is not here changes nothing. "left" is kept until the channel ends, so that a late
#: GvqJoin of a visit that is over is known for one.
VISIT: Final[dict[tuple[VisitState, str], VisitState | None]] = {
    ("waiting", "leave"): "left",
    ("waiting", "connect"): "talking",
    ("waiting", "hangup"): None,
    ("talking", "complete"): "left",
    ("talking", "hangup"): None,
    ("left", "hangup"): None,
}


@dataclass(slots=True)
class Visit:
    """One stay of a caller in a queue. `options`: letters of Queue()'s that the adapter heeds."""

    join: Join
    state: VisitState = "waiting"
    options: str = ""


class Visits(dict[str, Visit]):
    """All of a box, by the caller's Uniqueid."""

    def waits(self, uniqueid: str, call_id: str) -> bool:
        """Whether this channel waits here, in that visit."""
        visit = self.get(uniqueid)
        return bool(visit and visit.state == "waiting" and visit.join.call_id == call_id)

    def held(self, uniqueid: str) -> bool:
        """Whether this channel waits here, in whichever visit."""
        visit = self.get(uniqueid)
        return bool(visit and visit.state == "waiting")

    def place_of(self, call_id: str, uniqueid: str) -> str:
        """The channel that is in this visit now. A command may still name the one which was in
        its place as the line wrote it (an attended transfer)."""
        known = self.get(uniqueid)
        if known and known.join.call_id == call_id:
            return uniqueid
        visits = self.values()
        return next((v.join.uniqueid for v in visits if v.join.call_id == call_id), uniqueid)

    def options(self, uniqueid: str) -> str:
        """The letters of Queue()'s options that this caller came with, of those heeded here."""
        visit = self.get(uniqueid)
        return visit.options if visit else ""

    def leave(
        self, uniqueid: str, outcome: LeaveOutcome, reason: str, step: str = "leave"
    ) -> Iterator[Event]:
        """Who waited has left, or hung up; who talked has hung up, of which Complete tells."""
        visit = self.get(uniqueid)
        if visit is None or (visit.state, step) not in VISIT:
            return
        waited = visit.state == "waiting"
        self._enter(uniqueid, visit, VISIT[visit.state, step])
        if waited:
            yield Leave(call_id=visit.join.call_id, outcome=outcome, reason=reason)

    def step(self, uniqueid: str, call_id: str, step: str) -> None:
        """What the channel's offer does to this visit."""
        visit = self.get(uniqueid)
        # The channel may already be in its next visit.
        if visit and visit.join.call_id == call_id and (visit.state, step) in VISIT:
            self._enter(uniqueid, visit, VISIT[visit.state, step])

    def _enter(self, uniqueid: str, visit: Visit, state: VisitState | None) -> None:
        if state is None:
            del self[uniqueid]
        else:
            visit.state = state
