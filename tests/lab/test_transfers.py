"""Transfers by the agent on real boxes: SIP REFER from a phone, and what the line makes of it."""

import pytest

from tests.e2e.rig import Caller, Rig
from tests.lab.desks import call_to, desk, logged, onlooker
from tests.lab.heard import words
from tests.waiting import eventually

pytestmark = [
    pytest.mark.lab,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120, func_only=True),
]


async def talking(rig: Rig, box: str = "a") -> Caller:
    """A caller of box a who talks with agent 101 of `box`; there is a queue "support" too."""
    await rig.queue()
    await rig.queue("support")
    await rig.agent("101", box)
    caller = await rig.call("a")
    assert await rig.answered_by(caller) == "101"
    return caller


#: To a phone that has answered: its Dial() may have bridged it by then, or not yet.
TO_A_PHONE = ("attended|BRIDGE|", "attended|APP|Dial")


async def transferred(rig: Rig, caller: Caller, *where: str) -> None:
    """Wait until the talk is over by this transfer and agent 101 is free again."""
    done = await rig.coordinator.happens("call.completed", call_id=caller.call_id)
    assert (done.data["agent"], done.data["ended_by"]) == ("101", "transfer")
    assert done.data["transfer"].startswith(where)
    await rig.agent_is("101", state="available")


async def test_blind_to_an_extension(rig: Rig) -> None:
    caller = await talking(rig)
    phone = desk(rig, "101")
    phone.transfer(phone.active[0], "plain")
    await transferred(rig, caller, "blind|plain|from-agent")
    assert not caller.person.ended
    await logged(rig, caller, "BLINDTRANSFER|plain|from-agent|0|0|1")


async def test_blind_by_a_phone_that_was_rung_by_option_b(rig: Rig) -> None:
    await rig.queue()
    await rig.agent("101", "a")
    caller = await call_to(rig, "subs")
    assert await rig.answered_by(caller) == "101"
    phone = desk(rig, "101")
    phone.transfer(phone.active[0], "plain")
    await transferred(rig, caller, "blind|plain|from-agent")
    assert not caller.person.ended
    [joined] = rig.coordinator.of("caller.joined", call_id=caller.call_id)
    ami, uniqueid = onlooker(rig), joined.data["uniqueid"]

    async def let_go() -> bool:
        return await ami.variable(uniqueid, "GVQ_STATUS") == "WITHDRAW"

    await eventually(let_go)
    # The Local channel lives on; no snapshot brings the talk back.
    await rig.kill_adapter("a")
    await rig.adapters["a"].start()
    await rig.attached()
    await rig.agent_is("101", state="available")
    assert await rig.verify() == ""


async def talking_elsewhere(rig: Rig, box: str) -> Caller:
    """A caller of box a who talks with phone 110, to which agent 101 of `box` sends its calls."""
    await rig.queue()
    await rig.queue("support")
    await rig.agent("101", box)
    await rig.phone("110", box)
    desk(rig, "101").forward = "110"
    caller = await rig.call("a")
    assert await rig.outcome(caller) == "answered"
    return caller


@pytest.mark.parametrize("box", ["a", "c"])
@pytest.mark.parametrize("voice", ["silent", "heard"])
async def test_blind_by_the_phone_that_another_sends_its_calls_to(
    rig: Rig, box: str, voice: str
) -> None:
    """Once something is said, the Local channel by which Asterisk has followed leaves the call."""
    await rig.site.listen("c")
    onlooker(rig, "c").events.clear()
    caller = await talking_elsewhere(rig, box)
    mobile = desk(rig, "110")
    if voice == "heard":
        mobile.speak(mobile.active[0])
    if (voice, box) == ("heard", "c"):
        await onlooker(rig, "c").wait("LocalOptimizationEnd")
    mobile.transfer(mobile.active[0], "plain")
    await transferred(rig, caller, "blind|plain|from-agent")
    assert not caller.person.ended
    assert await rig.verify() == ""


@pytest.mark.parametrize("box", ["a", "c"])
async def test_attended_by_the_phone_that_another_sends_its_calls_to(rig: Rig, box: str) -> None:
    caller = await talking_elsewhere(rig, box)
    mobile = desk(rig, "110")
    line = await mobile.call("support")
    place = await rig.coordinator.happens("caller.joined", queue="support")
    mobile.hand_over(mobile.active[0], line)
    await transferred(rig, caller, "attended|APP|Queue")
    now = await rig.coordinator.happens("caller.replaced", call_id=place.data["call_id"])
    assert now.data["caller_id_num"] == caller.number
    assert await rig.verify() == ""


async def test_blind_to_another_agents_phone(rig: Rig) -> None:
    caller = await talking(rig)
    await rig.agent("102", "a")
    phone = desk(rig, "101")
    phone.transfer(phone.active[0], "102")
    await transferred(rig, caller, "blind|102|from-agent")
    await rig.agent_is("102", state="in_use")
    assert rig.coordinator.of("call.connected", agent="102") == []


@pytest.mark.parametrize("box", ["a", "c"])
async def test_blind_back_to_a_queue(rig: Rig, box: str) -> None:
    """The caller joins anew; who talked with an agent of another box does so on that box."""
    caller = await talking(rig, box)
    phone = desk(rig, "101")
    phone.transfer(phone.active[0], "support")
    await transferred(rig, caller, "blind|support|from-agent")
    again = await rig.coordinator.happens("caller.joined", queue="support")
    assert (again.data["box"], again.data["caller_id_num"]) == (box, caller.number)
    await rig.agent("102", "b", support=0)
    connected = await rig.coordinator.happens("call.connected", queue="support")
    assert connected.data["agent"] == "102"
    await caller.hang_up()
    done = await rig.coordinator.happens("call.completed", queue="support")
    assert done.data["ended_by"] == "caller"
    assert await rig.verify() == ""


async def test_attended_to_another_agents_phone(rig: Rig) -> None:
    caller = await talking(rig)
    await rig.agent("102", "a")
    phone = desk(rig, "101")
    line = await phone.call("102")
    phone.hand_over(phone.active[0], line)
    await transferred(rig, caller, *TO_A_PHONE)
    await rig.agent_is("102", state="in_use")
    await caller.hang_up()
    await rig.agent_is("102", state="available")
    assert len(rig.coordinator.of("call.completed")) == 1


@pytest.mark.parametrize("box", ["a", "c"])
async def test_attended_into_a_waiting_place(rig: Rig, box: str) -> None:
    """The caller gets the place that its agent has waited in, ahead of who came later."""
    caller = await talking(rig, box)
    phone = desk(rig, "101")
    line = await phone.call("support")
    place = await rig.coordinator.happens("caller.joined", queue="support")
    later = await rig.call("b", "support")
    phone.hand_over(phone.active[0], line)
    await transferred(rig, caller, "attended|APP|Queue")
    now = await rig.coordinator.happens("caller.replaced", call_id=place.data["call_id"])
    assert now.data["caller_id_num"] == caller.number
    assert await rig.waiting("support") == [place.data["call_id"], later.call_id]
    await rig.agent("102", "b", support=0)
    connected = await rig.coordinator.happens("call.connected", queue="support")
    assert connected.data["call_id"] == place.data["call_id"]
    assert desk(rig, "102").active[0].caller == caller.number
    await caller.hang_up()
    done = await rig.coordinator.happens("call.completed", queue="support")
    assert (done.data["agent"], done.data["ended_by"]) == ("102", "caller")
    assert await rig.verify() == ""


async def test_who_was_transferred_into_a_waiting_place_hears_its_music(rig: Rig) -> None:
    await rig.queue()
    await rig.queue("support")
    await rig.agent("101", "a")
    await rig.phone("110", "a")
    customer, phone = desk(rig, "110"), desk(rig, "101")
    held = await customer.call("sales")
    await rig.coordinator.happens("call.connected")
    line = await phone.call("support")
    ami = onlooker(rig)
    await ami.wait("MusicOnHoldStart", CallerIDNum="101")
    phone.hand_over(phone.active[0], line)
    await rig.coordinator.happens("caller.replaced", caller_id_num="110")
    await phone.until(lambda: line.ended)
    before = customer.heard
    await customer.until(lambda: customer.heard > before + 20)
    customer.close(held)
    left = await rig.coordinator.happens("caller.left", queue="support")
    assert left.data["outcome"] == "abandoned"


async def test_attended_into_a_place_for_which_a_phone_rings(rig: Rig) -> None:
    caller = await talking(rig)
    await rig.agent("102", "b", support=0)
    ringing = desk(rig, "102")
    ringing.answer_after = None
    phone = desk(rig, "101")
    line = await phone.call("support")
    await ringing.until(lambda: bool(ringing.active))
    phone.hand_over(phone.active[0], line)
    await transferred(rig, caller, "attended|APP|Queue")
    ringing.answer(ringing.active[0])
    connected = await rig.coordinator.happens("call.connected", queue="support")
    assert connected.data["agent"] == "102"
    assert not caller.person.ended
    assert len(rig.coordinator.of("offer.made", queue="support")) == 1


@pytest.mark.parametrize("adapter", ["stays", "restarts"])
async def test_attended_after_another_agent_has_answered(rig: Rig, adapter: str) -> None:
    """The second agent's talk goes on with the caller, and ends with it."""
    caller = await talking(rig)
    await rig.agent("102", "b", support=0)
    phone = desk(rig, "101")
    line = await phone.call("support")
    second = await rig.coordinator.happens("call.connected", queue="support")
    phone.hand_over(phone.active[0], line)
    await transferred(rig, caller, "attended|BRIDGE|")
    await rig.coordinator.happens("caller.replaced", call_id=second.data["call_id"])
    await rig.agent_is("102", state="talking")
    if adapter == "restarts":
        await rig.kill_adapter("a")
        await rig.adapters["a"].start()
        await rig.attached()
        await rig.agent_is("102", state="talking")
    await caller.hang_up()
    done = await rig.coordinator.happens("call.completed", queue="support")
    assert done.data["agent"] == "102"
    assert done.data["ended_by"] == ("caller" if adapter == "stays" else "agent")
    await rig.agent_is("102", state="available")
    assert await rig.verify() == ""


async def test_a_transfer_while_the_adapter_is_away_costs_no_place(rig: Rig) -> None:
    caller = await talking(rig)
    phone = desk(rig, "101")
    line = await phone.call("support")
    place = await rig.coordinator.happens("caller.joined", queue="support")
    await rig.kill_adapter("a")
    phone.hand_over(phone.active[0], line)
    await phone.until(lambda: line.ended)
    await rig.adapters["a"].start()
    await rig.attached()
    assert await rig.waiting("support") == [place.data["call_id"]]
    await rig.agent("102", "b", support=0)
    await rig.coordinator.happens("call.connected", call_id=place.data["call_id"])
    assert not caller.person.ended
    assert await rig.verify() == ""


@pytest.mark.parametrize("moment", ["waiting", "words", "won"])
async def test_attended_at_any_moment_loses_nobody_and_keeps_the_order(
    rig: Rig, moment: str
) -> None:
    """As soon as it waits; while words are said; while who has won the place hears words."""
    caller = await talking(rig)
    ami = onlooker(rig)
    said = {"announce_frequency": 15, "announce_to_first_user": True} if moment == "words" else {}
    await rig.queue("support", announce="demo-thanks" * (moment == "won"), **said)
    if moment == "won":
        await rig.agent("102", "a", support=0)
    ami.events.clear()
    phone = desk(rig, "101")
    line = await phone.call("support")
    if moment == "words":
        await ami.until(lambda: "queue-youarenext" in words(ami.events, "CallerIDNum", "101"))
    elif moment == "won":
        await rig.coordinator.happens("offer.claimed")
    place = await rig.coordinator.happens("caller.joined", queue="support")
    phone.hand_over(phone.active[0], line)
    await transferred(rig, caller, "attended|APP|Queue")
    later = await rig.call("b", "support")
    now = await rig.coordinator.happens("caller.replaced", call_id=place.data["call_id"])
    assert now.data["caller_id_num"] == caller.number
    if moment != "won":
        assert await rig.waiting("support") == [place.data["call_id"], later.call_id]
        await rig.agent("102", "a", support=0)
    first = await rig.coordinator.happens("call.connected", queue="support")
    assert first.data["call_id"] == place.data["call_id"]
    assert not caller.person.ended
    await caller.hang_up()
    await rig.coordinator.happens("call.connected", call_id=later.call_id)
    assert await rig.verify() == ""
