"""Queue()'s options during the talk, on real boxes: keys as a phone sends them (RFC 4733)."""

import pytest

from tests.e2e.rig import Rig
from tests.lab.desks import call_to, desk, onlooker

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


async def test_capital_r_rings_for_the_caller_while_a_phone_rings(rig: Rig) -> None:
    await rig.queue()
    ami = onlooker(rig)
    ami.events.clear()
    caller = await call_to(rig, "opt-R")
    await ami.wait("MusicOnHoldStart")
    await rig.agent("101", "a")
    await rig.answered_by(caller)
