"""Calls as callers and agents live them, over three boxes."""


from ami_adapter.simulator.phones import Behaviour
from tests.e2e.rig import Rig

NEVER = Behaviour("ignore")


async def test_a_caller_and_an_agent_on_one_box(rig: Rig) -> None:
    await rig.queue()
    await rig.agent("101", "a", Behaviour(talk=0.3))
    caller = await rig.call("a")
    assert await rig.answered_by(caller) == "101"
    done = await rig.coordinator.happens("call.completed", call_id=caller.call_id)
    assert done.data["ended_by"] == "agent"
    assert await rig.outcome(caller) == "answered"


async def test_an_agent_on_another_box_is_reached_over_the_trunk(rig: Rig) -> None:
    await rig.queue()
    await rig.agent("101", "c")
    caller = await rig.call("a")
    assert await rig.answered_by(caller) == "101"
    await caller.hang_up()
    done = await rig.coordinator.happens("call.completed", call_id=caller.call_id)
    assert done.data["ended_by"] == "caller"
    await rig.agent_is("101", state="available")
