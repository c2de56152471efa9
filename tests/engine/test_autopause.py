"""Autopause: who does not answer is paused, and stays so until a person ends it."""

from dataclasses import replace

import pytest

from coordinator.line.types import MemberSettings, Membership, QueueSettings
from tests.engine.conftest import Box, Line

LINEAR = QueueSettings(strategy="linear")


async def miss(line: Line, box: Box, outcome: str = "no_answer") -> None:
    """The one who rings does not answer, and has rested."""
    (offer,) = await box.rings()
    await box.ended(offer, outcome)
    await line.pass_time(6, box)


async def one_agent(line: Line, **settings: int | str) -> Box:
    """Agent 101 is rung for caller 1 of sales; help is its other queue."""
    await line.engine.put_queue("sales", replace(LINEAR, **settings))  # type: ignore[arg-type]
    await line.queue("help")
    a = await line.box("a", "101")
    await line.agent("101", sales=0, help=0)
    await a.join("1")
    return a


async def member(line: Line, queue: str = "sales") -> Membership:
    return (await line.engine.agent("101")).memberships[queue]


async def test_yes_pauses_in_that_queue(line: Line) -> None:
    a = await one_agent(line, autopause="yes")
    await miss(line, a)
    assert await a.rings() == []
    here = await member(line)
    assert (here.paused, here.autopaused, here.reason) == (True, True, "Auto-Pause")
    assert not (await member(line, "help")).paused
    (entry,) = [e for e in await line.journal("member.changed") if e.data["change"] == "pause"]
    assert (entry.data["by"], entry.data["reason"]) == ("autopause", "Auto-Pause")


async def test_the_next_agent_rings(line: Line) -> None:
    a = await one_agent(line, autopause="yes")
    await a.device("102")
    await line.agent("102", sales=0)
    (offer,) = await a.rings()
    await a.ended(offer, "no_answer")
    assert [o.agent for o in await a.rings()] == ["102"]


async def test_all_pauses_everywhere(line: Line) -> None:
    a = await one_agent(line, autopause="all")
    await miss(line, a)
    view = await line.engine.agent("101")
    assert (view.state, view.reason, view.autopaused) == ("paused", "Auto-Pause", True)
    (entry,) = [e for e in await line.journal("agent.changed") if e.data["change"] == "pause"]
    assert (entry.data["by"], entry.data["queues"]) == ("autopause", ["help", "sales"])


@pytest.mark.parametrize(
    ("settings", "outcome", "paused"),
    [
        ({}, "no_answer", False),
        ({"autopause": "no"}, "no_answer", False),
        ({"autopause": "yes"}, "rejected", True),
        ({"autopause": "yes"}, "busy", False),
        ({"autopause": "yes", "autopausebusy": True}, "busy", True),
        ({"autopause": "yes"}, "failed", False),
        ({"autopause": "yes", "autopauseunavail": True}, "failed", True),
        ({"autopause": "yes"}, "answered_elsewhere", False),
    ],
)
async def test_what_counts_as_a_miss(
    line: Line, settings: dict[str, int | str], outcome: str, paused: bool
) -> None:
    a = await one_agent(line, **settings)
    (offer,) = await a.rings()
    await a.ended(offer, outcome)
    assert (await member(line)).paused is paused


async def test_a_caller_who_hangs_up_pauses_nobody(line: Line) -> None:
    a = await one_agent(line, autopause="yes")
    await a.leave("1")
    assert not (await member(line)).paused


async def test_an_agent_who_had_answered_has_not_missed(line: Line) -> None:
    a = await one_agent(line, autopause="yes")
    (offer,) = await a.rings()
    await line.engine.answer(a.origin(), offer.offer_id, offer.fence)
    await a.ended(offer, "rejected")
    assert not (await member(line)).paused


async def test_a_box_gone_silent_pauses_nobody(line: Line) -> None:
    """Nobody knows whether the phone rang."""
    await one_agent(line, autopause="yes")
    line.wait(20)
    await line.engine.tick()
    assert [e.data["outcome"] for e in await line.journal("offer.ended")] == ["expired"]
    assert not (await member(line)).paused


async def test_only_after_so_many_in_a_row(line: Line) -> None:
    a = await one_agent(line, autopause="yes", autopause_after=3)
    await miss(line, a)
    await miss(line, a)
    (offer,) = await a.rings()
    await a.connect(offer)
    await a.complete(offer)
    await a.join("2")
    for left in (3, 2, 1):
        assert not (await member(line)).paused, f"a talk set the count back: {left} to go"
        await miss(line, a)
    assert (await member(line)).paused


async def test_not_so_soon_after_a_call(line: Line) -> None:
    a = await one_agent(line, autopause="yes", autopausedelay=10)
    (offer,) = await a.rings()
    await a.connect(offer)
    await a.complete(offer)
    await a.join("2")
    await miss(line, a)
    assert not (await member(line)).paused
    await line.pass_time(4, a)
    await miss(line, a)
    assert (await member(line)).paused


async def test_the_delay_needs_a_call(line: Line) -> None:
    a = await one_agent(line, autopause="yes", autopausedelay=60)
    await miss(line, a)
    assert (await member(line)).paused


@pytest.mark.parametrize("mode", ["yes", "all"])
async def test_a_mirror_leaves_it_and_a_person_ends_it(line: Line, mode: str) -> None:
    a = await one_agent(line, autopause=mode)
    await miss(line, a)
    await line.engine.put_members([("sales", "101", MemberSettings())])
    await line.engine.change_agents([("101", "end_pause", ""), ("101", "login", "")])
    assert await a.rings() == []
    await line.engine.unpause("101", queue="sales")
    assert [o.agent for o in await a.rings()] == ["101"]
    others = (await member(line, "help")).paused
    assert others is (mode == "all"), "it stays paused where nobody has ended it"


async def test_after_an_unpause_it_counts_anew(line: Line) -> None:
    a = await one_agent(line, autopause="yes", autopause_after=2)
    await miss(line, a)
    await miss(line, a)
    await line.engine.unpause("101")
    await miss(line, a)
    assert not (await member(line)).paused
