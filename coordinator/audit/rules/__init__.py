"""One file a rule (I1–I8); `EVERY` is looked at before each entry is applied. Pure."""

from collections.abc import Callable, Iterator

from coordinator.audit.report import Violation
from coordinator.audit.rules import accounted, best, exclusive, order, place, replay, stale
from coordinator.audit.world import World
from coordinator.journal import Entry

Rule = Callable[[World, Entry], Iterator[Violation]]

EVERY: tuple[Rule, ...] = (
    order.check, best.check, exclusive.check, place.check, accounted.check, stale.check,
    replay.check,
)  # fmt: skip
