"""Channels, bridges, devices, trunks: what a box tells, in which order."""

import pytest

from ami_adapter.simulator.phones import Behaviour
from tests.simulator.stage import Stage


@pytest.fixture(params=range(6))
def stage(request: pytest.FixtureRequest) -> Stage:
    """Several seeds: where a real box's threads race, both orders come up."""
    return Stage(seed=request.param)


def test_an_answered_offer_is_bridged_caller_first(stage: Stage) -> None:
    stage.phone("101", "a")
    caller = stage.caller()
    stage.offer("gvq-1", "PJSIP/101", caller)
    stage.clock.advance(1.0)
    entered = [(e["Uniqueid"], e["BridgeNumChannels"]) for e in stage.of("BridgeEnter")]
    assert entered == [(caller.channel.uniqueid, "1"), ("gvq-1", "2")]
    [response] = stage.of("OriginateResponse")
    assert (response["Response"], response["Reason"], response["ActionID"]) == (
        "Success",
        "4",
        "gvq-1",
    )


@pytest.mark.parametrize(
    ("behaviour", "cause", "reason"),
    [
        (Behaviour("busy"), "17", "0"),
        (Behaviour("decline"), "21", "0"),
        (Behaviour("ignore"), "19", "3"),
    ],
)
def test_a_failed_offer_says_why_in_the_hangup(
    stage: Stage, behaviour: Behaviour, cause: str, reason: str
) -> None:
    stage.phone("101", "a", behaviour)
    stage.offer("gvq-1", "PJSIP/101", stage.caller(), timeout=3.0)
    stage.clock.advance(5.0)
    [hangup] = stage.of("Hangup")
    [response] = stage.of("OriginateResponse")
    assert (hangup["Cause"], response["Reason"]) == (cause, reason)
    assert stage.devices("101", "a")[-1] == "NOT_INUSE"


def test_a_refusal_is_reported_in_any_order_that_a_real_box_shows() -> None:
    """Race: Originate's thread and the channel's. Seen in 250 refusals of a real phone."""
    orders = set()
    for seed in range(40):
        stage = Stage(seed)
        stage.phone("101", "a", Behaviour("busy"))
        stage.offer("gvq-1", "PJSIP/101", stage.caller())
        stage.clock.advance(1.0)
        orders.add(tuple(name for name in stage.names("gvq-1") if name != "Newchannel"))
    assert orders == {
        ("HangupRequest", "OriginateResponse", "Hangup"),
        ("HangupRequest", "Hangup", "OriginateResponse"),
        ("OriginateResponse", "HangupRequest", "Hangup"),
    }


@pytest.mark.parametrize("target", ["PJSIP/999", "PJSIP/102", "FOO/101"])
def test_who_cannot_be_dialled_has_no_channel(stage: Stage, target: str) -> None:
    """Unknown, unregistered, no such technology: OriginateResponse alone."""
    stage.phone("101", "a")
    stage.phone("102", "b")
    stage.offer("gvq-1", target, stage.caller())
    stage.clock.advance(0.1)
    assert stage.names("gvq-1") == ["OriginateResponse"]


def test_one_channel_id_makes_one_call(stage: Stage) -> None:
    """Race: a command repeated while its first phone still rings."""
    stage.phone("101", "a", Behaviour("ignore"))
    caller = stage.caller()
    stage.offer("gvq-1", "PJSIP/101", caller)
    stage.offer("gvq-1", "PJSIP/101", caller)
    stage.clock.advance(1.0)
    assert len(stage.network.invites) == 1
    assert [e["Response"] for e in stage.of("OriginateResponse")] == ["Failure"]


def test_a_phone_on_another_box_rings_over_the_trunk(stage: Stage) -> None:
    """The phone's device is told by its own box; the offer by the caller's."""
    stage.phone("101", "c", Behaviour(after=1.0, talk=2.0))
    caller = stage.caller()
    stage.offer("gvq-1", "PJSIP/101@gvq-c", caller)
    stage.clock.advance(5.0)
    assert stage.devices("101", "c") == ["NOT_INUSE", "RINGING", "INUSE", "NOT_INUSE"]
    assert stage.devices("101", "a") == []
    assert stage.names("gvq-1")[0] == "Newchannel"
    assert [i.number for i in stage.network.invites] == [caller.number]
    assert stage.network.boxes["c"].channels == {}


@pytest.mark.parametrize(
    ("behaviour", "cause"), [(Behaviour("busy"), "17"), (Behaviour("decline"), "21")]
)
def test_a_refusal_comes_back_over_the_trunk(
    stage: Stage, behaviour: Behaviour, cause: str
) -> None:
    stage.phone("101", "c", behaviour)
    stage.offer("gvq-1", "PJSIP/101@gvq-c", stage.caller())
    stage.clock.advance(1.0)
    assert [e["Cause"] for e in stage.of("Hangup")] == [cause]


def test_a_phone_that_left_its_box_is_unknown_there(stage: Stage) -> None:
    stage.phone("101", "b")
    stage.offer("gvq-1", "PJSIP/101@gvq-c", stage.caller())
    stage.clock.advance(1.0)
    assert stage.of("Hangup")[0]["Cause-txt"] == "Unallocated (unassigned) number"


def test_a_cancel_reaches_the_phone_over_the_trunk(stage: Stage) -> None:
    stage.phone("101", "c", Behaviour("ignore"))
    stage.offer("gvq-1", "PJSIP/101@gvq-c", stage.caller())
    stage.clock.advance(1.0)
    box = stage.network.boxes["a"]
    box.hang_up(box.channels["gvq-1"], 26)
    stage.clock.advance(1.0)
    assert stage.devices("101", "c")[-1] == "NOT_INUSE"
    assert stage.network.phones["101"].call is None


def test_the_caller_hanging_up_ends_the_agents_call(stage: Stage) -> None:
    stage.phone("101", "c")
    caller = stage.caller()
    stage.offer("gvq-1", "PJSIP/101@gvq-c", caller)
    stage.clock.advance(1.0)
    caller.hang_up()
    stage.clock.advance(1.0)
    leavers = [e["Uniqueid"] for e in stage.of("BridgeLeave")]
    assert leavers == [caller.channel.uniqueid, "gvq-1"]
    assert stage.network.phones["101"].call is None
    assert {e["Uniqueid"] for e in stage.of("Hangup")} == {caller.channel.uniqueid, "gvq-1"}


def test_bridge_takes_the_caller_out_of_another_bridge(stage: Stage) -> None:
    """Why the claim is needed: Bridge() steals, and the first agent is hung up."""
    for agent in ("101", "102"):
        stage.phone(agent, "a")
    caller = stage.caller()
    stage.offer("gvq-1", "PJSIP/101", caller)
    stage.clock.advance(1.0)
    box = stage.network.boxes["a"]
    second = box.new_channel("102", 6, "gvq-agent", "s", uniqueid="gvq-2")
    box.bridge(caller.channel, second)
    assert "gvq-1" not in box.channels
    assert caller.channel.bridge is second.bridge


def test_a_second_invite_is_counted_and_refused(stage: Stage) -> None:
    stage.phone("101", "a")
    stage.offer("gvq-1", "PJSIP/101", stage.caller())
    stage.clock.advance(1.0)
    stage.offer("gvq-2", "PJSIP/101", stage.caller())
    stage.clock.advance(1.0)
    assert [i.number for i in stage.network.double_invites()] == ["5000001"]
    assert stage.of("Hangup", Uniqueid="gvq-2")[0]["Cause"] == "17"
    assert stage.devices("101", "a")[-1] == "INUSE"


def test_a_phone_moves_to_another_box(stage: Stage) -> None:
    stage.phone("101", "a")
    stage.network.phones["101"].move(stage.network.boxes["b"])
    assert stage.devices("101", "a") == ["NOT_INUSE", "UNAVAILABLE"]
    assert stage.devices("101", "b") == ["NOT_INUSE"]


def test_a_blind_transfer_is_told_before_the_agent_leaves(stage: Stage) -> None:
    stage.phone("101", "a", Behaviour(talk=1.0, transfer_to="200"))
    caller = stage.caller()
    stage.offer("gvq-1", "PJSIP/101", caller)
    stage.clock.advance(3.0)
    names = [name for name in stage.names() if name in ("BlindTransfer", "Hangup")]
    assert names == ["BlindTransfer", "Hangup"]
    assert stage.of("BlindTransfer")[0]["TransfererUniqueid"] == "gvq-1"
    assert caller.ended is None


def test_a_box_without_power_forgets_its_calls_and_says_nothing(stage: Stage) -> None:
    stage.phone("101", "c")
    caller = stage.caller()
    stage.offer("gvq-1", "PJSIP/101@gvq-c", caller)
    stage.clock.advance(1.0)
    said = len([e for at, e in stage.heard if at == "a"])
    stage.network.boxes["a"].lose_power()
    stage.clock.advance(1.0)
    assert len([e for at, e in stage.heard if at == "a"]) == said
    assert stage.network.boxes["a"].channels == {}
    assert caller.ended is not None
    assert stage.devices("101", "c")[-1] == "NOT_INUSE"


def test_an_offer_to_a_box_without_power_times_out(stage: Stage) -> None:
    stage.phone("101", "c")
    stage.network.boxes["c"].lose_power()
    stage.offer("gvq-1", "PJSIP/101@gvq-c", stage.caller(), timeout=3.0)
    stage.clock.advance(5.0)
    assert [e["Reason"] for e in stage.of("OriginateResponse")] == ["3"]


def test_nothing_is_built_for_an_event_nobody_hears(stage: Stage) -> None:
    stage.network.boxes["a"].audible = frozenset({"Hangup"})
    caller = stage.caller()
    caller.hang_up()
    assert stage.names() == ["Hangup"]
