"""What a benchmark found: quantities over repeated runs, checks, targets. Pure."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Say = Callable[[str], None]

#: Where the results of runs are kept.
RESULTS = Path("bench-results")


@dataclass(frozen=True, slots=True)
class Options:
    """How a benchmark is to run. `short`: for correctness only. None: the benchmark's own number.

    minutes: of a run that is to be long. real: on real Asterisk boxes too. results: where each
    benchmark's are written.
    """

    short: bool = False
    repeats: int | None = None
    minutes: float | None = None
    real: bool = False
    results: Path = RESULTS

    def runs(self, usual: int) -> int:
        """How often everything is measured."""
        return self.repeats or (1 if self.short else usual)


@dataclass(slots=True)
class Measure:
    """One quantity of one subject, a value a run. `at`: where in a row of sizes, `of` what."""

    subject: str
    quantity: str
    unit: str
    at: float | None = None
    of: str = ""
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def to_json(self) -> dict[str, Any]:
        """With the spread: lowest and highest run."""
        where = {} if self.at is None else {"at": self.at, "of": self.of}
        return {
            "subject": self.subject, "quantity": self.quantity, "unit": self.unit, **where,
            "median": self.median, "low": min(self.values), "high": max(self.values),
            "values": self.values,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must be so, however slow the machine is."""

    what: str
    found: Any
    wanted: Any

    @property
    def ok(self) -> bool:
        return bool(self.found == self.wanted)


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be reached: at least, or at most, `wanted` of a unit."""

    what: str
    measured: float
    wanted: float
    at_least: bool

    @property
    def met(self) -> bool:
        return self.measured >= self.wanted if self.at_least else self.measured <= self.wanted


@dataclass(slots=True)
class Findings:
    """Filled while a benchmark runs; repeated runs add to the same quantity."""

    measures: list[Measure] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    def add(
        self, subject: str, quantity: str, unit: str, value: float,
        at: float | None = None, of: str = "",
    ) -> None:  # fmt: skip
        """One run's value."""
        key = (subject, quantity, unit, at, of)
        for measure in self.measures:
            if (measure.subject, measure.quantity, measure.unit, measure.at, measure.of) == key:
                measure.values.append(value)
                return
        self.measures.append(Measure(*key, [value]))

    def latencies(self, subject: str, quantity: str, seconds: Sequence[float]) -> None:
        """Median, p99 and worst of one run's latencies, ms."""
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
            self.add(subject, f"{quantity} {name}", "ms", quantile(seconds, share) * 1e3)

    def check(self, what: str, found: Any, wanted: Any) -> None:
        """Noted once, and again each time it does not hold."""
        check = Check(what, found, wanted)
        if not check.ok or all(known.what != what for known in self.checks):
            self.checks.append(check)

    def note(self, text: str) -> None:
        """Once."""
        if text not in self.notes:
            self.notes.append(text)

    def median(self, subject: str, quantity: str, at: float | None = None) -> float | None:
        """Over the runs; None when it was not measured."""
        for measure in self.measures:
            if (measure.subject, measure.quantity, measure.at) == (subject, quantity, at):
                return measure.median
        return None

    def at_least(self, what: str, measured: float | None, wanted: float) -> None:
        """A target; passed over when it was not measured."""
        if measured is not None:
            self.targets.append(Target(what, measured, wanted, True))

    def at_most(self, what: str, measured: float | None, wanted: float) -> None:
        """Likewise."""
        if measured is not None:
            self.targets.append(Target(what, measured, wanted, False))

    @property
    def ok(self) -> bool:
        """Whether what was measured was right. Being slow is not being wrong."""
        return all(check.ok for check in self.checks)


def quantile(values: Sequence[float], share: float) -> float:
    """The least value that is not exceeded by this share of them; 0 for none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def ratio(part: float | None, whole: float | None) -> float | None:
    """None where one of them was not measured."""
    return part / whole if part is not None and whole else None
