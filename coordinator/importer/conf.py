"""queues.conf, queuerules.conf and --agents files as a Source."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from coordinator.asterisk_config import Line, Section, lines_of, read
from coordinator.importer.findings import fail
from coordinator.importer.source import AgentGiven, MemberGiven, QueueGiven, RuleGiven, Source

#: What stands behind `member =>`, in order (reload_single_member).
MEMBER = (
    "interface", "penalty", "membername", "state_interface", "ringinuse", "wrapuptime", "paused",
)  # fmt: skip


def read_files(queues: Path, rules: Path | None, agents: Sequence[Path]) -> Source:
    """Everything as written. Raises ConfigError, ImportFailed."""
    sections = read(queues)
    of_rules = read(rules) if rules else ()
    return Source(
        queues=tuple(_queue(section) for section in sections if not _is_general(section)),
        general=_general(sections),
        rules=tuple(rule for section in of_rules for rule in _rules(section)),
        rule_options=_general(of_rules),
        agents=read_agents(agents),
    )


def read_agents(files: Iterable[Path]) -> tuple[AgentGiven, ...]:
    """Lines `name,interface[,display name]`; a first line of these words is a heading.

    Raises ConfigError, ImportFailed.
    """
    return tuple(agent for file in files for agent in _agents(file))


def arguments(text: str) -> list[str]:
    """Parted at commas, as an application's arguments are (app.c: __ast_app_separate_args).

    Not inside quotes, parentheses or brackets; quotes go, and so does a backslash.
    """
    parts, depth, quoted, literal = [""], {"(": 0, "[": 0}, False, False
    for sign in text:
        if literal or sign == "\\":
            parts[-1] += sign if literal else ""
            literal = not literal
        elif sign == '"':
            quoted = not quoted
        elif sign == "," and not quoted and not any(depth.values()):
            parts.append("")
        else:
            _note(depth, sign)
            parts[-1] += sign
    return [part.strip() for part in parts]


def _note(depth: dict[str, int], sign: str) -> None:
    opening = {")": "(", "]": "["}.get(sign)
    if sign in depth:
        depth[sign] += 1
    elif opening:
        depth[opening] = max(0, depth[opening] - 1)


def _is_general(section: Section) -> bool:
    return section.name.lower() == "general"


def _general(sections: Iterable[Section]) -> tuple[Line, ...]:
    return tuple(line for section in sections if _is_general(section) for line in section.lines)


def _queue(section: Section) -> QueueGiven:
    members = [line for line in section.lines if _is_member(line)]
    return QueueGiven(
        name=section.name,
        line=Line(section.name, "", section.file, section.number),
        options=tuple(line for line in section.lines if not _is_member(line)),
        members=tuple(_member(line) for line in members),
    )


def _is_member(line: Line) -> bool:
    return line.name.lower() == "member"


def _member(line: Line) -> MemberGiven:
    parts = arguments(line.value)
    if not parts[0]:
        fail(line, "a member needs an interface, as in 'member => PJSIP/101,0,Alice Adams'.")
    if len(parts) > len(MEMBER):
        fail(line, f"a member has at most {len(MEMBER)} parts: {', '.join(MEMBER)}.")
    return MemberGiven(line=line, **dict(zip(MEMBER, parts, strict=False)))


def _rules(section: Section) -> Iterator[RuleGiven]:
    if _is_general(section):
        return
    yield RuleGiven(section.name, Line(section.name, "", section.file, section.number), ())
    for line in section.lines:
        if line.name.lower() != "penaltychange":
            fail(line, f"a rule has only 'penaltychange => seconds,…' lines, not {line.name!r}.")
        yield RuleGiven(section.name, line, tuple(part.strip() for part in line.value.split(",")))


def _agents(file: Path) -> Iterator[AgentGiven]:
    for number, text in enumerate(lines_of(file), start=1):
        line = Line("", text, file, number)
        parts = _csv(line)
        if not any(parts) or (number == 1 and parts[:2] == ["name", "interface"]):
            continue
        if not 2 <= len(parts) <= 3:
            fail(line, "an agent is 'name,interface' or 'name,interface,display name'.")
        yield AgentGiven(parts[0], parts[1], "".join(parts[2:]), line)


def _csv(line: Line) -> list[str]:
    try:
        return [part.strip() for part in next(csv.reader([line.value.strip()]), [])]
    except csv.Error as error:
        fail(line, f"this is no line of CSV: {error}.")
