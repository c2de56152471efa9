"""A line on real Valkey with an injected clock, and boxes that speak in sequence."""

import pytest
from redis.asyncio import Redis

from coordinator.journal import Entry
from coordinator.line import keys
from coordinator.line.engine import Engine
from coordinator.line.types import MemberSettings, Origin, QueueSettings, Reply
from coordinator.protocol import (
    Cancel,
    Join,
    KeepTicket,
    LiveOffer,
    Originate,
    Release,
    Snapshot,
    WaitingCall,
)

SECOND = 1_000_000


class Box:
    """One box's link: numbers its events, remembers which commands it has seen."""

    def __init__(self, line: "Line", name: str, instance: str = "") -> None:
        self.line, self.name = line, name
        self.instance = instance or f"adapter-{name}"
        self.epoch = self.links = self.seq = 0
        self.link = ""
        self.after = "0"

    async def attach(self, epoch: int | None = None) -> Reply:
        self.epoch = self.epoch + 1 if epoch is None else epoch
        self.links += 1
        self.link = f"{self.instance}-{self.links}"
        reply = await self.line.engine.attach(
            self.name, self.link, self.instance, self.epoch, "coordinator-1"
        )
        self.seq = int(reply.data["seq"])
        return reply

    def origin(self, age_us: int = 0) -> Origin:
        self.seq += 1
        return Origin(self.name, self.link, self.seq, age_us)

    async def snapshot(
        self,
        calls: list[WaitingCall] | None = None,
        offers: list[LiveOffer] | None = None,
        devices: dict[str, str] | None = None,
    ) -> Reply:
        snapshot = Snapshot.model_validate(
            {"calls": calls or [], "offers": offers or [], "devices": devices or {}}
        )
        return await self.line.engine.snapshot(self.origin(), snapshot)

    def call(self, name: str, queue: str = "sales", **more: int | str) -> Join:
        return Join(
            call_id=f"{self.name}-{name}-1",
            channel=f"PJSIP/trunk-{name}",
            uniqueid=f"{self.name}-{name}",
            queue=queue,
            **more,
        )

    async def join(
        self, name: str, queue: str = "sales", age_us: int = 0, **more: int | str
    ) -> Reply:
        return await self.line.engine.join(self.origin(age_us), self.call(name, queue, **more))

    async def leave(self, name: str, outcome: str = "abandoned") -> Reply:
        return await self.line.engine.leave(self.origin(), f"{self.name}-{name}-1", outcome)

    async def connect(self, offer: Originate) -> Reply:
        return await self.line.engine.connect(self.origin(), offer.offer_id, offer.fence)

    async def ended(self, offer: Originate, outcome: str = "no_answer") -> Reply:
        return await self.line.engine.offer_ended(
            self.origin(), offer.offer_id, offer.fence, outcome
        )

    async def complete(self, offer: Originate, ended_by: str = "agent") -> Reply:
        return await self.line.engine.complete(self.origin(), offer.offer_id, offer.fence, ended_by)

    async def device(self, agent: str, state: str = "NOT_INUSE", kind: str = "PJSIP/") -> Reply:
        return await self.line.engine.device(self.origin(), f"{kind}{agent}", state)

    async def commands(self) -> list[Originate | Cancel | Release | KeepTicket]:
        """Commands since last asked."""
        rows = await self.line.engine.commands(self.name, self.after)
        self.after = rows[-1][0] if rows else self.after
        return [command for _, command in rows]

    async def rings(self) -> list[Originate]:
        """Only the new phones to ring."""
        return [c for c in await self.commands() if isinstance(c, Originate)]


class Line:
    """The engine of one tenant and its clock."""

    def __init__(self, redis: "Redis", tenant: str) -> None:
        self.now = 1_800_000_000 * SECOND
        self.redis, self.tenant = redis, tenant
        self.engine = Engine(redis, tenant, clock=lambda: self.now)

    def wait(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)

    async def pass_time(self, seconds: float, *boxes: Box) -> None:
        """Time passes while these boxes say that they live, and timers are met."""
        until = self.now + round(seconds * SECOND)
        while self.now < until:
            self.now = min(self.now + 4 * SECOND, until)
            for box in boxes:
                await self.engine.heartbeat(box.name, box.link)
            await self.engine.tick()

    async def box(self, name: str, *agents: str, instance: str = "") -> Box:
        """A box, attached, with these agents' phones registered."""
        box = Box(self, name, instance)
        await box.attach()
        await box.snapshot(devices={f"PJSIP/{agent}": "NOT_INUSE" for agent in agents})
        return box

    async def queue(self, name: str, strategy: str = "linear", **more: int | str) -> None:
        await self.engine.put_queue(name, QueueSettings(strategy=strategy, **more))  # type: ignore[arg-type]

    async def agent(self, name: str, **penalties: int) -> None:
        """An agent, logged in, a member of these queues with these penalties."""
        await self.engine.put_agent(name, f"PJSIP/{name}")
        for queue, penalty in penalties.items():
            await self.engine.put_member(queue, name, MemberSettings(penalty))
        await self.engine.login(name)

    async def order(self, queue: str = "sales") -> list[str]:
        return [caller.call_id for caller in await self.engine.callers(queue)]

    async def state(self, agent: str) -> str:
        return (await self.engine.agent(agent)).state

    async def dump(self) -> dict[str, object]:
        """Every key and value of the tenant: what I7 must not change."""
        found: dict[str, object] = {}
        async for key in self.redis.scan_iter(f"{keys.prefix(self.tenant)}*"):
            kind = await self.redis.type(key)
            if kind == "hash":
                found[key] = await self.redis.hgetall(key)
            elif kind == "set":
                found[key] = await self.redis.smembers(key)
            elif kind == "zset":
                found[key] = await self.redis.zrange(key, 0, -1, withscores=True)
            elif kind == "stream":
                found[key] = await self.redis.xlen(key)
        return found

    async def journal(self, *types: str) -> list[Entry]:
        entries = await self.engine.journal(limit=100_000)
        return [entry for entry in entries if not types or entry.type in types]


@pytest.fixture
async def line(redis: "Redis", tenant: str) -> Line:
    line = Line(redis, tenant)
    await line.engine.mirrored("run-0")
    return line
