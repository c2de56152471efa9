"""A line with a journal, and SQL of both kinds beside it."""

import pytest
from redis.asyncio import Redis

from coordinator.database import Database
from coordinator.history.consumer import Consumer
from coordinator.history.queries import History
from coordinator.journal import Entry
from coordinator.line.engine import Engine
from coordinator.line.types import MemberSettings, Origin, QueueSettings
from coordinator.protocol import Join, Originate, Snapshot


class Day:
    """One box and one agent on a real line; makes calls, and so a journal."""

    def __init__(self, redis: "Redis", tenant: str) -> None:
        self.redis, self.tenant = redis, tenant
        self.engine = Engine(redis, tenant)
        self._seq = 0

    async def begin(self) -> None:
        await self.engine.put_queue("sales", QueueSettings(strategy="linear", retry=0))
        await self.engine.put_agent("101", "PJSIP/101")
        await self.engine.put_member("sales", "101", MemberSettings(3))
        await self.engine.login("101")
        await self.engine.mirrored("run")
        await self.engine.attach("a", "link", "adapter", 1, "one")
        await self.engine.snapshot(self._origin(), Snapshot(devices={"PJSIP/101": "NOT_INUSE"}))

    async def join(self, name: str, **more: str) -> str:
        call_id = f"a-{name}-1"
        fields = {"channel": f"PJSIP/t-{name}", "uniqueid": f"a-{name}", "queue": "sales"}
        join = Join(call_id=call_id, **fields, **more)
        await self.engine.join(self._origin(), join)
        return call_id

    async def abandon(self, name: str) -> None:
        """The caller hangs up; a phone that rings for it stops, and its box says so."""
        call_id = f"a-{name}-1"
        told = [command for _, command in await self.engine.commands("a")]
        await self.engine.leave(self._origin(), call_id, "abandoned", "hung up")
        for ring in (c for c in told if isinstance(c, Originate) and c.call_id == call_id):
            ended = (ring.offer_id, ring.fence, "no_answer")
            await self.engine.offer_ended(self._origin(), *ended)

    async def ring(self) -> Originate:
        """The phone that rings now."""
        commands = [command for _, command in await self.engine.commands("a")]
        offer = commands[-1]
        assert isinstance(offer, Originate)
        return offer

    async def no_answer(self) -> None:
        o = await self.ring()
        await self.engine.offer_ended(self._origin(), o.offer_id, o.fence, "no_answer", "late")

    async def talk(self) -> None:
        o = await self.ring()
        await self.engine.connect(self._origin(), o.offer_id, o.fence)
        await self.engine.complete(self._origin(), o.offer_id, o.fence, "caller")

    async def call(self, name: str) -> None:
        """A whole call, answered at once."""
        await self.join(name)
        await self.talk()

    async def journal(self) -> list[Entry]:
        return await self.engine.journal(limit=100_000)

    def _origin(self) -> Origin:
        self._seq += 1
        return Origin("a", "link", self._seq)


@pytest.fixture
async def day(redis: "Redis", tenant: str) -> Day:
    day = Day(redis, tenant)
    await day.begin()
    return day


@pytest.fixture
def history(day: Day, database: Database) -> History:
    return History(day.engine, database)


@pytest.fixture
def consumer(day: Day, database: Database) -> Consumer:
    return Consumer(day.engine, database, keep=1_000_000)
