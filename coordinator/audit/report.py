"""What an audit says: violations, and the account of every caller. Pure."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule broken at a journal entry, in one sentence with its calls and agents."""

    rule: str
    entry: str
    sentence: str
    calls: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The violation as `gvq verify --json` prints it."""
        return {
            "rule": self.rule, "entry": self.entry, "sentence": self.sentence,
            "calls": list(self.calls), "agents": list(self.agents),
        }  # fmt: skip


@dataclass(slots=True)
class Report:
    """The verdict on a journal. `waiting` and `talking` name the calls not over at its end."""

    entries: int = 0
    joined: int = 0
    offers: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    talking: list[str] = field(default_factory=list)
    partial: bool = False
    violations: list[Violation] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """No rule was broken."""
        return not self.violations

    @property
    def sentence(self) -> str:
        """The verdict for people."""
        counted = f"{self.joined} callers, {self.offers} offers, {self.entries} journal entries"
        if self.ok:
            return f"In order: {counted}; no rule was broken."
        rules = sorted({violation.rule for violation in self.violations})
        times = len(self.violations)
        return f"BROKEN: {', '.join(rules)}, {times} time{'s'[: times - 1]}, in {counted}."

    def to_json(self) -> dict[str, Any]:
        """The report as `gvq verify --json` prints it."""
        return {
            "ok": self.ok, "sentence": self.sentence, "entries": self.entries,
            "joined": self.joined, "offers": self.offers, "outcomes": self.outcomes,
            "waiting": self.waiting, "talking": self.talking, "partial": self.partial,
            "violations": [violation.to_json() for violation in self.violations],
        }  # fmt: skip
