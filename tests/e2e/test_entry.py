"""How callers come in and how long they stay: Queue()'s position, timeoutpriority and option n."""

import pytest

from ami_adapter.simulator.phones import Behaviour
from tests.e2e.rig import Rig

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEVER = Behaviour("ignore")
REFUSES = Behaviour("busy")


async def test_a_caller_is_placed_ahead_on_another_box_and_served_so(rig: Rig) -> None:
    await rig.queue()
    first, high = await rig.call("a"), await rig.call("b", priority=5)
    second = await rig.call("b")
    placed = await rig.call("c", position=1)
    order = [high, placed, first, second]
    assert await rig.waiting() == [caller.call_id for caller in order]
    await rig.agent("101", "b", Behaviour(talk=0.1))
    for caller in order:
        assert await rig.outcome(caller) == "answered"
    assert [ring.number for ring in rig.first_rings()] == [caller.number for caller in order]


async def test_a_phone_rings_no_longer_than_the_caller_waits(rig: Rig) -> None:
    """timeoutpriority=app: 2 s of the 15 of the queue."""
    await rig.queue(timeout=15)
    await rig.agent("101", "b", NEVER)
    caller = await rig.call("a", timeout=2)
    made = await rig.coordinator.happens("offer.made", call_id=caller.call_id)
    assert 1_000_000 < made.data["timeout_us"] <= 2_000_000, "less what has passed"
    assert await rig.outcome(caller) == "timeout"
    await rig.until_ended(caller)
    assert await rig.waiting() == []


async def test_a_ring_ends_before_the_caller_leaves(rig: Rig) -> None:
    """timeoutpriority=conf: the agent is rung for 4 s though the caller's 2 s are over."""
    await rig.queue(timeout=4, retry=5, timeoutpriority="conf")
    await rig.agent("101", "b", NEVER)
    caller = await rig.call("a", timeout=2)
    overdue = await rig.coordinator.happens("caller.overdue", call_id=caller.call_id)
    ended = await rig.coordinator.happens("offer.ended", call_id=caller.call_id)
    assert ended.data["outcome"] == "no_answer"
    assert ended.data["ring_us"] >= 3_900_000
    assert overdue.at_us < ended.at_us
    assert await rig.outcome(caller) == "timeout"
    await rig.until_ended(caller)


@pytest.mark.parametrize("own", [False, True])
async def test_a_window_opens_while_the_caller_waits(rig: Rig, own: bool) -> None:
    """By the queue's defaultrule, and by Queue()'s rule argument, which goes before it."""
    never = {"changes": [{"after_s": 3600, "max": "0"}]}
    soon = {"changes": [{"after_s": 2, "max": "+5"}]}
    await rig.coordinator.ask("PUT", "/v1/rules/patience", never if own else soon)
    await rig.coordinator.ask("PUT", "/v1/rules/soon_2", soon)
    await rig.queue(defaultrule="patience")
    await rig.agent("101", "b", sales=5)
    await rig.agent_is("101", state="available")
    caller = await rig.call("a", max_penalty=0, rule="soon_2" if own else "")
    assert await rig.answered_by(caller) == "101"
    [joined] = rig.coordinator.of("caller.joined", call_id=caller.call_id)
    [opened] = rig.coordinator.of("caller.window", call_id=caller.call_id)
    [made] = rig.coordinator.of("offer.made", call_id=caller.call_id)
    assert opened.data["max_penalty"] == 5
    assert opened.at_us - joined.at_us >= 1_000_000, "it waited for it"
    assert made.at_us >= opened.at_us


async def test_one_pass_over_the_agents_is_all(rig: Rig) -> None:
    """Option n, linear: nobody is rung twice."""
    await rig.queue(timeout=1, retry=1)
    await rig.agent("101", "a", REFUSES)
    await rig.agent("102", "c", NEVER)
    for agent in ("101", "102"):
        await rig.agent_is(agent, state="available")
    caller = await rig.call("b", once=1)
    assert await rig.outcome(caller) == "timeout"
    await rig.until_ended(caller)
    offers = rig.coordinator.of("offer.made")
    assert [offer.data["agent"] for offer in offers] == ["101", "102"]
