"""What an import asks of the coordinator: a Source understood, or all that is wrong with it. Pure.

The ranges of values are the API's own (api/schemas): they have one home.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from pydantic import TypeAdapter, ValidationError

from coordinator.api.schemas.imports import ImportIn, ImportMember
from coordinator.api.schemas.queues import QueueIn
from coordinator.api.schemas.rules import RuleIn
from coordinator.asterisk_config import FALSE, TRUE, Line, is_true
from coordinator.directory.joining import own_wrapuptime
from coordinator.importer.agents import Agents, Phone
from coordinator.importer.findings import Findings, Remark, at
from coordinator.importer.options import (
    GENERAL,
    OPTIONS,
    RULES_GENERAL,
    UNKNOWN,
    Option,
    taken,
)
from coordinator.importer.rules import rules_of
from coordinator.importer.source import MemberGiven, QueueGiven, Source
from coordinator.names import NAME_PATTERN
from coordinator.protocol import Penalty, Seconds

#: Fields to which each line of a queue adds (queue_set_param): a template's words count too.
_ADDED_UP = frozenset({"joinempty", "leavewhenempty"})

_PENALTY: TypeAdapter[int] = TypeAdapter(Penalty)
_WRAPUPTIME: TypeAdapter[int] = TypeAdapter(Seconds)


@dataclass(frozen=True, slots=True)
class Serving:
    """How a member serves, by the names of ImportMember; None: as the queue says."""

    penalty: int
    wrapuptime: int | None
    ringinuse: bool | None
    paused: bool


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be there, what is remarked, and what was named where.

    naming: a rule that none of the files has → where a queue first names it. The coordinator may
    have it.
    """

    body: ImportIn
    remarks: tuple[Remark, ...]
    agents: Agents
    naming: Mapping[str, Line]


def target_of(source: Source) -> Target:
    """Raises ImportFailed with all that is wrong."""
    findings = Findings()
    _remark_all(source.general, GENERAL, findings)
    rules = _rules(source, findings)
    queues = _queues(source.queues, rules, findings)
    agents = Agents(source.agents, findings)
    members = _members(source.queues, agents, findings)
    by_name = agents.all()
    findings.stop()
    body = ImportIn(
        rules=rules,
        queues=queues,
        agents=by_name,
        members=[
            ImportMember(queue=queue, agent=phone.name, **asdict(how))
            for (queue, phone), how in members.items()
        ],
    )
    naming = _naming(source.queues, body)
    return Target(body, tuple(findings.remarks), agents, naming)


def _naming(given: Iterable[QueueGiven], body: ImportIn) -> dict[str, Line]:
    named: dict[str, Line] = {}
    for queue in given:
        rule = body.queues[queue.name].defaultrule
        lines = [line for line in queue.options if line.name.lower() == "defaultrule"]
        if rule and rule not in body.rules:
            named.setdefault(rule, lines[-1])
    return named


def _queues(
    given: Iterable[QueueGiven], rules: Iterable[str], findings: Findings
) -> dict[str, QueueIn]:
    """Queue() finds a queue in any case and takes no notice of a second one of its name."""
    seen: dict[str, Line] = {}
    spelled = {rule.lower(): rule for rule in rules}
    queues = {}
    for one in given:
        first = seen.setdefault(one.name.lower(), one.line)
        if first is not one.line:
            findings.error(
                one.line,
                f"[{one.name}] is there already, by {at(first)}, and Queue() would pass over this "
                f"one; remove it, or go on with [{one.name}](+).",
            )
        elif not re.fullmatch(NAME_PATTERN, one.name):
            findings.error(
                one.line,
                f"[{one.name}] is no name for a queue; allowed are letters, digits, '_', '.' and "
                "'-', at most 64, a letter or digit first.",
            )
        else:
            queues[one.name] = _settings(one, spelled, findings)
    return queues


def _settings(given: QueueGiven, spelled: Mapping[str, str], findings: Findings) -> QueueIn:
    """Of what is given. Of several lines the last counts, or all; rules are found in any case."""
    asked: dict[str, Line] = {}
    added_up: dict[str, str] = {}
    others: dict[str, Line] = {}
    for line in given.options:
        field = OPTIONS.get(line.name.lower(), UNKNOWN).field
        (asked if field else others)[field or line.name.lower()] = line
        if field in _ADDED_UP:
            added_up[field] = f"{added_up.get(field, '')},{line.value}"
    _remark_all(others.values(), OPTIONS, findings)
    values = {field: _taken(field, line, findings) for field, line in asked.items()}
    values |= added_up
    if rule := values.get("defaultrule"):
        values["defaultrule"] = spelled.get(rule.lower(), rule)
    try:
        return QueueIn.model_validate(values, strict=False)  # all that was read is text
    except ValidationError as error:
        for row in error.errors():
            line = asked[str(row["loc"][0])]
            findings.error(line, f"[{given.name}] {line.name} = {line.value}: {row['msg']}.")
        return QueueIn()


def _taken(field: str, line: Line, findings: Findings) -> str:
    value = taken(field, line.value)
    if value.lower() != line.value.lower():
        says = f"taken as {value}, as Queue() does"
        findings.remark(line, f"{line.name} = {line.value}", says, harmless=True)
    return value


def _remark_all(lines: Iterable[Line], table: Mapping[str, Option], findings: Findings) -> None:
    for line in lines:
        option = table.get(line.name.lower(), UNKNOWN)
        if not option.loses_nothing(line.value):
            findings.remark(line, line.name, option.says, option.harmless)


def _members(
    queues: Iterable[QueueGiven], agents: Agents, findings: Findings
) -> dict[tuple[str, Phone], Serving]:
    """In order. A member who comes twice keeps its place and serves as the last line says."""
    members = {}
    for queue in queues:
        for member in queue.members:
            if phone := agents.serves(queue.name, member):
                members[queue.name, phone] = _serving(queue, member, findings)
    return members


def _serving(queue: QueueGiven, member: MemberGiven, findings: Findings) -> Serving:
    return Serving(
        penalty=_penalty(queue, member, findings),
        wrapuptime=_wrapuptime(queue, member, findings),
        ringinuse=_yes_no("ringinuse", queue, member, findings),
        paused=bool(_yes_no("paused", queue, member, findings)),
    )


def _penalty(queue: QueueGiven, member: MemberGiven, findings: Findings) -> int:
    given = member.penalty or "0"
    if given.startswith("-"):
        findings.remark(member.line, "penalty", "a negative penalty counts as 0", harmless=True)
        given = "0"
    try:
        return _PENALTY.validate_python(given)
    except ValidationError as error:
        told = error.errors()[0]["msg"]
        findings.error(member.line, f"[{queue.name}] {member.interface}, penalty {given}: {told}.")
        return 0


def _wrapuptime(queue: QueueGiven, member: MemberGiven, findings: Findings) -> int | None:
    try:
        return own_wrapuptime(_WRAPUPTIME.validate_python(member.wrapuptime or "0"))
    except ValidationError as error:
        told = f"wrapuptime {member.wrapuptime}: {error.errors()[0]['msg']}"
        findings.error(member.line, f"[{queue.name}] {member.interface}, {told}.")
        return None


def _yes_no(what: str, queue: QueueGiven, member: MemberGiven, findings: Findings) -> bool | None:
    value = getattr(member, what)
    if value and value.lower() not in TRUE | FALSE:
        findings.error(
            member.line, f"[{queue.name}] {member.interface}: {what} is yes or no, not {value}."
        )
    return is_true(value) if value else None


def _rules(source: Source, findings: Findings) -> dict[str, RuleIn]:
    _remark_all(source.rule_options, RULES_GENERAL, findings)
    return rules_of(source.rules, findings)
