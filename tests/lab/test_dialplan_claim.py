"""gvq.conf on real boxes: of all who answer one gets the caller, who is there still."""

from contextlib import AsyncExitStack

import pytest

from ami_adapter.lab import Box
from ami_adapter.lab.callers import Callers
from ami_adapter.lab.phones import Phone
from tests.lab.ami import Ami
from tests.lab.by_hand import offer, release

# Building the lab's root folder, once, is not the first test's own time.
pytestmark = [pytest.mark.lab, pytest.mark.timeout(120, func_only=True)]


async def test_of_agents_who_answer_at_once_one_gets_the_caller(ami: Ami, a: Box, b: Box) -> None:
    """I3, twenty times: three phones on two boxes pick up in the same instant."""
    dials = {"101": ("PJSIP/101", a), "102": ("PJSIP/102", a), "103": ("PJSIP/103@gvq-b", b)}
    async with AsyncExitStack() as stack:
        phones = {
            dial: await stack.enter_async_context(Phone(agent, box.sip, answer_after=None))
            for agent, (dial, box) in dials.items()
        }
        for _ in range(20):
            await _one_race(ami, a, phones)


async def _one_race(ami: Ami, box: Box, phones: dict[str, Phone]) -> None:
    await ami.idle()
    async with Callers(box, "sales"):
        join = await ami.wait("GvqJoin")
        offers = {await offer(ami, join, dial): phone for dial, phone in phones.items()}
        for phone in phones.values():
            await phone.until(lambda phone=phone: len(phone.active) == 1)  # type: ignore[misc]
        for phone in phones.values():
            phone.answer(phone.active[0])
        await ami.until(lambda: len(ami.all("Hangup")) == len(offers) - 1)
        assert [event["Cause"] for event in ami.all("Hangup")] == ["26", "26"]
        lost = [offers.pop(event["Uniqueid"]) for event in ami.all("Hangup")]
        for phone in lost:
            await phone.until(lambda phone=phone: not phone.active)  # type: ignore[misc]
        ((winner, talking),) = offers.items()
        await ami.wait("BridgeEnter", Uniqueid=winner)
        assert len(ami.all("BridgeEnter")) == 2
        talking.hang_up(talking.active[0])
        await ami.wait("Hangup", Uniqueid=join["Uniqueid"])


async def test_the_announcement_plays_to_the_agent_before_the_bridge(ami: Ami, a: Box) -> None:
    async with Phone("101", a.sip, audio=True) as phone, Callers(a, "announced"):
        offer_id = await offer(ami, await ami.wait("GvqJoin"), "PJSIP/101")
        answer = await ami.wait("GvqAnswer", Offer=offer_id)
        await phone.until(lambda: phone.heard > 3)
        assert not ami.all("BridgeEnter")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
    assert (answer["Fence"], answer["Key"], answer["Uniqueid"]) == ("1", "the-key", offer_id)


async def test_a_claim_ends_with_its_agent_and_another_may_answer(ami: Ami, a: Box) -> None:
    async with Phone("101", a.sip) as hasty, Phone("102", a.sip) as phone, Callers(a, "announced"):
        join = await ami.wait("GvqJoin")
        first = await offer(ami, join, "PJSIP/101")
        await ami.wait("GvqAnswer", Offer=first)
        hasty.hang_up(hasty.invites[0])
        await ami.wait("Hangup", Uniqueid=first)
        second = await offer(ami, join, "PJSIP/102")
        await ami.wait("BridgeEnter", Uniqueid=second)
    assert not ami.all("BridgeEnter", Uniqueid=first)
    assert phone.invites


async def test_a_caller_who_is_won_does_not_time_out_meanwhile(ami: Ami, a: Box) -> None:
    """The announcement outlasts the caller's second of waiting."""
    async with Phone("101", a.sip), Callers(a, "briefly-announced"):
        join = await ami.wait("GvqJoin")
        offer_id = await offer(ami, join, "PJSIP/101")
        await ami.wait("Newexten", Uniqueid=join["Uniqueid"], Context="gvq-leave")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
    assert not ami.all("GvqLeave")


async def test_a_caller_who_is_won_is_not_released_meanwhile(ami: Ami, a: Box) -> None:
    async with Phone("101", a.sip), Callers(a, "announced"):
        join = await ami.wait("GvqJoin")
        offer_id = await offer(ami, join, "PJSIP/101")
        await ami.wait("GvqAnswer", Offer=offer_id)
        await release(ami, join, "WITHDRAW")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
    assert not ami.all("GvqLeave")


async def test_an_offer_that_is_called_off_by_then_is_not_bridged(ami: Ami, a: Box) -> None:
    """And one that is bridged says so before: the adapter hangs up no conversation."""
    async with Phone("101", a.sip), Phone("102", a.sip), Callers(a, "announced"):
        join = await ami.wait("GvqJoin")
        first = await offer(ami, join, "PJSIP/101")
        await ami.wait("GvqAnswer", Offer=first)
        await ami.action("Setvar", Channel=first, Variable="GVQ_OFF", Value="1")
        await ami.wait("Hangup", Uniqueid=first)
        assert await ami.variable(join["Uniqueid"], "GVQ_STATE") == "waiting"
        second = await offer(ami, join, "PJSIP/102")
        await ami.wait("BridgeEnter", Uniqueid=second)
        assert await ami.variable(second, "GVQ_TALKS") == "1"
    assert not ami.all("BridgeEnter", Uniqueid=first)


async def test_a_late_answer_pulls_nobody_out_of_a_bridge(ami: Ami, a: Box) -> None:
    async with (
        Phone("101", a.sip) as phone,
        Phone("102", a.sip, answer_after=None) as late,
        Callers(a, "sales"),
    ):
        join = await ami.wait("GvqJoin")
        late_offer = await offer(ami, join, "PJSIP/102")
        await late.until(lambda: bool(late.active))
        offer_id = await offer(ami, join, "PJSIP/101")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
        late.answer(late.active[0])
        await ami.wait("Hangup", Uniqueid=late_offer)
        assert phone.active
    assert not ami.all("BridgeEnter", Uniqueid=late_offer)


async def test_a_caller_whom_another_leg_has_bridged_is_not_taken_from_it(ami: Ami, a: Box) -> None:
    """Nobody has claimed this caller: a bridge made elsewhere took it."""
    async with (
        Phone("101", a.sip, answer_after=None) as late,
        Phone("102", a.sip) as phone,
        Callers(a, "sales"),
    ):
        caller = (join := await ami.wait("GvqJoin"))["Uniqueid"]
        late_offer = await offer(ami, join, "PJSIP/101")
        await late.until(lambda: bool(late.active))
        other = {"Application": "Bridge", "Data": caller, "Async": "true"}
        await ami.action("Originate", Channel="PJSIP/102", **other)
        await ami.wait("BridgeEnter", Uniqueid=caller)
        assert await ami.variable(caller, "GVQ_TAKEN") == "nobody"
        late.answer(late.active[0])
        assert (await ami.wait("Hangup", Uniqueid=late_offer))["Cause"] == "26"
        assert phone.active
    assert not ami.all("BridgeEnter", Uniqueid=late_offer)


async def test_an_answer_for_an_earlier_visit_is_lost(ami: Ami, a: Box) -> None:
    async with Phone("101", a.sip, answer_after=None) as phone, Callers(a, "twice"):
        join = await ami.wait("GvqJoin")
        offer_id = await offer(ami, join, "PJSIP/101", visit=1)
        again = await ami.wait("GvqJoin", 2)
        assert (again["Visit"], again["Queue"]) == ("2", "support")
        phone.answer(phone.active[0])
        await ami.wait("Hangup", Uniqueid=offer_id)
        assert await ami.variable(join["Uniqueid"], "GVQ_STATE") == "waiting"
        right = await offer(ami, again, "PJSIP/101", visit=2)
        await phone.until(lambda: bool(phone.active))
        phone.answer(phone.active[0])
        await ami.wait("BridgeEnter", Uniqueid=right)


async def test_an_answer_for_a_caller_who_left_the_queue_is_lost(ami: Ami, a: Box) -> None:
    async with Phone("101", a.sip, answer_after=None) as phone, Callers(a, "voicemail"):
        join = await ami.wait("GvqJoin")
        offer_id = await offer(ami, join, "PJSIP/101")
        await ami.wait("Newexten", Uniqueid=join["Uniqueid"], Application="Wait")
        phone.answer(phone.active[0])
        assert (await ami.wait("Hangup", Uniqueid=offer_id))["Cause"] == "26"
    assert not ami.all("BridgeEnter")


async def test_an_answer_for_a_caller_who_is_gone_is_lost(ami: Ami, a: Box) -> None:
    async with Phone("101", a.sip, answer_after=None) as phone, Callers(a, "sales") as callers:
        join = await ami.wait("GvqJoin")
        offer_id = await offer(ami, join, "PJSIP/101")
        await phone.until(lambda: bool(phone.active))
        await callers.hang_up()
        await ami.wait("Hangup", Uniqueid=join["Uniqueid"])
        phone.answer(phone.active[0])
        await phone.until(lambda: not phone.active)
        await ami.wait("Hangup", Uniqueid=offer_id)
    assert "cause=26" in phone.invites[0].reason
