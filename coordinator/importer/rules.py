"""queuerules.conf as plain values. Pure.

A rule changes the penalties a caller accepts while it waits (app_queue.c: insert_penaltychange).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from coordinator.importer.findings import Findings
from coordinator.importer.source import RuleGiven

#: seconds,max[,min[,raise]]
_CHANGE = re.compile(
    r"(\d{1,9}),([+-]?\d{1,5}|)(?:,([+-]?\d{1,5}|))?(?:,(r?[+-]?\d{1,5}|))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class PenaltyChange:
    """After so many seconds of waiting: each of the three a number, "+n" or "-n" from what it is.

    "" is no change. `raise_` may begin with "r": then only members of at least the minimum.
    """

    after_s: int
    max: str
    min: str
    raise_: str


Rules = dict[str, tuple[PenaltyChange, ...]]


def rules_of(given: Iterable[RuleGiven], findings: Findings) -> Rules:
    """Each rule's changes by time."""
    rules: dict[str, list[PenaltyChange]] = {}
    spelled: dict[str, str] = {}  # Queue() finds a rule in any case
    for one in given:
        if (change := _change(one, findings)) is not None:
            rules.setdefault(spelled.setdefault(one.rule.lower(), one.rule), []).append(change)
    return {
        name: tuple(sorted(changes, key=lambda change: change.after_s))
        for name, changes in rules.items()
    }


def _change(given: RuleGiven, findings: Findings) -> PenaltyChange | None:
    found = _CHANGE.fullmatch(",".join(given.parts))
    if found is None:
        findings.error(
            given.line,
            f"[{given.rule}] {','.join(given.parts)}: a change of penalties is "
            "'seconds,max[,min[,raise]]', each of the three a number, +number, -number or "
            "nothing; raise may be rnumber.",
        )
        return None
    after, most, least, lift = (part or "" for part in found.groups())
    return PenaltyChange(int(after), most, least, lift)
