"""Queue()'s position: ahead of others, past nobody of higher priority, on any box, for good."""

import pytest

from coordinator.audit import audit
from coordinator.protocol import KeepTicket
from tests.engine.conftest import Box, Line

RANK = 1_800_000_000 * 1_000_000


@pytest.fixture
async def a(line: Line) -> Box:
    await line.queue("sales")
    return await line.box("a")


async def the_journal_is_sound(line: Line) -> None:
    report = audit(await line.journal())
    assert [violation.sentence for violation in report.violations] == []


async def joined(line: Line, box: Box, *names: str, **more: int) -> None:
    for name in names:
        await box.join(name, "sales", 0, **more)
        line.wait(1)


@pytest.mark.parametrize(
    ("position", "order"),
    [
        (1, "high new one two low"), (2, "high new one two low"), (3, "high one new two low"),
        (4, "high one two new low"), (9, "high one two new low"),
    ],
)  # fmt: skip
async def test_it_is_placed_among_equals(line: Line, a: Box, position: int, order: str) -> None:
    b = await line.box("b")
    await joined(line, a, "one")
    await joined(line, b, "two")
    await joined(line, b, "high", priority=2)
    await joined(line, a, "low", priority=-1)

    reply = await b.join("new", position=position)

    names = [call.split("-")[1] for call in await line.order()]
    assert names == order.split()
    assert reply.data["position"] == str(order.split().index("new") + 1)
    await the_journal_is_sound(line)


async def test_above_those_of_lower_priority_only_the_tail_of_its_own(line: Line, a: Box) -> None:
    await joined(line, a, "low", "low2", priority=-1)
    await joined(line, a, "new", position=2)
    assert await line.order() == ["a-new-1", "a-low-1", "a-low2-1"]


async def test_how_long_it_has_waited_is_its_own(line: Line, a: Box) -> None:
    await joined(line, a, "one")
    line.wait(60)
    await a.join("new", position=1)
    line.wait(5)
    new, one = await line.engine.callers("sales")
    assert (new.call_id, line.now - new.joined_us) == ("a-new-1", 5_000_000)
    assert new.rank == one.rank - 1


async def test_one_who_joined_in_an_outage_is_not_placed_behind_its_time(
    line: Line, a: Box
) -> None:
    await joined(line, a, "one", "two")
    b = await line.box("b")
    await b.join("early", age_us=1_500_000, position=3)
    assert await line.order() == ["a-one-1", "b-early-1", "a-two-1"]


@pytest.mark.parametrize("name", ["zz", "aa"])
async def test_where_no_rank_is_free_others_make_room(line: Line, name: str) -> None:
    """Several boxes at one µs: ranks are equal, call ids decide."""
    await line.queue("sales")
    boxes = [await line.box(box) for box in ("k", "l", "m")]
    for box in boxes:
        await box.join("x")
        await box.join("y")  # a µs later: ranks within a box never are the same
    assert await line.order() == [f"{box}-{n}-1" for n in "xy" for box in "klm"]
    other = await line.box("z" if name == "zz" else "b")
    line.wait(1)

    for position in (4, 2, 2, 6):
        await other.join(f"{name}{position}{len(await line.order())}", position=position)

    order = [call.split("-")[1] for call in await line.order()]
    assert [n for n in order if n in "xy"] == ["x", "x", "x", "y", "y", "y"]
    assert [n[: len(name) + 1] for n in order] == [
        "x", f"{name}2", f"{name}2", "x", "x", f"{name}6", f"{name}4", "y", "y", "y",
    ]  # fmt: skip
    await the_journal_is_sound(line)


async def test_who_makes_room_is_told_its_new_ticket(line: Line) -> None:
    await line.queue("sales")
    m, n = await line.box("m"), await line.box("n")
    await m.join("1")
    await n.join("1")
    z = await line.box("z")
    await z.join("1", position=2)

    assert await line.order() == ["m-1-1", "z-1-1", "n-1-1"]
    (ticket,) = await n.commands()
    (moved,) = await line.journal("caller.moved")
    assert isinstance(ticket, KeepTicket)
    assert (moved.data["by"], moved.data["rank"], moved.data["position"]) == (
        "placed",
        ticket.rank,
        2,
    )
    await the_journal_is_sound(line)


async def test_its_place_survives_an_emptied_line(line: Line, a: Box) -> None:
    await joined(line, a, "one", "two")
    await a.join("new", position=2)
    held = [(c.call_id, c.rank) for c in await line.engine.callers("sales")]
    calls = [
        {"join": a.call(call.split("-")[1], position=2), "age_us": 1, "rank": rank}
        for call, rank in held
    ]
    async for key in line.redis.scan_iter(f"gvq:{{{line.tenant}}}:*"):
        await line.redis.delete(key)
    await line.engine.mirrored("run-1")
    await line.queue("sales")
    await a.attach(a.epoch + 1)
    await a.snapshot(calls)  # type: ignore[arg-type]
    assert [(c.call_id, c.rank) for c in await line.engine.callers("sales")] == held


async def test_one_whom_only_a_snapshot_shows_is_placed_too(line: Line, a: Box) -> None:
    b = await line.box("b")
    await joined(line, b, "one", "two")
    await a.attach()
    await a.snapshot([{"join": a.call("new", position=2), "age_us": 0}])  # type: ignore[list-item]
    assert await line.order() == ["b-one-1", "a-new-1", "b-two-1"]
    await the_journal_is_sound(line)


async def test_an_agent_goes_to_whom_was_placed_first(line: Line, a: Box) -> None:
    await line.agent("101", sales=0)
    await joined(line, a, "one", "two")
    await a.join("new", position=1)
    await a.device("101")
    assert [ring.call_id for ring in await a.rings()] == ["a-new-1"]
    await the_journal_is_sound(line)
