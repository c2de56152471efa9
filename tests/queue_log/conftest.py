"""A line with a journal, and what queue_log makes of it when nothing goes wrong."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import count

import pytest

from coordinator.database import Database
from coordinator.history.queries import History
from coordinator.journal import Entry
from coordinator.line.types import Origin, QueueSettings
from coordinator.protocol import Join, LiveOffer, Snapshot, WaitingCall
from coordinator.queue_log.lines import Style
from coordinator.queue_log.project import project
from tests.history.conftest import Day, day

__all__ = ["day"]

_names = count(1)


@pytest.fixture
def history(day: Day, database: Database) -> History:
    return History(day.engine, database)


async def each(entries: Sequence[Entry], style: Style | None = None) -> list[list[str]]:
    """The lines of every entry of a journal that begins and ends here."""

    async def past(entry: Entry) -> list[Entry]:
        before = entries[: entries.index(entry)]
        return [other for other in before if other.data.get("call_id") == entry.data["call_id"]]

    made = await project(entries, style or Style(), past)
    return [[row.line for row in rows] for rows in made]


async def whole_log(entries: Sequence[Entry], style: Style | None = None) -> list[str]:
    """The same as one log."""
    return [line for lines in await each(entries, style) for line in lines]


async def busy(day: Day, calls: int = 10) -> None:
    """Calls answered, missed and given up, and an agent who comes and goes."""
    for _ in range(calls):
        name = str(next(_names))
        await day.call(f"c{name}")
        await day.join(f"d{name}")
        await day.no_answer()
        await day.abandon(f"d{name}")
        await day.engine.pause("101", "lunch")
        await day.engine.unpause("101")
        await day.engine.command_done("a", *[done for done, _ in await day.engine.commands("a")])


async def lose_the_line(day: Day, catch_up: Callable[[], Awaitable[None]]) -> None:
    """Redis is emptied under a caller who talks and one who waits; their box has both still.

    `catch_up` is called before and after.
    """
    await day.join("1")
    ring = await day.ring()
    await day.engine.connect(day._origin(), ring.offer_id, ring.fence)
    await day.join("2")
    await catch_up()
    await _empty(day)
    box = partial(Origin, "a", "again")
    talk = LiveOffer(
        offer_id=ring.offer_id, fence=ring.fence, call_id="a-1-1", queue="sales", agent="101",
        talking=True, age_us=500_000,
    )  # fmt: skip
    await day.engine.attach("a", "again", "adapter", 2, "one")
    calls = [_with_ticket(name) for name in "12"]
    await day.engine.snapshot(box(1), Snapshot(calls=calls, offers=[talk]))
    await day.engine.complete(box(2), ring.offer_id, ring.fence, "agent")
    await day.engine.leave(box(3), "a-2-1", "timeout")
    await catch_up()


async def _empty(day: Day) -> None:
    """Redis has lost the line; what SQL had is there, and the directory has been mirrored."""
    async for key in day.redis.scan_iter(f"gvq:{{{day.tenant}}}:*"):
        if key != day.engine._key("journal"):
            await day.redis.delete(key)
    await day.engine.put_queue("sales", QueueSettings())
    await day.engine.put_agent("101", "PJSIP/101")
    await day.engine.put_member("sales", "101")
    await day.engine.login("101")
    await day.engine.mirrored("run")


def _with_ticket(name: str) -> WaitingCall:
    join = Join(call_id=f"a-{name}-1", channel="PJSIP/t", uniqueid=f"a-{name}", queue="sales")
    return WaitingCall(join=join, age_us=1_000_000, rank=int(name))
