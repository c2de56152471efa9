"""gvq.conf on real boxes: an agent is rung, talks with the caller, or does not answer."""

import pytest

from ami_adapter.lab import Box
from ami_adapter.lab.callers import Callers
from ami_adapter.lab.phones import Phone
from tests.lab.ami import Ami
from tests.lab.by_hand import offer

# Building the lab's root folder, once, is not the first test's own time.
pytestmark = [pytest.mark.lab, pytest.mark.timeout(120, func_only=True)]


@pytest.mark.parametrize(("home", "dial"), [("a", "PJSIP/101"), ("b", "PJSIP/101@gvq-b")])
async def test_an_agent_answers_and_both_are_in_one_bridge(
    ami: Ami, a: Box, b: Box, home: str, dial: str
) -> None:
    box = {"a": a, "b": b}[home]
    async with Phone("101", box.sip) as phone, Callers(a, "sales") as callers:
        join = await ami.wait("GvqJoin")
        offer_id = await offer(ami, join, dial)
        agent = await ami.wait("BridgeEnter", Uniqueid=offer_id)
        caller = await ami.wait("BridgeEnter", Uniqueid=join["Uniqueid"])
        assert agent["BridgeUniqueid"] == caller["BridgeUniqueid"]
        assert await ami.variable(join["Uniqueid"], "GVQ_STATE") == "talking"
        assert phone.invites[0].caller == "5550001"
        assert phone.invites[0].caller_name == "Caller 0001"
        phone.hang_up(phone.invites[0])
        calls = await callers.finished()
    assert not calls["5550001"].hung_up
    assert not ami.all("Returned")
    assert len(ami.all("OwnHangupExtension")) == 1


async def test_option_c_goes_on_after_the_agent_hung_up(ami: Ami, a: Box) -> None:
    async with Phone("101", a.sip) as phone, Callers(a, "continue"):
        offer_id = await offer(ami, await ami.wait("GvqJoin"), "PJSIP/101")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
        phone.hang_up(phone.invites[0])
        assert (await ami.wait("Returned"))["Status"] == "CONTINUE"


async def test_the_caller_hangs_up_and_the_agent_is_free(ami: Ami, a: Box) -> None:
    async with Phone("101", a.sip) as phone, Callers(a, "sales") as callers:
        join = await ami.wait("GvqJoin")
        offer_id = await offer(ami, join, "PJSIP/101")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
        await callers.hang_up()
        await phone.until(lambda: not phone.active)
        await ami.wait("Hangup", Uniqueid=offer_id)
    assert phone.invites[0].ended_by == "box"
    assert ami.all("HangupRequest")[0]["Uniqueid"] == join["Uniqueid"]


async def test_when_a_call_is_over_the_phone_is_told_not_in_use(ami: Ami, a: Box) -> None:
    """Both come, and only then is the agent available. Over a trunk in either order."""
    async with Phone("101", a.sip) as phone, Callers(a, "sales"):
        offer_id = await offer(ami, await ami.wait("GvqJoin"), "PJSIP/101")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
        phone.hang_up(phone.invites[0])
        await ami.wait("Hangup", Uniqueid=offer_id)
        await ami.wait("DeviceStateChange", 2, Device="PJSIP/101", State="NOT_INUSE")
    changes = ami.all("DeviceStateChange", Device="PJSIP/101")
    # How many of the states on the way are told is a matter of chance.
    on_the_way = {"UNAVAILABLE", "RINGING"}
    states = [change["State"] for change in changes if change["State"] not in on_the_way]
    assert states[:3] == ["NOT_INUSE", "INUSE", "NOT_INUSE"]


@pytest.mark.parametrize(
    ("refusal", "cause"), [("486 Busy Here", "17"), ("603 Decline", "21"), ("480 Gone", "19")]
)
@pytest.mark.parametrize(("home", "dial"), [("a", "PJSIP/101"), ("b", "PJSIP/101@gvq-b")])
async def test_why_an_agent_did_not_answer_is_the_same_over_a_trunk(
    ami: Ami, a: Box, b: Box, home: str, dial: str, refusal: str, cause: str
) -> None:
    box = {"a": a, "b": b}[home]
    async with Phone("101", box.sip, refuse=refusal), Callers(a, "sales"):
        offer_id = await offer(ami, await ami.wait("GvqJoin"), dial)
        assert (await ami.wait("Hangup", Uniqueid=offer_id))["Cause"] == cause
        answer = await ami.wait("OriginateResponse", ActionID=offer_id)
        assert answer["Response"] == "Failure"


async def test_a_cancelled_offer_stops_the_phone_as_answered_elsewhere(
    ami: Ami, a: Box, b: Box
) -> None:
    async with Phone("101", b.sip, answer_after=None) as phone, Callers(a, "sales"):
        offer_id = await offer(ami, await ami.wait("GvqJoin"), "PJSIP/101@gvq-b")
        await phone.until(lambda: bool(phone.active))
        await ami.action("Hangup", Channel=offer_id, Cause="26")
        await phone.until(lambda: not phone.active)
    assert phone.invites[0].ended_by == "cancelled"
    assert "cause=26" in phone.invites[0].reason or "elsewhere" in phone.invites[0].reason
