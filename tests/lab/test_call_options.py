"""Queue()'s options during the talk, on real boxes: keys as a phone sends them (RFC 4733)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ami_adapter.lab.desk import DeskPhone, Line
from ami_adapter.simulator.phones import Behaviour
from tests.e2e.rig import Rig
from tests.lab.desks import call_to, desk, onlooker, recordings
from tests.waiting import eventually

pytestmark = [
    pytest.mark.lab,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120, func_only=True),
]


@pytest.mark.parametrize(("options", "who"), [("ch", "agent"), ("cH", "caller")])
async def test_h_lets_the_agent_and_capital_h_the_caller_hang_up_by_star(
    rig: Rig, options: str, who: str
) -> None:
    await rig.queue()
    await rig.agent("101", "a")
    caller = await call_to(rig, f"opt-{options}")
    connected = await rig.coordinator.happens("call.connected", call_id=caller.call_id)
    phone, ami = desk(rig, "101"), onlooker(rig)
    channel = {"agent": "offer_id", "caller": "uniqueid"}
    ami.events.clear()
    # Who may not, presses first.
    other = connected.data[channel["caller" if who == "agent" else "agent"]]
    await ami.action("PlayDTMF", Channel=other, Digit="*", Receive="true")
    await ami.wait("DTMFEnd", Uniqueid=other, Direction="Received")
    assert phone.active
    if who == "agent":
        await phone.press(phone.active[0], "*")
    else:
        mine = connected.data["uniqueid"]
        await ami.action("PlayDTMF", Channel=mine, Digit="*", Receive="true")
    await rig.coordinator.happens("call.completed", call_id=caller.call_id)
    await phone.until(lambda: not phone.active)


async def test_t_lets_the_agent_transfer_by_keys(rig: Rig) -> None:
    await rig.queue()
    await rig.agent("101", "a")
    await rig.phone("110", "a")
    caller = await call_to(rig, "opt-t")
    await rig.answered_by(caller)
    phone = desk(rig, "101")
    # An extension of the agent's context; # is Asterisk's own default for a blind transfer.
    await phone.press(phone.active[0], "#")
    await phone.press(phone.active[0], "110")
    done = await rig.coordinator.happens("call.completed", call_id=caller.call_id)
    assert done.data["ended_by"] == "transfer"
    await rig.agent_is("101", state="available")


@asynccontextmanager
async def talks(rig: Rig, extension: str) -> AsyncIterator[tuple[DeskPhone, Line]]:
    """A caller with a phone of its own, 110, who talks with agent 101 at box a."""
    await rig.queue()
    await rig.agent("101", "a")
    await rig.phone("110", "a")
    onlooker(rig).events.clear()
    customer = desk(rig, "110")
    line = await customer.call(extension)
    try:
        await rig.coordinator.happens("call.connected")
        yield customer, line
    finally:
        customer.close(line)
        for call in desk(rig, "101").active:
            desk(rig, "101").hang_up(call)


async def pressed(rig: Rig, customer: DeskPhone, line: Line, who: str, keys: str) -> None:
    """Who may not presses first, and then who may."""
    phone = desk(rig, "101")
    if who == "agent":
        await customer.press(line, keys)
        await phone.press(phone.active[0], keys)
    else:
        await phone.press(phone.active[0], keys)
        await customer.press(line, keys)


async def test_capital_t_lets_the_caller_transfer_by_keys(rig: Rig) -> None:
    async with talks(rig, "opt-T") as (customer, line):
        await rig.phone("102", "a")
        await pressed(rig, customer, line, "caller", "#")
        await customer.press(line, "102")
        await desk(rig, "102").until(lambda: bool(desk(rig, "102").active))
        done = await rig.coordinator.happens("call.completed")
        assert done.data["ended_by"] == "transfer"
        await rig.agent_is("101", state="in_use")
        await customer.until(lambda: line.ended)


@pytest.mark.parametrize(("options", "who"), [("ck", "agent"), ("cK", "caller")])
async def test_k_lets_the_agent_and_capital_k_the_caller_park(
    rig: Rig, options: str, who: str
) -> None:
    async with talks(rig, f"opt-{options}") as (customer, line):
        await pressed(rig, customer, line, who, "*7")
        parked = await onlooker(rig).wait("ParkedCall")
        assert parked["ParkeeChannel"].startswith("PJSIP/110" if who == "agent" else "PJSIP/101")
        if who == "agent":
            await rig.agent_is("101", state="available")
            assert not line.ended
    await rig.coordinator.happens("call.completed")
    assert await rig.verify() == ""


@pytest.mark.parametrize(("options", "who"), [("x", "agent"), ("X", "caller")])
async def test_x_lets_the_agent_and_capital_x_the_caller_record(
    rig: Rig, options: str, who: str
) -> None:
    async with talks(rig, f"opt-{options}") as (customer, line):
        await pressed(rig, customer, line, who, "*3")
        await onlooker(rig).wait("MixMonitorStart")
        customer.speak(line)

        async def recorded() -> bool:
            return any(path.stat().st_size > 2_000 for path in recordings(rig, "auto-"))

        await eventually(recorded, 4)


@pytest.mark.parametrize(("options", "shown"), [("c", "opt-c"), ("cI", "")])
async def test_the_callers_phone_shows_what_was_called_and_with_capital_i_what_it_did(
    rig: Rig, options: str, shown: str
) -> None:
    async with talks(rig, f"opt-{options}"):
        uniqueid = (await rig.coordinator.happens("call.connected")).data["uniqueid"]
        assert await onlooker(rig).variable(uniqueid, "CONNECTEDLINE(num)") == shown


async def test_capital_r_rings_for_the_caller_while_a_phone_rings(rig: Rig) -> None:
    await rig.queue(timeout=3, retry=3)
    ami = onlooker(rig)
    ami.events.clear()
    caller = await call_to(rig, "opt-cR")
    uniqueid = (await rig.coordinator.happens("caller.joined")).data["uniqueid"]
    await ami.wait("MusicOnHoldStart", Uniqueid=uniqueid)
    await rig.agent("101", "a", Behaviour("ignore"))
    await rig.coordinator.happens("offer.made", call_id=caller.call_id)
    await ami.wait("MusicOnHoldStop", Uniqueid=uniqueid)
    await ami.wait("Newexten", Uniqueid=uniqueid, AppData="1?Ringing():StartMusicOnHold()")
    await rig.coordinator.happens("offer.ended", call_id=caller.call_id)
    await ami.wait("MusicOnHoldStart", 2, Uniqueid=uniqueid)
