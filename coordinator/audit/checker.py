"""Runs the rules over a journal, entry by entry. Pure."""

from collections.abc import Iterable

from coordinator.audit.replay import apply
from coordinator.audit.report import Report
from coordinator.audit.rules import EVERY, accounted, idle, replay
from coordinator.audit.world import World
from coordinator.journal import Entry


class Checker:
    """An audit in progress. Feed it entries in order, then ask for the report once."""

    def __init__(self, partial: bool = False) -> None:
        self._world = World(partial=partial)
        self._report = Report(partial=partial)
        self._last_entry = ""
        self._idle: set[tuple[str, str]] = set()

    def feed(self, entry: Entry) -> None:
        """Check the entry against everything before it, then apply it."""
        report, world = self._report, self._world
        report.entries += 1
        if self._last_entry and entry.at_us != world.last_us:
            self._end_step()
        broken = list(replay.malformed(world, entry))
        report.violations += broken
        if broken:
            return
        for rule in EVERY:
            report.violations += rule(world, entry)
        self._count(entry)
        apply(world, entry)
        self._last_entry = entry.id

    def report(self) -> Report:
        """The verdict. Callers not over at the end are listed, not counted against anyone."""
        self._end_step()
        callers = self._world.callers.values()
        self._report.waiting = [c.call_id for c in callers if c.in_line]
        self._report.talking = [c.call_id for c in callers if not c.in_line]
        return self._report

    def _end_step(self) -> None:
        self._report.violations += accounted.check_step(self._world)
        pairs = set(idle.check_step(self._world))
        for call, agent in sorted(pairs - self._idle):
            self._report.violations.append(idle.violation(self._last_entry, call, agent))
        self._idle = pairs

    def _count(self, entry: Entry) -> None:
        if entry.type == "caller.joined":
            self._report.joined += self._world.caller(entry.data["call_id"]) is None
        elif entry.type == "offer.made":
            self._report.offers += 1
        elif entry.type in ("caller.left", "caller.refused"):
            outcome = str(entry.data["outcome"])
            self._report.outcomes[outcome] = self._report.outcomes.get(outcome, 0) + 1


def begins_midway(entries: Iterable[Entry]) -> bool:
    """Whether a journal's head is missing: a queue is used before it was configured."""
    known: set[object] = set()
    for entry in entries:
        if entry.type == "queue.changed":
            known.add(entry.data.get("queue"))
        elif entry.type.startswith(("caller.", "offer.", "call.", "member.")):
            return entry.data.get("queue") not in known
    return False


def audit(entries: Iterable[Entry], partial: bool | None = None) -> Report:
    """Check a journal against I1–I8.

    partial: the head is missing, so that only what the entries themselves tell is judged;
    None: find out.
    """
    entries = list(entries)
    checker = Checker(begins_midway(entries) if partial is None else partial)
    for entry in entries:
        checker.feed(entry)
    return checker.report()
