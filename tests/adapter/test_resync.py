"""Two lists of a box → the snapshot an epoch begins with."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ami_adapter.headers import Headers
from ami_adapter.resync import VARIABLES, read
from coordinator.protocol import MAX_AGE_US

NOW = 1_763_848_200.0
JOIN = "sales|1763848134.500000|7|1|20|r4|soon|2|90|1|%2B46701|Ann%20B|2"


def channel(uniqueid: str, bridge: str = "", **variables: str) -> Headers:
    """A channel as Status lists it."""
    lines = [f"{name}={variables.get(name, '')}" for name in VARIABLES]
    return {
        "event": "Status", "channel": f"PJSIP/{uniqueid}", "uniqueid": uniqueid, "seconds": "3",
        "bridgeid": bridge, "variable": lines,
    }  # fmt: skip


def caller(state: str = "waiting", uniqueid: str = "a-1.1", **variables: str) -> Headers:
    """A caller's channel, in its second visit."""
    return channel(uniqueid, **{"GVQ_STATE": state, "GVQ_JOIN": JOIN} | variables)


def offer(bridge: str = "", call: str = "a-1.1-2", **variables: str) -> Headers:
    """An agent's channel."""
    own = {
        "GVQ_OFFER": "gvq-5", "GVQ_FENCE": "5", "GVQ_CALL": call, "GVQ_QUEUE": "sales",
        "GVQ_AGENT": "ann", "GVQ_CALLER": "a-1.1",
    }  # fmt: skip
    return channel("gvq-5", bridge, **own | variables)


def test_a_waiting_caller_with_its_ticket() -> None:
    found = read("a", [caller(GVQ_TICKET="9,1763848134500123")], [], NOW)
    (call,) = found.snapshot.calls
    assert call.rank == 1763848134500123
    assert call.age_us == 65_500_000
    assert call.join.model_dump() == {
        "kind": "join", "call_id": "a-1.1-2", "channel": "PJSIP/a-1.1", "uniqueid": "a-1.1",
        "queue": "sales", "priority": 9, "min_penalty": 1, "max_penalty": 20,
        "raise_penalty": 4, "raise_keeps_min": True, "rule": "soon", "url": "",
        "position": 2, "timeout": 90, "once": True,
        "caller_id_num": "+46701", "caller_id_name": "Ann B",
    }  # fmt: skip
    assert not found.problems


def test_a_caller_who_joined_while_nobody_looked_has_no_rank() -> None:
    (call,) = read("a", [caller()], [], NOW).snapshot.calls
    assert (call.rank, call.join.priority) == (None, 7)


def test_the_options_that_the_adapter_heeds_are_found_again() -> None:
    found = read("a", [caller(GVQ_OPTIONS="ib"), caller(uniqueid="a-1.2")], [], NOW)
    assert found.options == {"a-1.1": "ib", "a-1.2": ""}


def test_channels_that_are_none_of_ours_are_passed_over() -> None:
    bare: Headers = {"event": "Status", "uniqueid": "9.9"}
    found = read("a", [bare, channel("1.2"), caller("left", "1.3")], [], NOW)
    assert (found.snapshot.calls, found.problems) == ([], ())


def test_a_talking_caller_is_in_calls_and_its_offer_talks() -> None:
    found = read("a", [caller("talking"), offer("bridge-1")], [], NOW)
    assert [call.join.call_id for call in found.snapshot.calls] == ["a-1.1-2"]
    (live,) = found.snapshot.offers
    assert live.model_dump() == {
        "offer_id": "gvq-5", "fence": 5, "call_id": "a-1.1-2", "queue": "sales", "agent": "ann",
        "talking": True, "age_us": 3_000_000,
    }  # fmt: skip


def test_a_ringing_offer_does_not_talk() -> None:
    (live,) = read("a", [offer(), caller()], [], NOW).snapshot.offers
    assert not live.talking


def test_a_caller_whose_agent_is_gone_talks_no_more() -> None:
    found = read("a", [caller("talking")], [], NOW)
    assert found.snapshot.calls == []


def test_a_caller_won_by_an_agent_who_hung_up_before_the_bridge_still_waits() -> None:
    won = caller("talking", GVQ_TAKEN="gvq-5", BRIDGEPEER="none", GVQ_TICKET="7,5")
    (call,) = read("a", [won], [], NOW).snapshot.calls
    assert (call.join.call_id, call.rank) == ("a-1.1-2", 5)


def test_a_caller_won_by_an_agent_who_is_about_to_talk_waits_no_more() -> None:
    won = caller("talking", GVQ_TAKEN="gvq-5", BRIDGEPEER="none")
    for listed in ([won, offer()], [offer(), won]):
        found = read("a", listed, [], NOW)
        assert [o.talking for o in found.snapshot.offers] == [False]
    assert read("a", [won, offer(call="")], [], NOW).snapshot.calls == []


def test_a_talk_whose_caller_the_line_has_let_go_is_not_told() -> None:
    found = read("a", [caller("talking", GVQ_STATUS="WITHDRAW"), offer("bridge-1")], [], NOW)
    assert (found.snapshot.calls, found.snapshot.offers, found.orphans) == ([], [], ())
    found = read("a", [caller("talking", GVQ_STATUS="TIMEOUT"), offer("bridge-1")], [], NOW)
    assert found.snapshot.calls


def test_a_phone_that_rings_for_nobody_is_an_orphan() -> None:
    found = read("a", [offer()], [], NOW)
    assert (found.snapshot.offers, found.orphans) == ([], ("gvq-5",))


def test_an_agent_who_talks_with_somebody_else_is_left_alone() -> None:
    """An attended transfer took the caller away; the line knows whose talk it is."""
    found = read("a", [offer("bridge-1")], [], NOW)
    assert [live.talking for live in found.snapshot.offers] == [True]
    assert found.orphans == ()


def test_a_local_channels_other_half_is_no_offer() -> None:
    half = {**offer(), "uniqueid": "gvq-5;2"}
    assert read("a", [caller(), half], [], NOW).snapshot.offers == []


def test_a_caller_who_is_being_moved_into_its_bridge_is_asked_for_again() -> None:
    """Bridge() takes the variables away for a moment; its agent is no orphan meanwhile."""
    found = read("a", [channel("a-1.1"), offer(GVQ_CALLER="a-1.1")], [], NOW)
    assert (found.snapshot.calls, found.orphans, found.moving) == ([], (), True)
    settled = read("a", [caller("talking"), offer("b", GVQ_CALLER="a-1.1")], [], NOW)
    assert (len(settled.snapshot.calls), settled.moving) == (1, False)


def test_an_agent_whose_caller_is_gone_is_not_waited_for() -> None:
    found = read("a", [channel("a-9.9"), offer(GVQ_CALLER="a-1.1")], [], NOW)
    assert (found.orphans, found.moving) == (("gvq-5",), False)


def test_the_shell_of_a_moved_caller_is_none() -> None:
    shell = {**caller(), "channel": "Surrogate/PJSIP/a-1.1"}
    assert read("a", [shell], [], NOW).snapshot.calls == []


@pytest.mark.parametrize(("variables", "why"), [
    ({"GVQ_JOIN": ""}, "GVQ_JOIN has 1 fields"),
    ({"GVQ_JOIN": JOIN + "|x"}, "GVQ_JOIN has 14 fields"),
    ({"GVQ_JOIN": JOIN.replace("1763848134.500000", "yesterday")}, "since is no time"),
    ({"GVQ_JOIN": JOIN.replace("1763848134.500000", "1763848134.x")}, "since is no time"),
    ({"GVQ_JOIN": JOIN.replace("1763848134.500000", "inf")}, "since is no time"),
    ({"GVQ_JOIN": JOIN[:-1]}, "Visit is not a whole number"),
])  # fmt: skip
def test_a_caller_that_cannot_be_read_is_left_out_and_said(
    variables: dict[str, str], why: str
) -> None:
    found = read("a", [caller(**variables), caller(uniqueid="1.2")], [], NOW)
    assert [call.join.call_id for call in found.snapshot.calls] == ["a-1.2-2"]
    assert why in found.problems[0]


@pytest.mark.parametrize("variables", [
    {"GVQ_FENCE": "0"}, {"GVQ_FENCE": ""}, {"GVQ_AGENT": "a b"}, {"GVQ_QUEUE": ""},
])  # fmt: skip
def test_an_offer_that_cannot_be_read_is_left_out_and_said(variables: dict[str, str]) -> None:
    found = read("a", [caller(), offer(**variables)], [], NOW)
    assert found.snapshot.offers == []
    assert found.problems[0].startswith("channel left out: ")


@pytest.mark.parametrize("ticket", ["x,1", "1", "1,x", "1,-1", "1,9007199254740992"])
def test_a_bad_ticket_costs_the_rank_and_not_the_caller(ticket: str) -> None:
    found = read("a", [caller(GVQ_TICKET=ticket)], [], NOW)
    (call,) = found.snapshot.calls
    assert (call.rank, call.join.priority, len(found.problems)) == (None, 7, 1)


@pytest.mark.parametrize(("now", "age"), [(0.0, 0), (9e12, MAX_AGE_US)])
def test_an_odd_clock_gives_an_age_within_bounds(now: float, age: int) -> None:
    (call,) = read("a", [caller()], [], now).snapshot.calls
    assert call.age_us == age


def test_devices() -> None:
    devices: list[Headers] = [
        {"event": "DeviceStateChange", "device": "PJSIP/101", "state": "NOT_INUSE"},
        {"event": "DeviceStateChange", "device": "Queue:sales", "state": "NOT_INUSE"},
        {"event": "DeviceStateChange", "device": "PJSIP/102", "state": "?"},
        {"event": "DeviceStateChange", "device": ["a", "b"], "state": "INUSE"},
        {"event": "DeviceStateListComplete", "listitems": "4"},
        {"event": "ExtensionStatus", "exten": "101", "context": "phones", "status": "9"},
        {"event": "ExtensionStatus", "exten": "102", "context": "phones", "status": "?"},
        {"event": "ExtensionStateListComplete", "listitems": "2"},
    ]
    found = read("a", [], devices, NOW)
    assert found.snapshot.devices == {"PJSIP/101": "NOT_INUSE", "hint:101@phones": "RINGINUSE"}
    assert len(found.problems) == 3


def test_a_variable_that_comes_twice_leaves_the_channel_out() -> None:
    twice = {**caller(), "variable": ["GVQ_STATE=waiting", f"GVQ_JOIN={JOIN}", "GVQ_JOIN=x"]}
    assert "a variable came twice" in read("a", [twice], [], NOW).problems[0]


WILD = st.one_of(st.text(max_size=40), st.lists(st.text(max_size=40), max_size=3))
KEYS = st.sampled_from(
    ["event", "uniqueid", "channel", "variable", "seconds", "bridgeid", "device"]
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.dictionaries(KEYS, WILD).map(lambda d: {"event": "Status", **d})))
def test_no_list_raises(items: list[Headers]) -> None:
    read("a", items, items, NOW)


@given(st.text(max_size=60))
def test_no_join_variable_raises(text: str) -> None:
    read("a", [caller(GVQ_JOIN=text)], [], NOW)
