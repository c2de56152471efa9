"""Members as callers and agents live them: autopause, a private call, a phone behind a Local."""

import pytest

from ami_adapter.simulator.phones import Behaviour
from tests.e2e.lab_site import REAL, LabSite, SipPhone
from tests.e2e.rig import Rig

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEVER = Behaviour("ignore")


async def test_a_phone_that_does_not_answer_is_paused_and_the_next_rings(rig: Rig) -> None:
    await rig.queue(timeout=1, autopause="yes")
    await rig.agent("101", "a", NEVER)
    await rig.agent("102", "b")
    first = await rig.call("c")
    assert await rig.answered_by(first) == "102"
    shown = await rig.coordinator.ask("GET", "/v1/agents/101")
    member = shown["memberships"]["sales"]
    assert (member["paused"], member["pause_reason"]) == (True, "Auto-Pause")
    second = await rig.call("a")
    assert rig.rung(second) == []
    rig.phones["101"].behave(Behaviour())
    await rig.coordinator.ask("POST", "/v1/queues/sales/members/101/unpause")
    assert await rig.answered_by(second) == "101"
    assert await rig.verify() == ""


@REAL
async def test_an_agent_behind_a_local_serves_callers_of_two_boxes(rig: Rig) -> None:
    await rig.queue()
    await rig.phone("104", "b", Behaviour(talk=0.3))
    body = {"interface": "Local/104@agents/n", "state_interface": "PJSIP/104"}
    await rig.coordinator.ask("PUT", "/v1/agents/ann", body)
    await rig.coordinator.ask("PUT", "/v1/queues/sales/members/ann", {})
    await rig.coordinator.ask("POST", "/v1/agents/ann/login")
    await rig.agent_is("ann", home="b", state="available")
    for box in "ab":
        caller = await rig.call(box)
        connected = await rig.coordinator.happens("call.connected", call_id=caller.call_id)
        assert connected.data["agent"] == "ann"
        assert await rig.outcome(caller) == "answered"
        assert rig.rung(caller) == ["104"]


@REAL
async def test_an_agent_in_a_private_call_is_rung_where_that_does_not_bar_it(rig: Rig) -> None:
    assert isinstance(rig.site, LabSite)
    await rig.queue("support", ringinuse=False)
    await rig.queue("sales", ringinuse=True)
    phone = await rig.agent("101", "a", sales=0, support=0)
    assert isinstance(phone, SipPhone)
    phone.phone.call_waiting = True
    await rig.site.engage("101", "a")
    await rig.agent_is("101", state="in_use")
    other = await rig.call("b", "support")
    caller = await rig.call("b")
    assert await rig.answered_by(caller) == "101"
    assert rig.rung(other) == []
    assert await rig.waiting("support") == [other.call_id]
