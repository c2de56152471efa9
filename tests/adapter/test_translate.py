"""AMI events → messages of the link, without any I/O: callers, devices, snapshots."""

import pytest

from ami_adapter.headers import Headers
from coordinator.protocol import (
    Complete,
    Connect,
    Device,
    Join,
    Leave,
    LiveOffer,
    Snapshot,
    WaitingCall,
)
from tests.adapter.support.events import (
    CALLER,
    KEY,
    OFFER_,
    OFFER_ID,
    all_of,
    answered,
    box,
    bridged,
    hung_up,
    joined,
    left,
    ringing,
    state,
    waiting,
)

# ── callers ─────────────────────────────────────────────────────────────────────────────────────


def test_a_join_is_told_with_everything_decoded() -> None:
    event = joined(
        prio="-3", minpenalty="1", maxpenalty="20", raisepenalty="0",
        callernum="%2B46701", callername="%C5%BB%C3%B3%C5%82%C4%87%20%26%20Co",
    )  # fmt: skip
    assert box().take(event).events == (
        Join(
            call_id="a-17.1-1", channel="PJSIP/t-1", uniqueid=CALLER, queue="sales", priority=-3,
            min_penalty=1, max_penalty=20, raise_penalty=0, caller_id_num="+46701",
            caller_id_name="Żółć & Co",
        ),
    )  # fmt: skip


@pytest.mark.parametrize(("written", "lift", "keeps_min"), [
    ("", None, False), ("4", 4, False), ("r4", 4, True), (" r4 ", 4, True), ("r0", 0, True),
])  # fmt: skip
def test_a_raise_may_begin_with_r(written: str, lift: int | None, keeps_min: bool) -> None:
    (join,) = box().take(joined(raisepenalty=written, rule="soon")).events
    assert isinstance(join, Join)
    assert (join.raise_penalty, join.raise_keeps_min) == (lift, keeps_min)
    assert join.rule == "soon"


def test_how_long_a_caller_waits_and_where() -> None:
    (join,) = box().take(joined(position="3", timeout="90", once="1")).events
    assert isinstance(join, Join)
    assert (join.position, join.timeout, join.once) == (3, 90, True)
    (join,) = box().take(joined(position="0", timeout="0")).events
    assert isinstance(join, Join)
    assert (join.position, join.timeout, join.once) == (None, None, False)


@pytest.mark.parametrize("wrong", [{"position": "-1"}, {"timeout": "604801"}, {"timeout": "x"}])
def test_a_wish_that_is_wrong_is_told_and_costs_no_place(wrong: dict[str, str]) -> None:
    taken = box().take({**joined(), **wrong})
    (join,) = taken.events
    assert isinstance(join, Join)
    assert (join.position, join.timeout) == (None, None)
    assert next(iter(wrong)) in taken.problem


@pytest.mark.parametrize(("uniqueid", "call_id"), [
    ("a-17.1", "a-17.1-1"), ("17.1", "a-17.1-1"), ("b-17.1", "a-b-17.1-1"),
])  # fmt: skip
def test_a_call_id_names_the_box_once(uniqueid: str, call_id: str) -> None:
    (join,) = box().take(joined(uniqueid)).events
    assert isinstance(join, Join)
    assert join.call_id == call_id


@pytest.mark.parametrize(("header", "value"), [
    ("prio", "high"), ("prio", "99999999"), ("minpenalty", "-1"), ("maxpenalty", "1e3"),
    ("raisepenalty", "٣"), ("raisepenalty", "r"), ("raisepenalty", "rr4"), ("raisepenalty", "r-4"),
])  # fmt: skip
def test_a_wrong_number_costs_no_place_and_is_said(header: str, value: str) -> None:
    taken = box().take({**joined(), header: value})
    (join,) = taken.events
    assert isinstance(join, Join)
    assert (join.priority, join.min_penalty, join.max_penalty, join.raise_penalty) == (
        0, None, None, None,
    )  # fmt: skip
    assert not join.raise_keeps_min
    assert header.removesuffix("ity") in taken.problem
    assert taken.problem.startswith("UserEvent GvqJoin: ")


def test_a_number_may_have_its_sign() -> None:
    (join,) = box().take(joined(prio="+5", minpenalty=" +2 ")).events
    assert isinstance(join, Join)
    assert (join.priority, join.min_penalty) == (5, 2)


@pytest.mark.parametrize(("name", "shown"), [
    ("%FF%FE", "��"), ("a%0D%0AAction%3A%20x", "a  Action: x"), ("%00", " "),
    ("x" * 999, "x" * 256), ("%", "%"), ("%u1234", "%u1234"),
])  # fmt: skip
def test_an_odd_name_costs_no_place(name: str, shown: str) -> None:
    (join,) = box().take(joined(callername=name)).events
    assert isinstance(join, Join)
    assert join.caller_id_name == shown


@pytest.mark.parametrize(("change", "why"), [
    ({"key": ""}, "does not carry our key"),
    ({"key": "other"}, "does not carry our key"),
    ({"visit": ""}, "Visit is not a whole number"),
    ({"visit": "0"}, "not within"),
    ({"uniqueid": ""}, "uniqueid is missing"),
    ({"uniqueid": "/.*/"}, "call_id: String should match|uniqueid"),
    ({"uniqueid": ["1.1", "2.2"]}, "uniqueid came 2 times"),
    ({"queue": ["sales", "vip"]}, "queue came 2 times"),
    ({"key": [KEY, KEY]}, "key came 2 times"),
])  # fmt: skip
def test_what_cannot_be_a_join_is_dropped_and_said(
    change: dict[str, str | list[str]], why: str
) -> None:
    here = box()
    taken = here.take({**joined(), **change})
    assert taken.events == ()
    assert taken.problem.startswith("UserEvent GvqJoin dropped: ")
    assert any(part in taken.problem for part in why.split("|"))
    assert here == box()


def test_a_wrong_key_does_not_show_ours() -> None:
    assert KEY not in box().take(joined(key="x")).problem


def test_an_event_of_the_dialplan_named_like_asterisks_own_is_not_one() -> None:
    here = ringing()
    assert here.take({**hung_up(CALLER), "event": "UserEvent", "userevent": "Hangup"}).events == ()
    assert waiting(here)


def test_a_repeated_join_is_told_once() -> None:
    assert len(all_of(box(), [joined(), joined()])) == 1


def test_a_caller_who_hangs_up_while_waiting_has_abandoned() -> None:
    out = all_of(box(), [joined(), hung_up(CALLER), hung_up(CALLER)])
    assert out[1:] == [Leave(call_id="a-17.1-1", outcome="abandoned", reason="text")]


@pytest.mark.parametrize("outcome", ["timeout", "exit_key", "redirected"])
def test_a_leave_is_told_once(outcome: str) -> None:
    out = all_of(box(), [joined(), left(outcome=outcome), left(outcome=outcome), hung_up(CALLER)])
    assert out[1:] == [
        Leave.model_validate({"call_id": "a-17.1-1", "outcome": outcome, "reason": "TIMEOUT"})
    ]


def test_an_unknown_outcome_is_dropped_and_said() -> None:
    here = box()
    here.take(joined())
    assert "unknown Outcome 'gone'" in here.take(left(outcome="gone")).problem
    assert len(waiting(here)) == 1


def test_a_second_visit_is_another_call() -> None:
    out = all_of(box(), [joined(), left(), joined(visit=2), left(), left(visit=2)])
    assert [getattr(event, "call_id", "") for event in out] == [
        "a-17.1-1", "a-17.1-1", "a-17.1-2", "a-17.1-2",
    ]  # fmt: skip


def test_a_late_join_of_a_former_visit_is_not_told() -> None:
    assert len(all_of(box(), [joined(visit=2), joined(visit=1)])) == 1


def test_a_visit_left_unseen_is_closed_by_the_next() -> None:
    out = all_of(box(), [joined(), joined(visit=2)])
    assert out[1] == Leave(call_id="a-17.1-1", outcome="redirected", reason="joined again")
    assert isinstance(out[2], Join)


# ── devices ─────────────────────────────────────────────────────────────────────────────────────


def test_a_device_is_told_when_it_changes() -> None:
    out = all_of(box(), [state("PJSIP/101", "INUSE")] * 2 + [state("PJSIP/101", "NOT_INUSE")])
    assert out == [
        Device(interface="PJSIP/101", state="INUSE"),
        Device(interface="PJSIP/101", state="NOT_INUSE"),
    ]


@pytest.mark.parametrize(
    "device", ["Queue:sales", "Custom:Queue:sales", "/.*/", "PJSIP/a b", "PJSIP/gvq-b"]
)
def test_what_is_no_phone_is_passed_over(device: str) -> None:
    assert all_of(box(), [state(device, "INUSE")]) == []


def test_an_unknown_device_state_is_dropped_and_said() -> None:
    assert "unknown State 'ASLEEP' of PJSIP/1" in box().take(state("PJSIP/1", "ASLEEP")).problem


def hinted(status: str, exten: str = "101", context: str = "phones") -> Headers:
    """ExtensionStatus."""
    where = {"exten": exten, "context": context, "hint": "PJSIP/101"}
    return {"event": "ExtensionStatus", **where, "status": status, "statustext": "?"}


def test_a_hint_is_a_device_too_and_told_when_it_changes() -> None:
    out = all_of(box(), [hinted("0"), hinted("0"), hinted("8"), state("PJSIP/101", "RINGING")])
    assert out == [
        Device(interface="hint:101@phones", state="NOT_INUSE"),
        Device(interface="hint:101@phones", state="RINGING"),
        Device(interface="PJSIP/101", state="RINGING"),
    ]


@pytest.mark.parametrize(("status", "state"), [
    ("-2", "INVALID"), ("-1", "INVALID"), ("1", "INUSE"), ("2", "BUSY"), ("4", "UNAVAILABLE"),
    ("9", "RINGINUSE"), ("16", "ONHOLD"), ("17", "ONHOLD"),
])  # fmt: skip
def test_what_asterisk_says_of_an_extension(status: str, state: str) -> None:
    (device,) = box().take(hinted(status)).events
    assert device == Device.model_validate({"interface": "hint:101@phones", "state": state})


@pytest.mark.parametrize(("exten", "context"), [
    ("1,2", "phones"), ("1:2", "phones"), ("101", "a b"), ("1" * 80, "phones"),
])  # fmt: skip
def test_a_hint_that_no_member_can_have_is_passed_over(exten: str, context: str) -> None:
    assert all_of(box(), [hinted("0", exten, context)]) == []


@pytest.mark.parametrize("status", ["3", "", "idle", "256"])
def test_an_unknown_status_is_dropped_and_said(status: str) -> None:
    taken = box().take(hinted(status))
    assert (taken.events, "Status" in taken.problem) == ((), True)


def test_a_custom_device_is_told() -> None:
    assert all_of(box(), [state("Custom:door", "INUSE")]) == [
        Device(interface="Custom:door", state="INUSE")
    ]


# ── snapshot and events overlap ─────────────────────────────────────────────────────────────────


def snapshot(*, talking: bool) -> Snapshot:
    """A caller, and an offer that rings or talks."""
    (join,) = box().take(joined()).events
    assert isinstance(join, Join)
    live = LiveOffer(
        **OFFER_, call_id=join.call_id, queue="sales", agent="ann", talking=talking, age_us=1
    )
    calls = [WaitingCall(join=join, age_us=1)]
    return Snapshot(calls=calls, offers=[live], devices={"PJSIP/101": "INUSE"})


def test_events_the_snapshot_already_shows_are_not_told_again() -> None:
    here = box()
    here.seed(snapshot(talking=True), {})
    events = [joined(), answered(), bridged(), state("PJSIP/101", "INUSE"), left()]
    assert all_of(here, events) == []
    assert all_of(here, [hung_up(OFFER_ID)]) == [Complete(**OFFER_, ended_by="agent")]


def test_a_ringing_offer_of_the_snapshot_goes_on() -> None:
    here = box()
    here.seed(snapshot(talking=False), {})
    assert all_of(here, [joined(), bridged()]) == [Connect(**OFFER_)]


def test_a_callers_options_are_kept_over_a_snapshot() -> None:
    here = box()
    here.seed(snapshot(talking=False), {CALLER: "ib"})
    assert here.visits.options(CALLER) == "ib"


def test_a_caller_who_came_and_went_around_the_snapshot_is_told_of() -> None:
    here = box()
    here.seed(Snapshot(), {})
    assert [event.kind for event in all_of(here, [joined(), hung_up(CALLER)])] == ["join", "leave"]
