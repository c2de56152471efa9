"""queuerules.conf as the API takes rules. Pure.

A rule changes the penalties a caller accepts while it waits (app_queue.c: insert_penaltychange).
What a change may say is the API's to know (api/schemas/rules.py); here is how a line says it.
"""

import re
from collections.abc import Iterable

from pydantic import TypeAdapter, ValidationError

from coordinator.api.schemas.rules import MOST_CHANGES, Change, RuleIn
from coordinator.importer.findings import Findings, at
from coordinator.importer.source import RuleGiven
from coordinator.names import Name

#: seconds,max[,min[,raise]]
_CHANGE = re.compile(
    r"(\d{1,9}),([+-]?\d{1,5}|)(?:,([+-]?\d{1,5}|))?(?:,(r?[+-]?\d{1,5}|))?", re.ASCII
)
_NAME: TypeAdapter[str] = TypeAdapter(Name)

Changes = dict[int, tuple[RuleGiven, Change]]


def rules_of(given: Iterable[RuleGiven], findings: Findings) -> dict[str, RuleIn]:
    """Each rule by its name as first spelled: Queue() finds a rule in any case."""
    spelled: dict[str, str] = {}
    rules: dict[str, Changes] = {}
    for one in given:
        name = spelled.setdefault(one.rule.lower(), one.rule)
        if name not in rules:
            _check_name(one, findings)
        _take(one, rules.setdefault(name, {}), findings)
    return {} if findings.errors else {name: _rule(changes) for name, changes in rules.items()}


def _rule(changes: Changes) -> RuleIn:
    return RuleIn(changes=[change for _, change in changes.values()])


def _check_name(given: RuleGiven, findings: Findings) -> None:
    try:
        _NAME.validate_python(given.rule)
    except ValidationError:
        findings.error(
            given.line,
            f"[{given.rule}] is no name for a rule; allowed are letters, digits, '_', '.' and "
            "'-', at most 64, a letter or digit first.",
        )


def _take(given: RuleGiven, changes: Changes, findings: Findings) -> None:
    """A rule may have no change: who brings it is spared its queue's own."""
    change = _change(given, findings) if given.parts else None
    if change is None:
        return
    first, _ = changes.setdefault(change.after_s, (given, change))
    if first is not given:
        says = f"{change.after_s} s have a change already, by {at(first.line)}; a time has one."
        findings.error(given.line, f"{_told(given)}: {says}")
    elif len(changes) > MOST_CHANGES:
        says = f"this is change {len(changes)}; a rule has at most {MOST_CHANGES}."
        findings.error(given.line, f"{_told(given)}: {says}")


def _change(given: RuleGiven, findings: Findings) -> Change | None:
    found = _CHANGE.fullmatch(",".join(given.parts))
    if found is None:
        findings.error(
            given.line,
            f"{_told(given)}: a change of penalties is "
            "'seconds,max[,min[,raise]]', each of the three a number, +number, -number or "
            "nothing; raise may be rnumber.",
        )
        return None
    after, most, least, lift = (part or "" for part in found.groups())
    try:
        return Change(after_s=int(after), max=most, min=least, raise_=lift)
    except ValidationError as error:
        wrong = error.errors()[0]["msg"].removeprefix("Value error, ")
        findings.error(given.line, f"{_told(given)}: {wrong}.")
        return None


def _told(given: RuleGiven) -> str:
    return f"[{given.rule}] {','.join(given.parts)}"
