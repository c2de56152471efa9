"""An agent who answered and lost the caller to another has done nothing to rest for."""

import pytest

from tests.engine.conftest import Box, Line


async def ringall(line: Line) -> Box:
    """Caller 1 rings agents 101 and 102 on box a."""
    await line.queue("sales", "ringall", retry=60)
    for agent in ("101", "102"):
        await line.agent(agent, sales=0)
    a = await line.box("a", "101", "102")
    await a.join("1")
    return a


@pytest.mark.parametrize(
    ("outcome", "state", "rung"),
    [("answered_elsewhere", "available", ["102"]), ("no_answer", "resting", [])],
)
async def test_only_an_offer_lost_to_another_agent_ends_without_rest(
    line: Line, outcome: str, state: str, rung: list[str]
) -> None:
    a = await ringall(line)
    lost = next(ring for ring in await a.rings() if ring.agent == "102")
    await a.ended(lost, outcome)
    assert await a.rings() == [], "not again for the caller whom 101 has answered"
    assert await line.state("102") == state
    assert (await line.journal("offer.ended"))[-1].data["outcome"] == outcome
    await a.join("2")
    assert [ring.agent for ring in await a.rings()] == rung


async def test_a_winner_who_gives_up_before_the_bridge_leaves_the_caller_to_all(line: Line) -> None:
    a = await ringall(line)
    won, lost = await a.rings()
    await a.ended(lost, "answered_elsewhere")
    await a.ended(won, "rejected")
    assert [(ring.call_id, ring.agent) for ring in await a.rings()] == [("a-1-1", "102")]


async def test_one_who_lost_the_caller_to_nobody_of_ours_rests(line: Line) -> None:
    """Somebody took the caller's channel away from the queue: no agent is rung for it in a loop."""
    a = await ringall(line)
    first, second = await a.rings()
    await a.ended(first, "rejected")
    await a.ended(second, "answered_elsewhere")
    assert await line.state(second.agent) == "resting"
    assert await a.rings() == []
