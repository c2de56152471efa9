"""An independent reader of queue_log, from Asterisk's own words; shares nothing with the writer.

What each event carries: docs.asterisk.org, "Queue Logs", and the calls of ast_queue_log() in
app_queue.c. Strict: a field too many, a word for a number, an event nobody knows, or a call that
ends twice is an error.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

NUMBER = r"\d+"
TEXT = r"[^|\r\n]*"
CHANNEL = r"[^|\r\n]+"

#: Event → its parameters. Alternatives are separated by a line.
GRAMMAR = {
    "ENTERQUEUE": [[TEXT, TEXT, NUMBER], [TEXT, TEXT, NUMBER, TEXT]],
    "CONNECT": [[NUMBER, CHANNEL, NUMBER]],
    "COMPLETECALLER": [[NUMBER, NUMBER, NUMBER]],
    "COMPLETEAGENT": [[NUMBER, NUMBER, NUMBER]],
    "BLINDTRANSFER": [[TEXT, TEXT, NUMBER, NUMBER, NUMBER]],
    "ATTENDEDTRANSFER": [
        ["BRIDGE|APP|", TEXT, NUMBER, NUMBER, NUMBER],
        ["LINK", CHANNEL, CHANNEL, NUMBER, NUMBER, NUMBER],
    ],
    "ABANDON": [[NUMBER, NUMBER, NUMBER]],
    "EXITEMPTY": [[NUMBER, NUMBER, NUMBER]],
    "EXITWITHTIMEOUT": [[NUMBER, NUMBER, NUMBER]],
    "EXITWITHKEY": [[TEXT, NUMBER, NUMBER, NUMBER]],
    "WITHDRAW": [[NUMBER, NUMBER, NUMBER, r"[^|]{0,40}"]],
    "RINGNOANSWER": [[NUMBER]],
    "RINGCANCELED": [[NUMBER]],
    "AGENTDUMP": [[""]],
    "ADDMEMBER": [["|PAUSED"]],
    "REMOVEMEMBER": [[""]],
    "PAUSE": [[TEXT]],
    "UNPAUSE": [[TEXT]],
    "PAUSEALL": [[TEXT]],
    "UNPAUSEALL": [[TEXT]],
    "PENALTY": [[NUMBER]],
    "RINGINUSE": [["0|1"]],
}

LEAVES = {"ABANDON", "EXITEMPTY", "EXITWITHTIMEOUT", "EXITWITHKEY", "WITHDRAW"}
ENDS = {"COMPLETECALLER", "COMPLETEAGENT", "BLINDTRANSFER", "ATTENDEDTRANSFER"}
RINGS = {"RINGNOANSWER", "RINGCANCELED", "AGENTDUMP"}
OF_A_CALL = {"ENTERQUEUE", "CONNECT", *LEAVES, *ENDS, *RINGS}
OF_A_MEMBER = {"ADDMEMBER", "REMOVEMEMBER"}


class BadLog(Exception):
    """The log is not one of app_queue's. Says the line, and why."""


@dataclass(frozen=True)
class Event:
    """One line."""

    time: int
    callid: str
    queue: str
    agent: str
    name: str
    data: tuple[str, ...]


def read_line(line: str) -> Event:
    """Raises BadLog."""
    words = line.split("|")
    if len(words) < 6:
        raise BadLog(f"{len(words)} fields: {line!r}")
    time, callid, queue, agent, name, *data = words
    if not re.fullmatch(NUMBER, time) or not (callid and queue and agent):
        raise BadLog(f"its head: {line!r}")
    forms = GRAMMAR.get(name, [])
    fitting = [form for form in forms if len(form) == len(data)]
    if not any(all(map(re.fullmatch, form, data)) for form in fitting):
        raise BadLog(f"{name} does not carry {data}: {line!r}")
    return Event(int(time), callid, queue, agent, name, tuple(data))


@dataclass
class Report:
    """What a supervisor would read from the log."""

    visits: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    waiting: set[str] = field(default_factory=set)
    talking: dict[str, str] = field(default_factory=dict)
    #: How each callid's last visit ended.
    last: dict[str, str] = field(default_factory=dict)
    members: set[tuple[str, str]] = field(default_factory=set)
    paused: set[tuple[str, str]] = field(default_factory=set)
    time: int = 0


def read(text: str) -> Report:
    """A log from its beginning. Raises BadLog, also for a story that cannot be."""
    report = Report()
    if text and not text.endswith("\n"):
        raise BadLog("the last line has no end")
    for line in text.splitlines():
        event = read_line(line)
        try:
            _take(report, event)
        except (KeyError, AssertionError) as error:
            raise BadLog(f"{error!r} at {line!r}") from error
        report.events[event.name] += 1
    return report


def read_lines(lines: Iterable[str]) -> Report:
    """The same of lines without their ends."""
    return read("".join(f"{line}\n" for line in lines))


def _take(report: Report, event: Event) -> None:
    assert event.time >= report.time, "time runs backwards"
    report.time = event.time
    call, name = event.callid, event.name
    if name in OF_A_CALL:
        assert "NONE" not in (call, event.queue)
    if name in {"ENTERQUEUE", *LEAVES}:
        assert event.agent == "NONE"
    if name == "ENTERQUEUE":
        assert call not in report.waiting, "it is in already"
        assert call not in report.talking, "it talks"
        report.waiting.add(call)
        report.visits[call] += 1
    elif name in RINGS:
        assert call in report.waiting, "a phone rang for nobody"
    elif name == "CONNECT":
        report.waiting.remove(call)
        report.talking[call] = event.agent
    elif name in LEAVES:
        report.waiting.remove(call)
        report.last[call] = name
    elif name in ENDS:
        assert report.talking.pop(call) == event.agent, "another agent"
        report.last[call] = name
    else:
        _take_member(report, event)


def _take_member(report: Report, event: Event) -> None:
    member = (event.queue, event.agent)
    assert event.callid == ("MANAGER" if event.name in OF_A_MEMBER else "NONE")
    if event.name == "ADDMEMBER":
        assert member not in report.members, "a member already"
        report.members.add(member)
        (report.paused.add if event.data[0] else report.paused.discard)(member)
    elif event.name == "REMOVEMEMBER":
        report.members.remove(member)
    elif event.name in ("PAUSEALL", "UNPAUSEALL"):
        assert event.queue == "NONE"
    else:
        assert member in report.members, "no member"
        if event.name == "PAUSE":
            report.paused.add(member)
        if event.name == "UNPAUSE":
            report.paused.discard(member)
