"""Every caller's place is on its channel, so that an emptied Redis gets the same line back."""

from coordinator.audit import audit
from coordinator.protocol import KeepTicket, WaitingCall
from tests.engine.conftest import SECOND, Line


async def test_a_snapshot_gives_tickets_to_those_without(line: Line) -> None:
    """They joined while no adapter was there."""
    await line.queue("sales")
    a = await line.box("a")
    await a.attach()
    rank = line.now - 60 * SECOND
    held = WaitingCall(join=a.call("held"), age_us=60 * SECOND, rank=rank)
    await a.snapshot([held, WaitingCall(join=a.call("new"), age_us=5 * SECOND)])
    [ticket] = await a.commands()
    assert isinstance(ticket, KeepTicket)
    assert (ticket.call_id, ticket.uniqueid, ticket.priority) == ("a-new-1", "a-new", 0)
    [_, new] = await line.engine.callers("sales")
    assert ticket.rank == new.rank


async def test_a_snapshot_renews_the_ticket_of_one_who_was_moved_meanwhile(line: Line) -> None:
    """The command that said so was not done when the session was lost."""
    await line.queue("sales")
    a = await line.box("a")
    rank = int((await a.join("1")).data["rank"])
    await line.engine.change_priority("a-1-1", 7)
    await a.commands()
    await a.attach()
    await a.snapshot([WaitingCall(join=a.call("1"), age_us=0, rank=rank)])
    assert await a.commands() == [
        KeepTicket(call_id="a-1-1", uniqueid="a-1", priority=7, rank=rank)
    ]
    await a.attach()
    await a.snapshot([WaitingCall(join=a.call("1", priority=7), age_us=0, rank=rank)])
    assert await a.commands() == []


async def test_whoever_joins_after_a_ticket_from_the_future_comes_behind_it_on_every_box(
    line: Line,
) -> None:
    """Redis was replaced by one whose clock is behind."""
    await line.queue("sales")
    a, b, c = await line.box("a"), await line.box("b"), await line.box("c")
    await a.attach()
    ahead = line.now + 60 * SECOND
    old = WaitingCall(join=a.call("old"), age_us=0, rank=ahead)
    await a.snapshot([WaitingCall(join=a.call("unnumbered"), age_us=SECOND), old])
    for box, name in ((b, "1"), (a, "2"), (b, "3"), (c, "4")):
        line.wait(1)
        await box.join(name, age_us=SECOND // 2)
    expected = ["a-old-1", "a-unnumbered-1", "b-1-1", "a-2-1", "b-3-1", "c-4-1"]
    assert await line.order() == expected
    await a.leave("old")
    line.wait(60)
    for box, name in ((a, "5"), (c, "6")):
        line.wait(1)
        await box.join(name)
    assert await line.order() == [*expected[1:], "a-5-1", "c-6-1"]
    [*_, last] = await line.engine.callers("sales")
    assert last.rank == line.now, "once the clock has caught up it rules again"
    assert audit(await line.journal()).violations == []
