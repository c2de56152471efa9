"""Every caller's place is on its channel, so that an emptied Redis gets the same line back."""

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
