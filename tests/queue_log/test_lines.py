"""Every entry's lines, to the letter, as app_queue writes them."""

from typing import Any

import pytest

from coordinator.journal import CALLER_OUTCOMES, ENDED_BY, OFFER_OUTCOMES, TYPES, Entry
from coordinator.queue_log.lines import LONGEST, Row, Style, returning, rows, standing
from tests.queue_log.reader import read_line

AT = 1_763_848_134_900_000
CALL = {"queue": "sales", "call_id": "a-17.1-1", "uniqueid": "17.1", "box": "a"}
WHO = {
    **CALL, "channel": "PJSIP/t", "caller_id_num": "0701", "caller_id_name": "Ann|B", "priority": 0,
    "rank": 1, "position": 3, "age_us": 0, "by": "join",
}  # fmt: skip
LEFT = {
    **CALL, "outcome": "abandoned", "position": 2, "original_position": 3, "wait_us": 8_000_000,
    "by": "box",
}  # fmt: skip
OFFER = {
    "queue": "sales", "call_id": "a-17.1-1", "uniqueid": "17.1", "agent": "ann",
    "interface": "PJSIP/101", "offer_id": "gvq-7", "fence": 7,
}  # fmt: skip
RUNG = {**OFFER, "outcome": "no_answer", "ring_us": 4_200_900, "agent_state": "resting"}
TALKS = {**OFFER, "box": "a", "home": "b", "hold_us": 8_000_000, "ring_us": 4_900_000, "by": "box"}
OVER = {
    **OFFER, "ended_by": "caller", "hold_us": 8_000_000, "talk_us": 61_000_000,
    "agent_state": "wrapup", "original_position": 3,
}  # fmt: skip
AGENT = {
    "agent": "ann", "interface": "PJSIP/101", "logged_in": 1, "paused": 0,
    "queues": ["help", "sales"],
}  # fmt: skip
MEMBER = {
    "queue": "sales", "agent": "ann", "interface": "PJSIP/101", "logged_in": 1, "paused": 0,
    "removed": 0,
}  # fmt: skip

OWN = {
    "queue": "sales", "uniqueid": "17.1", "interface": "PJSIP/101", "event": "MY_EVENT",
    "message": "a|b",
}  # fmt: skip

NAMES = Style(agent_names=True, caller_names=True)


def lines(kind: str, data: dict[str, Any], style: Style | None = None, at: int = AT) -> list[str]:
    """The entry's lines without their time, each of which the independent reader takes."""
    written = [row.line for row in rows(Entry("1-0", at, kind, data), style or Style())]
    for line in written:
        assert read_line(line).time == at // 1_000_000
    return [line.partition("|")[2] for line in written]


def call(event: str, agent: str = "NONE") -> str:
    return f"17.1|sales|{agent}|{event}"


@pytest.mark.parametrize(("kind", "data", "expected"), [
    ("caller.joined", WHO, [call("ENTERQUEUE||0701|3")]),
    ("caller.left", LEFT, [call("ABANDON|2|3|8")]),
    ("caller.left", {**LEFT, "outcome": "box_lost"}, [call("ABANDON|2|3|8")]),
    ("caller.left", {**LEFT, "outcome": "timeout"}, [call("EXITWITHTIMEOUT|2|3|8")]),
    ("caller.left", {**LEFT, "outcome": "redirected"}, [call("EXITWITHTIMEOUT|2|3|8")]),
    ("caller.left", {**LEFT, "outcome": "leave_empty"}, [call("EXITEMPTY|2|3|8")]),
    ("caller.left", {**LEFT, "outcome": "exit_key", "reason": "42"},
     [call("EXITWITHKEY|42|2|3|8")]),
    ("caller.left", {**LEFT, "outcome": "exit_key"}, [call("EXITWITHKEY||2|3|8")]),
    ("caller.left", {**LEFT, "outcome": "withdrawn", "reason": "x" * 50},
     [call(f"WITHDRAW|2|3|8|{'x' * 40}")]),
    ("caller.left", {**LEFT, "outcome": "withdrawn"}, [call("WITHDRAW|2|3|8|")]),
    ("caller.left", {**LEFT, "outcome": "answered"}, []),
    ("caller.refused", {**WHO, "outcome": "full"}, []),
    ("caller.refused", {**WHO, "outcome": "join_empty"}, []),
    ("offer.ended", RUNG, [call("RINGNOANSWER|4200", "PJSIP/101")]),
    ("offer.ended", {**RUNG, "outcome": "busy"}, [call("RINGNOANSWER|4200", "PJSIP/101")]),
    ("offer.ended", {**RUNG, "outcome": "rejected"}, [call("RINGNOANSWER|4200", "PJSIP/101")]),
    ("offer.ended", {**RUNG, "outcome": "failed"}, [call("RINGNOANSWER|4200", "PJSIP/101")]),
    ("offer.ended", {**RUNG, "outcome": "expired"}, [call("RINGNOANSWER|4200", "PJSIP/101")]),
    ("offer.ended", {**RUNG, "outcome": "cancelled"}, [call("RINGCANCELED|4200", "PJSIP/101")]),
    ("offer.ended", {**RUNG, "outcome": "answered_elsewhere"}, []),
    ("offer.ended", {**RUNG, "outcome": "answered", "claimed": 1}, []),
    ("offer.ended", {**RUNG, "outcome": "rejected", "claimed": 1},
     [call("AGENTDUMP|", "PJSIP/101")]),
    ("offer.ended", {**RUNG, "outcome": "cancelled", "claimed": 1}, []),
    ("call.connected", TALKS, [call("CONNECT|8|gvq-7|4", "PJSIP/101")]),
    ("call.completed", OVER, [call("COMPLETECALLER|8|61|3", "PJSIP/101")]),
    ("call.completed", {**OVER, "ended_by": "lost"}, [call("COMPLETECALLER|8|61|3", "PJSIP/101")]),
    ("call.completed", {**OVER, "ended_by": "agent"}, [call("COMPLETEAGENT|8|61|3", "PJSIP/101")]),
    ("call.completed", {**OVER, "ended_by": "transfer", "transfer": "blind|200|inside"},
     [call("BLINDTRANSFER|200|inside|8|61|3", "PJSIP/101")]),
    ("call.completed", {**OVER, "ended_by": "transfer"},
     [call("BLINDTRANSFER|||8|61|3", "PJSIP/101")]),
    ("call.completed", {**OVER, "ended_by": "transfer", "transfer": "attended|BRIDGE|b-1"},
     [call("ATTENDEDTRANSFER|BRIDGE|b-1|8|61|3", "PJSIP/101")]),
    ("call.completed", {**OVER, "ended_by": "transfer", "transfer": "attended|LINK|L/1|L/2"},
     [call("ATTENDEDTRANSFER|LINK|L/1|L/2|8|61|3", "PJSIP/101")]),
    ("call.completed", {**OVER, "ended_by": "transfer", "transfer": "attended|"},
     [call("ATTENDEDTRANSFER|||8|61|3", "PJSIP/101")]),
    ("agent.changed", {**AGENT, "change": "login"},
     ["MANAGER|help|PJSIP/101|ADDMEMBER|", "MANAGER|sales|PJSIP/101|ADDMEMBER|"]),
    ("agent.changed", {**AGENT, "change": "login", "paused": 1, "queues": ["help"]},
     ["MANAGER|help|PJSIP/101|ADDMEMBER|PAUSED"]),
    ("agent.changed", {**AGENT, "change": "logout", "logged_in": 0},
     ["MANAGER|help|PJSIP/101|REMOVEMEMBER|", "MANAGER|sales|PJSIP/101|REMOVEMEMBER|"]),
    ("agent.changed", {**AGENT, "change": "pause", "paused": 1, "reason": "lunch"},
     ["NONE|NONE|PJSIP/101|PAUSEALL|lunch", "NONE|help|PJSIP/101|PAUSE|lunch",
      "NONE|sales|PJSIP/101|PAUSE|lunch"]),
    ("agent.changed", {**AGENT, "change": "unpause"},
     ["NONE|NONE|PJSIP/101|UNPAUSEALL|", "NONE|help|PJSIP/101|UNPAUSE|",
      "NONE|sales|PJSIP/101|UNPAUSE|"]),
    ("agent.changed", {**AGENT, "change": "pause", "paused": 1, "queues": []}, []),
    ("agent.changed", {**AGENT, "change": "pause", "paused": 1, "logged_in": 0}, []),
    ("agent.changed", {**AGENT, "change": "interface", "was": "PJSIP/7", "queues": ["help"]},
     ["MANAGER|help|PJSIP/7|REMOVEMEMBER|", "MANAGER|help|PJSIP/101|ADDMEMBER|"]),
    ("agent.changed", {**AGENT, "change": "interface", "was": "PJSIP/7", "logged_in": 0}, []),
    ("member.changed", {**MEMBER, "change": "added", "penalty": 2},
     ["MANAGER|sales|PJSIP/101|ADDMEMBER|"]),
    ("member.changed", {**MEMBER, "change": "added", "paused": 1},
     ["MANAGER|sales|PJSIP/101|ADDMEMBER|PAUSED"]),
    ("member.changed", {**MEMBER, "change": "added", "member_paused": 1},
     ["MANAGER|sales|PJSIP/101|ADDMEMBER|PAUSED"]),
    ("member.changed", {**MEMBER, "change": "penalty", "penalty": 2},
     ["NONE|sales|PJSIP/101|PENALTY|2"]),
    ("member.changed", {**MEMBER, "change": "ringinuse", "ringinuse": 1},
     ["NONE|sales|PJSIP/101|RINGINUSE|1"]),
    ("member.changed", {**MEMBER, "change": "pause", "member_paused": 1, "reason": "Auto-Pause",
                        "by": "autopause"},
     ["NONE|sales|PJSIP/101|PAUSE|Auto-Pause"]),
    ("member.changed", {**MEMBER, "change": "unpause"}, ["NONE|sales|PJSIP/101|UNPAUSE|"]),
    ("member.changed", {**MEMBER, "change": "unpause", "reason": "back"},
     ["NONE|sales|PJSIP/101|UNPAUSE|back"]),
    ("agent.changed", {**AGENT, "change": "unpause", "reason": "back"},
     ["NONE|NONE|PJSIP/101|UNPAUSEALL|back", "NONE|help|PJSIP/101|UNPAUSE|back",
      "NONE|sales|PJSIP/101|UNPAUSE|back"]),
    ("member.changed", {**MEMBER, "change": "stays_paused", "member_paused": 1}, []),
    ("member.changed", {**MEMBER, "change": "wrapuptime", "wrapup_s": 30}, []),
    ("member.changed", {**MEMBER, "change": "removed", "removed": 1},
     ["MANAGER|sales|PJSIP/101|REMOVEMEMBER|"]),
    ("member.changed", {**MEMBER, "change": "added", "logged_in": 0}, []),
    ("member.changed", {**MEMBER, "change": "penalty", "penalty": 2, "logged_in": 0}, []),
    ("member.changed", {**MEMBER, "change": "pause", "logged_in": 0}, []),
    ("member.changed", {**MEMBER, "change": "removed", "logged_in": 0}, []),
])  # fmt: skip
def test_the_lines_of_an_entry(kind: str, data: dict[str, Any], expected: list[str]) -> None:
    assert lines(kind, data) == expected


@pytest.mark.parametrize(("kind", "data", "expected"), [
    ("caller.joined", WHO, [call("ENTERQUEUE||0701|3|Ann_B")]),
    ("offer.ended", RUNG, [call("RINGNOANSWER|4200", "ann")]),
    ("call.connected", TALKS, [call("CONNECT|8|gvq-7|4", "ann")]),
    ("agent.changed", {**AGENT, "change": "login", "queues": ["help"]},
     ["MANAGER|help|ann|ADDMEMBER|"]),
    ("agent.changed", {**AGENT, "change": "interface", "was": "PJSIP/7"}, []),
    # app_queue.c logs PENALTY under the interface, also where members have names.
    ("member.changed", {**MEMBER, "change": "penalty", "penalty": 2},
     ["NONE|sales|PJSIP/101|PENALTY|2"]),
    ("member.changed", {**MEMBER, "change": "ringinuse", "ringinuse": 0},
     ["NONE|sales|PJSIP/101|RINGINUSE|0"]),
    ("member.changed", {**MEMBER, "change": "pause", "reason": "lunch"},
     ["NONE|sales|ann|PAUSE|lunch"]),
])  # fmt: skip
def test_the_lines_with_names(kind: str, data: dict[str, Any], expected: list[str]) -> None:
    assert lines(kind, data, NAMES) == expected


def test_every_outcome_has_been_thought_of() -> None:
    """Those that write nothing are the ones app_queue writes nothing of."""
    left = {o: lines("caller.left", {**LEFT, "outcome": o}) for o in CALLER_OUTCOMES}
    assert {o for o, made in left.items() if not made} == {"answered", "join_empty", "full"}
    rung = {o: lines("offer.ended", {**RUNG, "outcome": o}) for o in OFFER_OUTCOMES}
    assert {o for o, made in rung.items() if not made} == {"answered", "answered_elsewhere"}
    assert all(lines("call.completed", {**OVER, "ended_by": by}) for by in ENDED_BY)


def test_seconds_are_counted_as_a_clock_shows_them() -> None:
    """As time(NULL) less time(NULL): what begins at .9 and ends at 1.1 took a second."""
    held = {**LEFT, "wait_us": 200_000}
    assert lines("caller.left", held, at=1_763_848_134_100_000) == [call("ABANDON|2|3|1")]
    assert lines("caller.left", held, at=1_763_848_134_900_000) == [call("ABANDON|2|3|0")]
    over = {**OVER, "hold_us": 200_000, "talk_us": 200_000}
    ended = [call("COMPLETECALLER|0|1|3", "PJSIP/101")]
    assert lines("call.completed", over, at=1_763_848_134_100_000) == ended


@pytest.mark.parametrize("evil", ["a|b", "a\nb", "a\rb", "a\0b", "a\u2028b", "a\x85b", "a\x1cb"])
def test_nothing_in_a_value_ends_the_field_or_the_line(evil: str) -> None:
    (line,) = lines("caller.joined", {**WHO, "caller_id_num": evil, "caller_id_name": evil}, NAMES)
    assert line == call("ENTERQUEUE||a_b|3|a_b")
    paused = {**AGENT, "change": "pause", "paused": 1, "reason": evil}
    assert lines("agent.changed", paused)[0] == "NONE|NONE|PJSIP/101|PAUSEALL|a_b"


def test_a_line_is_no_longer_than_asterisks_and_whole_in_its_characters() -> None:
    row = Row(AT, "1", "sales", "NONE", "PAUSE", ("é" * 9000,))
    assert LONGEST - 1 <= len(row.line.encode()) <= LONGEST
    assert row.line.endswith("é")


@pytest.mark.parametrize(("data", "columns"), [
    (("",), ("", "", "", "", "")),
    (("1", "2"), ("1", "2", "", "", "")),
    (("LINK", "a", "b", "8", "61", "3"), ("LINK", "a", "b", "8", "61|3")),
])  # fmt: skip
def test_the_columns_of_the_realtime_table(data: tuple[str, ...], columns: tuple[str, ...]) -> None:
    """The last argument takes the rest (AST_NONSTANDARD_APP_ARGS)."""
    assert Row(AT, "1", "sales", "NONE", "X", data).columns == columns


# ── who came back ───────────────────────────────────────────────────────────────────────────────

JOIN = ("caller.joined", WHO)
BACK = ("caller.joined", {**WHO, "by": "restored"})
TALK = ("call.connected", TALKS)
TALK_BACK = ("call.connected", {**TALKS, "by": "restored"})
LOST = ("caller.left", {**LEFT, "outcome": "box_lost"})
TAKEN = ("caller.left", {**LEFT, "outcome": "answered"})
END = ("call.completed", {**OVER, "ended_by": "lost"})


@pytest.mark.parametrize(("story", "events"), [
    ([JOIN, BACK], ["ENTERQUEUE"]),
    ([JOIN, LOST, BACK], ["ENTERQUEUE", "ABANDON", "ENTERQUEUE"]),
    ([BACK], ["ENTERQUEUE"]),
    ([JOIN, TAKEN, TALK, BACK, TAKEN, TALK_BACK, END], ["ENTERQUEUE", "CONNECT", "COMPLETECALLER"]),
    ([JOIN, TAKEN, TALK, END, BACK, TAKEN, TALK_BACK, END],
     ["ENTERQUEUE", "CONNECT", "COMPLETECALLER"] * 2),
    ([JOIN, TAKEN, TALK_BACK], ["ENTERQUEUE", "CONNECT"]),
])  # fmt: skip
def test_who_comes_back_enters_again_only_after_an_end(
    story: list[tuple[str, dict[str, Any]]], events: list[str]
) -> None:
    past: list[Entry] = []
    written: list[str] = []
    for number, (kind, data) in enumerate(story):
        entry = Entry(f"{number}-0", AT, kind, data)
        before = standing(past) if returning(entry) else "out"
        written += [row.event for row in rows(entry, Style(), before)]
        past.append(entry)
    assert written == events


@pytest.mark.parametrize(
    ("own", "line"),
    [
        (OWN, "17.1|sales|PJSIP/101|MY_EVENT|a|b"),
        ({**OWN, "uniqueid": "", "interface": "", "message": ""}, "NONE|sales||MY_EVENT|"),
        ({**OWN, "event": "A|B\nC", "interface": "P\n|"}, "17.1|sales|P__|A_B_C|a|b"),
    ],
)
def test_a_line_from_outside_is_as_given_and_stays_one_line(own: dict[str, str], line: str) -> None:
    (row,) = rows(Entry("1-0", AT, "queue.logged", own), Style())
    assert row.line == f"{AT // 1_000_000}|{line}"


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_only_restored_callers_and_talks_are_looked_up(kind: str) -> None:
    expected = kind in ("caller.joined", "call.connected")
    assert returning(Entry("1-0", AT, kind, {"by": "restored"})) == expected
    assert not returning(Entry("1-0", AT, kind, {"by": "join"}))


def test_an_entry_of_a_journal_before_these_facts_is_told_as_far_as_it_goes() -> None:
    added = ("uniqueid", "interface", "original_position", "ring_us")
    bare = {name: value for name, value in LEFT.items() if name not in added}
    assert lines("caller.left", bare) == ["a-17.1-1|sales|NONE|ABANDON|2|2|8"]
    bare = {name: value for name, value in TALKS.items() if name not in added}
    assert lines("call.connected", bare) == ["a-17.1-1|sales|ann|CONNECT|8|gvq-7|0"]
    bare = {name: value for name, value in OVER.items() if name not in added}
    assert lines("call.completed", bare) == ["a-17.1-1|sales|ann|COMPLETECALLER|8|61|0"]
    assert lines("member.changed", {"queue": "s", "agent": "ann", "removed": 1}) == []
