"""Members as callers and agents live them: autopause, a private call, a phone behind a Local."""

import pytest

from ami_adapter.simulator.phones import Behaviour
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
