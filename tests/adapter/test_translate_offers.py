"""AMI events → messages of the link, without any I/O: offers and calls."""

import copy

import pytest

from ami_adapter.headers import Headers
from coordinator.protocol import (
    Answer,
    Complete,
    Connect,
    OfferEnded,
    Replaced,
    Transferred,
)
from tests.adapter.support.events import (
    CALLER,
    OFFER_,
    OFFER_ID,
    all_of,
    answered,
    asked_to_hang_up,
    box,
    bridged,
    failed,
    hung_up,
    joined,
    left,
    originate,
    ringing,
    waiting,
)

# ── offers ──────────────────────────────────────────────────────────────────────────────────────


def test_an_answered_offer_connects_and_completes() -> None:
    out = all_of(ringing(), [answered(), bridged(), hung_up(OFFER_ID)])
    assert out == [Answer(**OFFER_), Connect(**OFFER_), Complete(**OFFER_, ended_by="agent")]


def test_a_bridge_is_told_once() -> None:
    assert all_of(ringing(), [bridged(), bridged(), answered()]) == [Connect(**OFFER_)]


@pytest.mark.parametrize(("events", "ended_by"), [
    ([hung_up(OFFER_ID), hung_up(CALLER)], "agent"),
    ([hung_up(CALLER), hung_up(OFFER_ID)], "caller"),
    ([asked_to_hang_up(CALLER), hung_up(OFFER_ID), hung_up(CALLER)], "caller"),
    ([asked_to_hang_up(OFFER_ID), hung_up(CALLER), hung_up(OFFER_ID)], "agent"),
    ([asked_to_hang_up(CALLER), asked_to_hang_up(OFFER_ID), hung_up(OFFER_ID)], "caller"),
    ([asked_to_hang_up("other"), hung_up("other"), hung_up(OFFER_ID)], "agent"),
])  # fmt: skip
def test_who_hung_up_first_ended_the_call(events: list[Headers], ended_by: str) -> None:
    here = ringing()
    here.take(bridged())
    out = all_of(here, events)
    assert [event.model_dump(exclude_defaults=True) for event in out] == [
        {**OFFER_, "ended_by": ended_by}
    ]


@pytest.mark.parametrize(("transfer", "where"), [
    ({"event": "BlindTransfer", "transfereruniqueid": OFFER_ID}, "blind||"),
    ({"event": "BlindTransfer", "transfereruniqueid": CALLER, "extension": "200",
      "context": "inside"}, "blind|200|inside"),
    ({"event": "BlindTransfer", "transfereruniqueid": CALLER, "extension": "2|0\r\n0",
      "context": ["twice", "told"]}, "blind|2_0  0|"),
    ({"event": "BlindTransfer", "transfereruniqueid": CALLER, "extension": "2" * 300},
     "blind|" + "2" * 250),
    ({"event": "AttendedTransfer", "origtransfereruniqueid": OFFER_ID}, "attended|"),
    ({"event": "AttendedTransfer", "secondtransfereruniqueid": OFFER_ID, "desttype": "Bridge",
      "destbridgeuniqueid": "b-1"}, "attended|BRIDGE|b-1"),
    ({"event": "AttendedTransfer", "origtransfereruniqueid": CALLER, "desttype": "App",
      "destapp": "VoiceMail"}, "attended|APP|VoiceMail"),
    ({"event": "AttendedTransfer", "origtransfereruniqueid": CALLER, "desttype": "Link",
      "localonechannel": "Local/1;1", "localtwochannel": "Local/1;2"},
     "attended|LINK|Local/1;1|Local/1;2"),
    ({"event": "AttendedTransfer", "origtransfereruniqueid": CALLER, "desttype": "Threeway"},
     "attended|"),
])  # fmt: skip
def test_a_transfer_completes_the_call_and_says_where_to(
    transfer: dict[str, str | list[str]], where: str
) -> None:
    here = ringing()
    here.take(bridged())
    assert here.take({**transfer, "result": "Fail"}).events == ()
    out = all_of(here, [{**transfer, "result": "Success"}, hung_up(OFFER_ID), hung_up(CALLER)])
    assert out == [Complete(**OFFER_, ended_by="transfer", transfer=where)]


def test_a_transfer_of_others_is_none_of_ours() -> None:
    here = ringing()
    here.take(bridged())
    event = {"event": "BlindTransfer", "transfereruniqueid": "9.9", "result": "Success"}
    assert here.take(event).events == ()


@pytest.mark.parametrize(("cause", "outcome"), [
    (17, "busy"), (21, "rejected"), (18, "no_answer"), (19, "no_answer"),
    (26, "answered_elsewhere"),
    (16, "no_answer"), (0, "failed"), (3, "failed"), (20, "failed"), (127, "failed"),
])  # fmt: skip
def test_why_a_phone_did_not_answer(cause: int, outcome: str) -> None:
    (ended,) = all_of(ringing(), [hung_up(OFFER_ID, cause), failed(3)])
    assert isinstance(ended, OfferEnded)
    assert (ended.outcome, ended.reason) == (outcome, "text")


@pytest.mark.parametrize(("reason", "outcome"), [
    (3, "no_answer"), (5, "busy"), (8, "failed"), (1, "failed"), (0, "failed"),
])  # fmt: skip
def test_why_an_originate_failed(reason: int, outcome: str) -> None:
    (ended,) = all_of(ringing(), [failed(reason), hung_up(OFFER_ID, 17)])
    assert isinstance(ended, OfferEnded)
    assert ended.outcome == outcome


@pytest.mark.parametrize(
    ("cause", "outcome"), [(17, "busy"), (21, "rejected"), (19, "no_answer"), (38, "failed")]
)
def test_a_phone_that_refused_is_told_by_the_request_before(cause: int, outcome: str) -> None:
    """The order of a real Asterisk 22: HangupRequest, OriginateResponse with 0, Hangup."""
    request = {**asked_to_hang_up(OFFER_ID), "cause": str(cause)}
    (ended,) = all_of(ringing(), [request, failed(0), hung_up(OFFER_ID, cause)])
    assert isinstance(ended, OfferEnded)
    assert (ended.outcome, ended.reason) == (outcome, f"cause {cause}")


@pytest.mark.parametrize("asked_with", ["26", "0", ""])
def test_a_phone_that_itself_says_answered_elsewhere_did_not_answer(asked_with: str) -> None:
    """Only the dialplan takes a caller from an agent; such a phone must rest."""
    request = {**asked_to_hang_up(OFFER_ID), "cause": asked_with}
    (ended,) = all_of(ringing(), [request, hung_up(OFFER_ID, 26)])
    assert isinstance(ended, OfferEnded)
    assert ended.outcome == "no_answer"


def test_an_agent_who_lost_the_caller_is_hung_up_by_the_dialplan() -> None:
    """As recorded: SoftHangupRequest with a flag for its Cause, then Hangup with 26."""
    request = {**asked_to_hang_up(OFFER_ID), "event": "SoftHangupRequest", "cause": "16"}
    (ended,) = all_of(ringing(), [request, hung_up(OFFER_ID, 26)])
    assert isinstance(ended, OfferEnded)
    assert ended.outcome == "answered_elsewhere"


def test_a_wrong_cause_still_ends_the_offer() -> None:
    taken = ringing().take({**hung_up(OFFER_ID), "cause": "odd"})
    assert [event.kind for event in taken.events] == ["offer_ended"]
    assert "Cause is not a whole number" in taken.problem
    taken = ringing().take({**failed(3), "reason": "odd"})
    assert [event.kind for event in taken.events] == ["offer_ended"]


def test_an_agent_who_hangs_up_during_the_announcement_has_rejected() -> None:
    ended = all_of(ringing(), [answered(), hung_up(OFFER_ID)])[1]
    assert isinstance(ended, OfferEnded)
    assert ended.outcome == "rejected"


def test_a_failed_offer_leaves_the_caller_waiting() -> None:
    here = ringing()
    all_of(here, [hung_up(OFFER_ID, 17)])
    assert waiting(here) == ["a-17.1-1"]


@pytest.mark.parametrize(("event", "why"), [
    (answered(offer="gvq-2"), "no such offer"),
    (answered(fence="1"), "no such offer"),
    (answered(uniqueid="1.1"), "another channel"),
    (answered(key=""), "our key"),
    (answered(fence="x"), "not a whole number"),
])  # fmt: skip
def test_a_stale_or_forged_answer_changes_nothing(event: Headers, why: str) -> None:
    here = ringing()
    before = copy.deepcopy(here)
    assert why in here.take(event).problem
    assert here == before


def test_an_originate_success_is_not_a_connection() -> None:
    event: Headers = {
        "event": "OriginateResponse", "actionid": OFFER_ID, "response": "Success", "reason": "4",
    }  # fmt: skip
    assert all_of(ringing(), [event]) == []


def test_no_offer_is_made_for_a_caller_who_is_gone() -> None:
    here = box()
    assert not here.offers.offered(originate())
    here.take(joined())
    assert not here.offers.offered(originate(call_id="a-17.1-2"))
    here.take(left())
    assert not here.offers.offered(originate())
    assert here.offers.live == {}


def test_the_end_of_an_old_call_does_not_touch_the_next_visit() -> None:
    here = ringing()
    out = all_of(here, [bridged(), joined(visit=2), hung_up(OFFER_ID)])
    assert out[-1] == Complete(**OFFER_, ended_by="agent")
    assert waiting(here) == ["a-17.1-2"]


def test_after_its_call_a_visit_is_left() -> None:
    here = ringing()
    all_of(here, [bridged(), hung_up(OFFER_ID)])
    assert here.visits[CALLER].state == "left"


def test_an_old_offers_bridge_does_not_connect_the_next_visit() -> None:
    here = ringing()
    all_of(here, [left(), joined(visit=2), bridged()])
    assert waiting(here) == ["a-17.1-2"]


def test_a_second_originate_of_one_id_fails_and_the_call_goes_on() -> None:
    """Asterisk refuses the id of a channel that lives, and says so under that id."""
    out = all_of(ringing(), [bridged(), failed(0), hung_up(OFFER_ID)])
    assert [event.kind for event in out] == ["connect", "complete"]


CALL_ID = f"{CALLER}-1"  # the Uniqueid has the box's name already

ATTENDED = {
    "event": "AttendedTransfer", "result": "Success", "desttype": "App", "destapp": "WaitExten",
    "origtransfereruniqueid": OFFER_ID, "transfereeuniqueid": "7.7",
    "transfereechannel": "PJSIP/x-1", "transfereecalleridnum": "42",
    "transfereecalleridname": "<unknown>",
}  # fmt: skip


def test_who_is_transferred_to_a_waiting_caller_has_its_place() -> None:
    here = box()
    here.take(joined())
    event = {**ATTENDED, "origtransfereruniqueid": "8.8", "secondtransfereruniqueid": CALLER}
    assert here.take(event).events == (
        Replaced(call_id=CALL_ID, uniqueid="7.7", channel="PJSIP/x-1", caller_id_num="42"),
    )
    assert here.take(hung_up(CALLER)).events == ()
    assert here.visits.waits("7.7", CALL_ID)


def test_who_is_transferred_to_a_talking_caller_talks_on_with_its_agent() -> None:
    here = ringing()
    here.take(bridged())
    event = {**ATTENDED, "origtransfereruniqueid": "8.8", "secondtransfereruniqueid": CALLER}
    [replaced] = here.take(event).events
    assert isinstance(replaced, Replaced)
    assert all_of(here, [hung_up(CALLER), hung_up("7.7"), hung_up(OFFER_ID)]) == [
        Complete(**OFFER_, ended_by="caller")
    ]


def test_a_transfer_that_cannot_be_read_leaves_the_talk_to_its_end() -> None:
    here = ringing()
    all_of(here, [bridged(), joined(uniqueid="9.9")])
    event = {**ATTENDED, "transfereeuniqueid": "7 7", "secondtransfereruniqueid": "9.9"}
    taken = here.take(event)
    assert (taken.events, "dropped: uniqueid" in taken.problem) == ((), True)
    assert all_of(here, [hung_up(OFFER_ID)]) == [Complete(**OFFER_, ended_by="agent")]


@pytest.mark.parametrize(("event", "interface"), [
    ({"event": "BlindTransfer", "transfererchannel": "PJSIP/10-1-0001", "extension": "9",
      "transfereecontext": "gvq-trunk", "context": "c"}, "PJSIP/10-1"),
    ({**ATTENDED, "origtransfererchannel": "PJSIP/101-01", "transfereecontext": "gvq-trunk"},
     "PJSIP/101"),
    ({**ATTENDED, "secondtransfererchannel": "PJSIP/101-01", "transfertargetcontext": "gvq-trunk"},
     "PJSIP/101"),
    ({"event": "BlindTransfer", "transfererchannel": "PJSIP/101-01", "transfereecontext": "x"}, ""),
    ({"event": "BlindTransfer", "transfererchannel": "PJSIP/101-01",
      "transfereechannel": "Local/s@gvq-ring-01;2", "transfereecontext": "gvq-ring"}, "PJSIP/101"),
    ({"event": "BlindTransfer", "transfererchannel": "PJSIP/101-01",
      "transfereechannel": "Local/1-01@agents-01;2", "transfereecontext": "agents"},
     "Local/1-01@agents"),
    ({**ATTENDED, "secondtransfererchannel": "PJSIP/101-01",
      "transfertargetchannel": "Local/101@agents-01;2"}, "Local/101@agents"),
    ({"event": "BlindTransfer", "transfererchannel": "PJSIP/101-01",
      "transfereechannel": "Local/101@agents-01;1", "transfereecontext": "agents"}, ""),
    ({"event": "BlindTransfer", "transfererchannel": "PJSIP/101-01",
      "transfereechannel": "Local/1 0@x-01;2", "transfereecontext": "x"}, ""),
])  # fmt: skip
def test_a_transfer_of_a_call_from_the_trunk_is_told_by_its_phone(
    event: dict[str, str], interface: str
) -> None:
    taken = box().take({**event, "result": "Success"})
    assert not taken.problem
    assert [each.interface for each in taken.events if isinstance(each, Transferred)] == (
        [interface] if interface else []
    )


@pytest.mark.parametrize(("exten", "interface"), [
    ("101", "PJSIP/101"), ("i*101", "PJSIP/101"), ("local~101~agents", "Local/101@agents"),
])  # fmt: skip
@pytest.mark.parametrize(("kind", "leg", "other"), [
    ({"event": "BlindTransfer", "extension": "9", "context": "c"}, "transferer", "transferee"),
    (ATTENDED, "origtransferer", "transferee"),
    (ATTENDED, "secondtransferer", "transfertarget"),
])  # fmt: skip
def test_a_call_from_the_trunk_is_the_phones_that_it_rang_whoever_has_it(
    exten: str, interface: str, kind: dict[str, str], leg: str, other: str
) -> None:
    """Phone 110 has it, to which 101 sends its calls (302). One transfer ends 101's part in it."""
    here = box()
    made = {"event": "Newchannel", "uniqueid": "3.3", "context": "gvq-trunk", "exten": exten}
    assert here.take({**made, "channel": "PJSIP/gvq-a-1"}).events == ()
    event = {
        **kind, "result": "Success", f"{leg}channel": "PJSIP/110-01",
        f"{other}channel": "Local/110@from-agent-01;2", f"{other}context": "from-agent",
        f"{other}linkedid": "3.3",
    }  # fmt: skip
    again = {**event, f"{other}channel": "PJSIP/7-01"}
    taken = [here.take(one).events for one in (event, again)]
    told = [[e.interface for e in events if isinstance(e, Transferred)] for events in taken]
    assert told == [[interface], []]


@pytest.mark.parametrize("exten", ["", "h 1", "local~"])
def test_a_call_from_the_trunk_may_ring_nobody(exten: str) -> None:
    here = box()
    made = {"event": "Newchannel", "uniqueid": "3.3", "context": "gvq-trunk", "exten": exten}
    assert here.take(made).problem == ""
    assert here.trunks == {}


def test_a_call_from_the_trunk_that_is_over_is_nobodys() -> None:
    here = box()
    made = {"event": "Newchannel", "uniqueid": "3.3", "context": "gvq-trunk", "exten": "101"}
    all_of(here, [made, hung_up("3.3")])
    assert here.trunks == {}
    event = {
        "event": "BlindTransfer", "result": "Success", "transfererchannel": "PJSIP/110-01",
        "transfereelinkedid": "3.3", "transfereecontext": "x", "extension": "9", "context": "c",
    }  # fmt: skip
    assert here.take(event).events == ()


@pytest.mark.parametrize(("half", "told"), [("2", ["PJSIP/101"]), ("1", [])])
def test_a_transfer_behind_an_offers_own_local_channel_is_told_as_its_agents(
    half: str, told: list[str]
) -> None:
    """Also by another phone than the agent's, which has sent its calls there (302)."""
    here = ringing()
    made = {"event": "Newchannel", "uniqueid": OFFER_ID, "channel": "Local/110@from-agent-01;1"}
    all_of(here, [made, bridged()])
    events = here.take({
        "event": "BlindTransfer", "result": "Success", "transfereruniqueid": "5.5",
        "transfererchannel": "PJSIP/110-01", "transfereecontext": "from-agent",
        "transfereechannel": f"Local/110@from-agent-01;{half}", "extension": "9", "context": "c",
    }).events  # fmt: skip
    assert list(events) == [Transferred(interface=name, transfer="blind|9|c") for name in told]


@pytest.mark.parametrize(("caller", "followed"), [
    ([], True),
    ([left()], False),
    ([hung_up(CALLER)], False),
    ([left(), joined(visit=2)], False),
])  # fmt: skip
def test_a_phone_that_sends_its_call_elsewhere_is_followed_while_the_caller_waits(
    caller: list[Headers], followed: bool
) -> None:
    here = ringing()
    made = {"event": "Newchannel", "uniqueid": OFFER_ID, "channel": "PJSIP/101-1", "context": "in"}
    sent: Headers = {
        "event": "UserEvent", "userevent": "GvqForward", "key": "k3y", "by": "PJSIP/101-1",
        "to": "110",
    }  # fmt: skip
    request = {**asked_to_hang_up(OFFER_ID), "cause": "23"}
    all_of(here, [made, sent, request, failed(0), *caller])
    taken = here.take(hung_up(OFFER_ID, 23))
    assert (taken.follow is not None) == followed
    assert [event.kind for event in taken.events] == ([] if followed else ["offer_ended"])
    assert (OFFER_ID in here.offers.live) == followed
