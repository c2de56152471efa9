"""Whom each strategy rings, where app_queue is known to err, and where penalties do not count."""

import pytest

from tests.engine.conftest import Box, Line

DAY = 24 * 3600


async def staff(line: Line, strategy: str, agents: int, **settings: int) -> Box:
    """Box a with so many agents in sales, 1001 and on, added in this order."""
    await line.queue("sales", strategy, **settings)
    names = [str(1001 + number) for number in range(agents)]
    for name in names:
        await line.agent(name, sales=0)
    return await line.box("a", *names)


async def rung(box: Box, call: str) -> str:
    """Whose phone rings for a new caller, who then hangs up."""
    await box.join(call)
    (offer,) = await box.rings()
    await box.leave(call)
    await box.ended(offer)
    return offer.agent


async def served(box: Box, call: str) -> str:
    """Who takes a new caller, and has talked."""
    await box.join(call)
    (offer,) = await box.rings()
    await box.connect(offer)
    await box.complete(offer)
    return offer.agent


@pytest.mark.parametrize("strategy", ["rrmemory", "rrordered"])
async def test_round_robin_goes_round_more_than_a_thousand_members(
    line: Line, strategy: str
) -> None:
    """app_queue's order of them is a number below 1,000."""
    box = await staff(line, strategy, 1_003)
    everybody = [str(1001 + number) for number in range(1_003)]
    assert [await rung(box, str(n)) for n in range(1_005)] == [*everybody, "1001", "1002"]


async def test_round_robin_goes_on_when_the_one_rung_last_is_removed(line: Line) -> None:
    box = await staff(line, "rrmemory", 4)
    assert [await rung(box, str(n)) for n in range(2)] == ["1001", "1002"]
    await line.engine.delete_member("sales", "1002")
    assert [await rung(box, str(n)) for n in range(2, 5)] == ["1003", "1004", "1001"]


async def test_leastrecent_rings_another_after_one_who_did_not_answer(line: Line) -> None:
    """Not answering leaves the last call as it was: app_queue rings the same one again."""
    box = await staff(line, "leastrecent", 3, retry=0)
    for call in ("1", "2", "3"):
        await served(box, call)
        line.wait(1)
    await box.join("4")
    missed = []
    for _ in range(3):
        (offer,) = await box.rings()
        missed.append(offer.agent)
        await box.ended(offer)
    assert missed == ["1001", "1002", "1003"]


async def test_leastrecent_puts_never_called_before_weeks_of_idleness(line: Line) -> None:
    """app_queue's figure for an idle agent runs out after 11.6 days."""
    box = await staff(line, "leastrecent", 2)
    assert await served(box, "1") == "1001"
    line.wait(30 * DAY)
    await box.attach()
    await box.snapshot(devices={"PJSIP/1001": "NOT_INUSE", "PJSIP/1002": "NOT_INUSE"})
    assert await served(box, "2") == "1002"
    assert await served(box, "3") == "1001"


async def test_linear_starts_at_the_first_each_time(line: Line) -> None:
    box = await staff(line, "linear", 3)
    assert [await served(box, call) for call in "12"] == ["1001", "1001"]
    await line.engine.pause("1001")
    assert await served(box, "3") == "1002"


async def test_fewestcalls_counts_those_of_this_queue(line: Line) -> None:
    """1001 has talked more often, but not here."""
    box = await staff(line, "fewestcalls", 2)
    await line.queue("help", "linear")
    await line.engine.put_member("help", "1001")
    for call in ("1", "2"):
        await box.join(call, "help")
        (offer,) = await box.rings()
        await box.connect(offer)
        await box.complete(offer)
    assert [await served(box, call) for call in "345"] == ["1001", "1002", "1001"]


@pytest.mark.parametrize(
    ("bounds", "wanted"),
    [
        ({"min_penalty": 1}, "1005"),
        ({"min_penalty": 6}, "1009"),
        ({"min_penalty": 5, "max_penalty": 7}, "1005"),
        ({"min_penalty": 9, "raise_penalty": 9}, "1000"),
    ],
)
async def test_a_window_begins_at_its_min(line: Line, bounds: dict[str, int], wanted: str) -> None:
    """A raise lifts who is below it: all have penalty 9 in the last case."""
    await line.queue("sales", "linear")
    for penalty in (0, 5, 9):
        await line.agent(f"100{penalty}", sales=penalty)
    box = await line.box("a", "1000", "1005", "1009")
    await box.join("1", "sales", 0, **bounds)
    assert [offer.agent for offer in await box.rings()] == [wanted]


@pytest.mark.parametrize("later", ["sales", "help"])
async def test_queues_of_one_weight_are_one_line(line: Line, later: str) -> None:
    """Of both queues of an agent the longest waiting caller comes first, then by priority."""
    box = await staff(line, "linear", 1)
    await line.queue("help", "linear")
    await line.engine.put_member("help", "1001")
    await line.engine.pause("1001")
    first = {"sales": "help", "help": "sales"}[later]
    await box.join("1", first)
    await box.join("2", later)
    await box.join("3", later, priority=1)
    await line.engine.unpause("1001")
    taken = []
    for _ in range(3):
        (offer,) = await box.rings()
        taken.append(offer.call_id)
        await box.connect(offer)
        await box.complete(offer)
    assert taken == ["a-3-1", "a-1-1", "a-2-1"]


async def test_after_a_miss_the_caller_goes_on_and_the_agent_rests(line: Line) -> None:
    box = await staff(line, "linear", 2, retry=5)
    await box.join("1")
    (missed,) = await box.rings()
    await box.ended(missed)
    (second,) = await box.rings()
    assert (missed.agent, second.agent) == ("1001", "1002"), "at once"
    await box.ended(second)
    assert await box.rings() == []
    await line.pass_time(4.9, box)
    assert (await line.state("1001"), await line.order()) == ("resting", ["a-1-1"])
    await line.pass_time(0.2, box)
    assert [offer.agent for offer in await box.rings()] == ["1001"]


async def test_penalties_do_not_count_among_few_members(line: Line) -> None:
    await line.queue("sales", "linear", penaltymemberslimit=2, retry=0)
    await line.agent("1001", sales=9)
    await line.agent("1002", sales=0)
    box = await line.box("a", "1001", "1002", "1003")
    assert await rung(box, "1") == "1001"
    await box.join("2", max_penalty=0)
    (offer,) = await box.rings()
    assert offer.agent == "1001", "no window shuts anybody out"
    await box.leave("2")
    await box.ended(offer)
    await line.agent("1003", sales=0)
    assert await rung(box, "3") == "1002", "with three members they count"
