"""Events of one epoch, kept in order until the line has them. Pure.

The WebSocket may break and come back within an epoch; what was not acked is sent again, with its
age as it is then. The memory is bounded: at the bound the epoch cannot be told whole any more,
so a new one begins with a snapshot, which says in one event what the many would have said.
"""

from dataclasses import dataclass

from coordinator.protocol import MAX_AGE_US, Event, EventFrame


class Broken(Exception):
    """This epoch cannot be told whole; a new one must begin. The text says why."""


@dataclass(frozen=True, slots=True)
class _Kept:
    event: Event
    at_us: int


class Outbox:
    """Numbered events, from 1. Times are µs on the adapter's monotonic clock."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: dict[int, _Kept] = {}
        self._first = 1  # the oldest kept
        self._next = 1  # the next to be numbered
        self._sent = 0  # the last sent on the present WebSocket

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, event: Event, at_us: int) -> None:
        """Keeps an event that happened at `at_us`. Raises Broken at the bound."""
        if len(self._kept) >= self._limit:
            raise Broken(f"{self._limit} events wait for the coordinator")
        self._kept[self._next] = _Kept(event, at_us)
        self._next += 1

    def resume(self, seq: int) -> None:
        """A new WebSocket: the line has all up to `seq`. Raises Broken if we lack the rest."""
        if not self._first - 1 <= seq < self._next:
            kept = f"{self._first} to {self._next - 1}"
            raise Broken(f"the coordinator has events up to {seq}, here are {kept}")
        self._sent = seq
        self.acked(seq)

    def acked(self, seq: int) -> Event | None:
        """The line has all up to `seq`; forgets them and returns that event, if it was kept."""
        event: Event | None = None
        while self._first <= min(seq, self._sent):
            event = self._kept.pop(self._first).event
            self._first += 1
        return event

    def next(self, now_us: int) -> EventFrame | None:
        """The next frame to send, or None when all are sent."""
        kept = self._kept.get(self._sent + 1)
        if kept is None:
            return None
        self._sent += 1
        age_us = min(max(0, now_us - kept.at_us), MAX_AGE_US)
        return EventFrame(seq=self._sent, age_us=age_us, event=kept.event)
