"""Phones that send their calls elsewhere (302), on real boxes."""

import pytest

from ami_adapter.simulator.phones import Behaviour
from tests.e2e.rig import Rig
from tests.lab.desks import call_to, desk

pytestmark = [
    pytest.mark.lab,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120, func_only=True),
]


async def forwarding(rig: Rig, to: str, box: str = "a") -> None:
    """Agent 101, whose phone at `box` sends its calls to an extension there."""
    await rig.queue()
    await rig.agent("101", box)
    desk(rig, "101").forward = to


@pytest.mark.parametrize("box", ["a", "c"])
async def test_the_call_is_followed_and_the_talk_is_the_agents(rig: Rig, box: str) -> None:
    await rig.phone("110", box)
    await forwarding(rig, "110", box)
    caller = await rig.call("a")
    connected = await rig.coordinator.happens("call.connected")
    assert connected.data["agent"] == "101"
    mobile = desk(rig, "110")
    assert mobile.active[0].caller == caller.number
    await rig.agent_is("101", state="talking")
    assert len(rig.coordinator.of("offer.made")) == 1
    mobile.hang_up(mobile.active[0])
    done = await rig.coordinator.happens("call.completed")
    assert (done.data["agent"], done.data["ended_by"]) == ("101", "agent")
    await rig.agent_is("101", state="available")
    await rig.until_ended(caller)
    assert await rig.verify() == ""


async def test_where_nobody_answers_it_rings_no_longer_than_the_queues_timeout(rig: Rig) -> None:
    await rig.queue(timeout=2)
    await rig.phone("110", "a", Behaviour("ignore"))
    await rig.agent("101", "a")
    desk(rig, "101").forward = "110"
    caller = await rig.call("a")
    ended = await rig.coordinator.happens("offer.ended", call_id=caller.call_id)
    assert ended.data["outcome"] == "no_answer"
    assert ended.data["ring_us"] < 3_000_000
    assert await rig.waiting() == [caller.call_id]


@pytest.mark.parametrize("box", ["a", "c"])
@pytest.mark.parametrize("to", ["support", "999"])
async def test_into_a_queue_or_to_nowhere_is_a_failed_ring(rig: Rig, to: str, box: str) -> None:
    await rig.queue("support")
    await forwarding(rig, to, box)
    caller = await rig.call("a")
    ended = await rig.coordinator.happens("offer.ended", call_id=caller.call_id)
    assert ended.data["outcome"] in ("rejected", "failed")
    assert await rig.waiting() == [caller.call_id]
    assert rig.coordinator.of("caller.joined", queue="support") == []


@pytest.mark.parametrize("box", ["a", "c"])
async def test_what_answers_first_is_no_way_into_a_queue_either(rig: Rig, box: str) -> None:
    await rig.queue("support")
    await forwarding(rig, "circle", box)
    caller = await rig.call("a")
    await rig.until_ended(caller)
    await rig.agent_is("101", state="available")
    assert rig.coordinator.of("caller.joined", queue="support") == []


@pytest.mark.parametrize("box", ["a", "c"])
async def test_with_option_i_it_is_not_followed(rig: Rig, box: str) -> None:
    await rig.phone("110", box)
    await forwarding(rig, "110", box)
    before = len(desk(rig, "110").invites)
    caller = await call_to(rig, "opt-i")
    ended = await rig.coordinator.happens("offer.ended", call_id=caller.call_id)
    assert ended.data["outcome"] in ("rejected", "failed")
    assert len(desk(rig, "110").invites) == before
    assert await rig.waiting() == [caller.call_id]


async def test_a_caller_who_leaves_meanwhile_ends_the_ring_there(rig: Rig) -> None:
    await rig.phone("110", "a", Behaviour("ignore"))
    await forwarding(rig, "110")
    caller = await rig.call("a")
    mobile = desk(rig, "110")
    await mobile.until(lambda: bool(mobile.active))
    await caller.hang_up()
    await mobile.until(lambda: not mobile.active)
    await rig.agent_is("101", state="available")
