"""Each event's headers, all of them and in app_queue's order (app_queue.c, manager_channels.c)."""

from dataclasses import replace
from typing import Any

import pytest

from coordinator.journal import Entry
from coordinator.line.types import (
    AgentState,
    AgentView,
    Membership,
    QueueSettings,
    QueueView,
    WaitingCaller,
)
from coordinator.manager.events import Scene, after, events, shows
from coordinator.manager.members import (
    Caller,
    Person,
    listed,
    queue_entry,
    queue_params,
    queue_summary,
)

CALLER = Caller(
    call_id="a-17.3-1", box="a", queue="sales", channel="PJSIP/trunk-00000003", uniqueid="a-17.3",
    number="+4930123", name="O'Brien", position=4,
)  # fmt: skip

ALICE = Person(
    AgentView(
        name="alice", interface="PJSIP/101", state="available", reason="", home="a",
        device="NOT_INUSE", call_id="", until_us=0, last_call_us=1_763_000_000_900_000,
        logged_in=True, logged_in_us=1_762_000_000_000_000, paused=False, pause_reason="",
        autopaused=False, state_interface="PJSIP/101", 
        paused_us=1_762_500_000_000_000, memberships={"sales": Membership(2, 1, 7)},
    ),
    "Alice Adams",
)  # fmt: skip

CHANNEL = [
    "Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName",
    "ConnectedLineNum", "ConnectedLineName", "Language", "AccountCode", "Context", "Exten",
    "Priority", "Uniqueid", "Linkedid",
]  # fmt: skip
DESTINATION = [f"Dest{name}" for name in CHANNEL]
HEAD = ["Event", "Privilege"]
BLOB = [
    "Queue", "MemberName", "Interface", "StateInterface", "Membership", "Penalty", "CallsTaken",
    "LastCall", "LastPause", "LoginTime", "InCall", "Status", "Paused", "PausedReason",
    "Ringinuse", "Wrapuptime",
]  # fmt: skip
OFFER = {"queue": "sales", "call_id": "a-17.3-1", "agent": "alice", "offer_id": "gvq-9"}


def entry(kind: str, **data: Any) -> Entry:
    return Entry("1-0", 1_763_000_001_000_000, kind, data)


def told(entry: Entry, person: Person | None = ALICE, **scene: Any) -> list[dict[str, str]]:
    """The events' messages, each header once."""
    shown = scene.pop("shown", shows(ALICE))
    person = after(entry, person) if person else None
    made = events(entry, Scene(CALLER, person, shown=shown, **scene))
    messages = [dict(event.message()) for event in made]
    assert [len(m) for m in messages] == [len(event.message()) for event in made]
    return messages


def names(messages: list[dict[str, str]]) -> list[str]:
    return [message["Event"] for message in messages]


# ── callers ─────────────────────────────────────────────────────────────────────────────────


def test_joined() -> None:
    (event,) = told(entry("caller.joined", queue="sales", position=4, count=5))
    assert list(event) == [*HEAD, "SystemName", *CHANNEL, "Queue", "Position", "Count"]
    assert event == {
        "Event": "QueueCallerJoin", "Privilege": "agent,all", "SystemName": "a",
        "Channel": "PJSIP/trunk-00000003", "ChannelState": "6", "ChannelStateDesc": "Up",
        "CallerIDNum": "+4930123", "CallerIDName": "O\\'Brien",
        "ConnectedLineNum": "<unknown>", "ConnectedLineName": "<unknown>", "Language": "",
        "AccountCode": "", "Context": "gvq", "Exten": "sales", "Priority": "1",
        "Uniqueid": "a-17.3", "Linkedid": "a-17.3",
        "Queue": "sales", "Position": "4", "Count": "5",
    }  # fmt: skip


LEFT = {"queue": "sales", "position": 2, "wait_us": 12_900_000, "count": 3}


def test_left_answered() -> None:
    (event,) = told(entry("caller.left", outcome="answered", **LEFT))
    assert list(event) == [*HEAD, "SystemName", *CHANNEL, "Queue", "Position", "Count"]
    assert (event["Event"], event["Position"], event["Count"]) == ("QueueCallerLeave", "2", "3")


@pytest.mark.parametrize(
    "outcome", ["abandoned", "timeout", "leave_empty", "withdrawn", "redirected", "box_lost"]
)
def test_left_otherwise(outcome: str) -> None:
    abandon, leave = told(entry("caller.left", outcome=outcome, **LEFT))
    tail = ["Queue", "Position", "OriginalPosition", "HoldTime"]
    assert list(abandon) == [*HEAD, "SystemName", *CHANNEL, *tail]
    assert abandon["Event"] == "QueueCallerAbandon"
    assert [abandon[name] for name in tail] == ["sales", "2", "4", "12"]
    assert leave["Event"] == "QueueCallerLeave"


def test_left_by_a_key_is_no_abandonment() -> None:
    assert names(told(entry("caller.left", outcome="exit_key", **LEFT))) == ["QueueCallerLeave"]


# ── offers and calls ────────────────────────────────────────────────────────────────────────


def test_called() -> None:
    called, status = told(entry("offer.made", **OFFER))
    assert list(called) == [
        *HEAD, "SystemName", *CHANNEL, *DESTINATION, "Queue", "Interface", "MemberName",
    ]  # fmt: skip
    assert called["Event"] == "AgentCalled"
    assert (called["Queue"], called["Interface"]) == ("sales", "PJSIP/101")
    assert called["MemberName"] == "Alice Adams"
    assert (called["Uniqueid"], called["DestUniqueid"]) == ("a-17.3", "gvq-9")
    assert called["DestLinkedid"] == "a-17.3"
    assert (called["DestConnectedLineNum"], called["DestChannelState"]) == ("+4930123", "0")
    assert (status["Event"], status["Status"]) == ("QueueMemberStatus", "6")


@pytest.mark.parametrize("outcome", ["no_answer", "busy", "rejected", "failed", "expired"])
def test_not_answered_is_told_in_milliseconds(outcome: str) -> None:
    ended = entry(
        "offer.ended", outcome=outcome, ring_us=15_000_900, agent_state="resting", **OFFER
    )
    event, status = told(ended, shown=(6, False))
    assert list(event)[-4:] == ["Queue", "Interface", "MemberName", "RingTime"]
    assert list(event)[3:31] == [*CHANNEL, *DESTINATION]
    assert (event["Event"], event["RingTime"]) == ("AgentRingNoAnswer", "15000")
    assert status["Status"] == "1"


@pytest.mark.parametrize("outcome", ["cancelled", "answered_elsewhere"])
def test_a_ring_that_was_stopped_is_no_ring_without_answer(outcome: str) -> None:
    ended = entry("offer.ended", outcome=outcome, ring_us=1, agent_state="available", **OFFER)
    assert names(told(ended, shown=(6, False))) == ["QueueMemberStatus"]


def test_who_hangs_up_with_the_claim_has_dumped_the_caller() -> None:
    ended = entry("offer.ended", outcome="failed", ring_us=1, agent_state="resting", **OFFER)
    dump, _ = told(ended, shown=(6, False), claimed=True)
    assert dump["Event"] == "AgentDump"
    assert list(dump)[-3:] == ["Queue", "Interface", "MemberName"]


def test_answered_is_told_at_the_bridge() -> None:
    ended = entry("offer.ended", outcome="answered", ring_us=1, agent_state="talking", **OFFER)
    assert told(ended, shown=(6, False)) == []


def test_connected_is_told_in_seconds() -> None:
    connected = entry("call.connected", hold_us=31_700_000, **OFFER)
    event, status = told(connected, shown=(6, False), ring_us=3_999_999)
    tail = ["Queue", "Interface", "MemberName", "HoldTime", "RingTime"]
    assert list(event) == [*HEAD, "SystemName", *CHANNEL, *DESTINATION, *tail]
    assert event["Event"] == "AgentConnect"
    assert [event[name] for name in tail] == ["sales", "PJSIP/101", "Alice Adams", "31", "3"]
    assert (event["DestChannelState"], event["DestChannelStateDesc"]) == ("6", "Up")
    assert (status["Status"], status["InCall"]) == ("2", "1")


@pytest.mark.parametrize(
    ("ended_by", "reason"),
    [("caller", "caller"), ("agent", "agent"), ("transfer", "transfer"), ("lost", "caller")],
)
def test_completed(ended_by: str, reason: str) -> None:
    completed = entry(
        "call.completed", ended_by=ended_by, hold_us=31_700_000, talk_us=60_900_000,
        agent_state="wrapup", **OFFER,
    )  # fmt: skip
    event, status = told(completed, shown=(2, True))
    tail = ["Queue", "Interface", "MemberName", "HoldTime", "TalkTime", "Reason"]
    assert list(event) == [*HEAD, "SystemName", *CHANNEL, *DESTINATION, *tail]
    assert event["Event"] == "AgentComplete"
    assert [event[name] for name in tail[3:]] == ["31", "60", reason]
    assert (status["Status"], status["InCall"]) == ("1", "0")


# ── members ─────────────────────────────────────────────────────────────────────────────────


def test_status() -> None:
    in_use = entry("agent.state", agent="alice", state="in_use", reason="BUSY")
    (event,) = told(in_use)
    assert list(event) == [*HEAD, *BLOB]
    assert event == {
        "Event": "QueueMemberStatus", "Privilege": "agent,all", "Queue": "sales",
        "MemberName": "Alice Adams", "Interface": "PJSIP/101", "StateInterface": "PJSIP/101",
        "Membership": "dynamic", "Penalty": "2", "CallsTaken": "7", "LastCall": "1763000000",
        "LastPause": "1762500000", "LoginTime": "1762000000", "InCall": "0", "Status": "3",
        "Paused": "0", "PausedReason": "", "Ringinuse": "0", "Wrapuptime": "0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "reason", "number"),
    [
        ("offline", "", "5"), ("unregistered", "", "5"), ("ringing", "", "6"),
        ("talking", "", "2"), ("in_use", "INUSE", "2"), ("in_use", "RINGING", "6"),
        ("in_use", "RINGINUSE", "7"), ("in_use", "ONHOLD", "8"),
    ],
)  # fmt: skip
def test_the_numbers_of_states(state: AgentState, reason: str, number: str) -> None:
    (event,) = told(entry("agent.state", agent="alice", state=state, reason=reason))
    assert event["Status"] == number


def test_a_status_that_shows_nothing_new_is_not_told() -> None:
    for state in ("available", "resting", "wrapup"):
        assert told(entry("agent.state", agent="alice", state=state)) == []


def test_a_status_is_told_in_every_queue() -> None:
    both = {"sales": Membership(2, 1, 7), "support": Membership(0, 4, 1)}
    person = replace(ALICE, view=replace(ALICE.view, memberships=both))
    messages = told(entry("agent.state", agent="alice", state="offline"), person)
    assert [(m["Queue"], m["Penalty"]) for m in messages] == [("sales", "2"), ("support", "0")]


def test_paused_and_unpaused() -> None:
    changed = {"agent": "alice", "queues": ["sales"], "logged_in": 1}
    (event,) = told(entry("agent.changed", change="pause", paused=1, reason="lunch", **changed))
    assert list(event) == [*HEAD, *BLOB]
    assert (event["Event"], event["Paused"]) == ("QueueMemberPause", "1")
    assert event["PausedReason"] == "lunch"
    for reason in ({}, {"reason": "back"}):
        (event,) = told(entry("agent.changed", change="unpause", paused=0, **changed, **reason))
        assert (event["Event"], event["Paused"]) == ("QueueMemberPause", "0")
        assert event["PausedReason"] == reason.get("reason", "")


def test_a_login_is_told_by_the_status_alone() -> None:
    login = entry("agent.changed", agent="alice", change="login", paused=0, logged_in=1, queues=[])
    assert told(login) == []


MEMBER = {
    "queue": "sales", "agent": "alice", "penalty": 9, "order": 1, "calls": 7, "member_paused": 0,
    "paused": 0, "added": 0, "removed": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("added", "QueueMemberAdded"), ("penalty", "QueueMemberPenalty"),
        ("ringinuse", "QueueMemberRinginuse"), ("pause", "QueueMemberPause"),
        ("unpause", "QueueMemberPause"),
    ],
)  # fmt: skip
def test_one_membership_as_the_entry_has_it(change: str, name: str) -> None:
    """Penalty, pause and the like are the entry's; the line may have given others since."""
    own = {"member_paused": 1, "reason": "lunch", "wrapup_s": 30, "ringinuse": 1}
    (event,) = told(entry("member.changed", **MEMBER | own, change=change))
    assert list(event) == [*HEAD, *BLOB]
    assert (event["Event"], event["Penalty"], event["CallsTaken"]) == (name, "9", "7")
    assert (event["Paused"], event["PausedReason"]) == ("1", "lunch")
    assert (event["Wrapuptime"], event["Ringinuse"]) == ("30", "1")


@pytest.mark.parametrize("change", ["wrapuptime", "stays_paused"])
def test_a_change_of_a_membership_without_an_event(change: str) -> None:
    assert told(entry("member.changed", **MEMBER, change=change)) == []


def test_a_removed_member_is_shown_as_it_was() -> None:
    gone = {"queue": "old", "penalty": 3, "calls": 8, "change": "removed", "removed": 1}
    removed = entry("member.changed", **MEMBER | gone)
    (event,) = told(removed)
    assert list(event) == [*HEAD, *BLOB]
    assert (event["Event"], event["Queue"]) == ("QueueMemberRemoved", "old")
    assert (event["Penalty"], event["CallsTaken"]) == ("3", "8")


def test_what_app_queue_has_no_event_for() -> None:
    for kind in ("caller.refused", "caller.moved", "queue.changed", "box.attached", "line.held"):
        assert told(entry(kind, queue="sales")) == []


def test_of_people_nobody_knows_nothing_is_told() -> None:
    joined = entry("caller.joined", queue="sales", position=1, count=1)
    assert events(joined, Scene()) == []
    for kind in ("agent.state", "agent.changed", "member.changed", "offer.made"):
        assert events(entry(kind, state="offline", change="pause", **OFFER), Scene()) == []


# ── lists ───────────────────────────────────────────────────────────────────────────────────

QUEUE = QueueView(
    "sales", QueueSettings(strategy="rrmemory", weight=3, servicelevel=20, maxlen=50), callers=2,
    available=1, members=1, completed=3, abandoned=1, hold_us=12_900_000, talk_us=183_200_000,
    completed_in_level=2, abandoned_in_level=1,
)  # fmt: skip
WAITING = WaitingCaller(
    call_id="a-17.3-1", position=2, queue="sales", box="a", channel="PJSIP/trunk-00000003",
    caller_id_num="", caller_id_name="O'Brien", priority=5, rank=1, joined_us=1_000_000,
    state="waiting", agent="", uniqueid="a-17.3",
)  # fmt: skip


def test_queue_params() -> None:
    assert queue_params(QUEUE) == (
        ("Queue", "sales"), ("Max", "50"), ("Strategy", "rrmemory"), ("Calls", "2"),
        ("Holdtime", "12"), ("TalkTime", "183"), ("Completed", "3"), ("Abandoned", "1"),
        ("ServiceLevel", "20"), ("ServicelevelPerf", "66.7"), ("ServicelevelPerf2", "75.0"),
        ("Weight", "3"),
    )  # fmt: skip


def test_queue_params_of_a_queue_without_calls() -> None:
    fresh = replace(QUEUE, completed=0, abandoned=0, completed_in_level=0, abandoned_in_level=0)
    assert queue_params(fresh)[9:11] == (("ServicelevelPerf", "0.0"), ("ServicelevelPerf2", "0.0"))


def test_queue_member() -> None:
    member = listed(ALICE.in_queue("sales"))
    assert [name for name, _ in member] == [
        "Queue", "Name", "Location", *BLOB[3:14], "Wrapuptime",
    ]  # fmt: skip
    assert dict(member)["Name"] == "Alice Adams"
    assert dict(member)["Location"] == "PJSIP/101"


def test_queue_entry() -> None:
    assert queue_entry(WAITING, 43_900_000) == (
        ("Queue", "sales"), ("Position", "2"), ("Channel", "PJSIP/trunk-00000003"),
        ("Uniqueid", "a-17.3"), ("CallerIDNum", "unknown"), ("CallerIDName", "O'Brien"),
        ("ConnectedLineNum", "unknown"), ("ConnectedLineName", "unknown"), ("Wait", "42"),
        ("Priority", "5"),
    )  # fmt: skip


def test_queue_summary() -> None:
    away = replace(ALICE, view=replace(ALICE.view, state="offline"))
    resting = replace(ALICE, view=replace(ALICE.view, state="resting"))
    members = [person.in_queue("sales") for person in (ALICE, away, resting)]
    callers = [WAITING, replace(WAITING, joined_us=31_000_000)]
    assert queue_summary(QUEUE, members, callers, 43_900_000) == (
        ("Queue", "sales"), ("LoggedIn", "2"), ("Available", "1"), ("Callers", "2"),
        ("HoldTime", "12"), ("TalkTime", "183"), ("LongestHoldTime", "42"),
    )  # fmt: skip
