"""Coordinators on the session's Valkey, without web server: as many as a test asks for."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from redis.asyncio import Redis

from coordinator.boxes.clock import Clock
from coordinator.boxes.keeper import Keeper
from coordinator.boxes.lamps import Board
from coordinator.boxes.links import LinkServer
from coordinator.boxes.session import Common
from coordinator.database import Database, normalise_url
from coordinator.directory import Directory
from coordinator.line import keys
from coordinator.line.engine import Engine
from coordinator.line.scripts import Timing
from coordinator.line.types import QueueSettings
from coordinator.redis_client import connected, server_id
from coordinator.tasks import cancel
from tests.boxes.peer import Peer


class Replica:
    """A coordinator's line, links and keeper."""

    def __init__(
        self,
        redis: "Redis",
        sql: Database,
        tenant: str,
        name: str,
        timing: Timing,
        lease_s: float,
    ) -> None:
        self.redis = redis
        clock = Clock()
        self.engine = Engine(self.redis, tenant, timing, on_timer=clock.notice)
        self.directory = Directory(sql, self.engine)
        self.recovered: list[str] = []
        self.name = name
        where = partial(server_id, self.redis, keys.key(tenant, "journal"))
        self.keeper = Keeper(self.engine, clock, where, self._recover)
        self.lamps = Board(self.engine, "members")
        self.links = LinkServer(
            Common(self.engine, self.directory, self.keeper, self.lamps, name, 0.2, lease_s)
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def _recover(self, run_id: str) -> None:
        self.recovered.append(run_id)
        await self.engine.start(run_id)
        await self.configure()
        await self.engine.mirrored(run_id)
        self.links.resync()

    async def configure(self) -> None:
        """A queue with two agents at work, as a directory would mirror it."""
        await self.engine.put_queue("sales", QueueSettings(strategy="linear", timeout=1, retry=0))
        for agent in ("101", "102"):
            await self.engine.put_agent(agent, f"PJSIP/{agent}")
            await self.engine.put_member("sales", agent)
            await self.engine.login(agent)

    def peer(self, box: str, instance: str = "", epoch: int = 1) -> Peer:
        """An adapter whose WebSocket to this replica was accepted."""
        peer = Peer(box, instance, epoch)
        return peer.over(self.links.serve(box, peer.wire))

    async def linked(self, box: str, *phones: str, epoch: int = 1, instance: str = "") -> Peer:
        """An adapter in step: its snapshot has been taken."""
        peer = self.peer(box, instance, epoch)
        await peer.hello()
        await peer.snapshot(*phones)
        return peer

    def keep_time(self) -> None:
        self._tasks.append(asyncio.create_task(self.keeper.run()))

    def light(self) -> None:
        self._tasks.append(asyncio.create_task(self.lamps.run()))

    async def stop(self) -> None:
        await self.links.stop()
        await cancel(self._tasks)


class Replicas:
    """Makes replicas of one tenant; stops them all at the end."""

    def __init__(self, redis: "Redis", sql: Database, tenant: str) -> None:
        self.redis, self.sql, self.tenant = redis, sql, tenant
        self.made: list[Replica] = []

    def __call__(
        self, name: str = "one", timing: Timing | None = None, lease_s: float = 20.0
    ) -> Replica:
        replica = Replica(self.redis, self.sql, self.tenant, name, timing or Timing(), lease_s)
        self.made.append(replica)
        return replica


@pytest.fixture
async def sql(tmp_path: Path) -> AsyncIterator[Database]:
    """A database of which most tests ask nothing: it has no tables."""
    database = Database(normalise_url(None, tmp_path))
    yield database
    await database.close()


@pytest.fixture
async def replicas(valkey: str, sql: Database, tenant: str) -> AsyncIterator[Replicas]:
    async with connected(valkey) as client:
        made = Replicas(client, sql, tenant)
        yield made
        for replica in made.made:
            await replica.stop()


@pytest.fixture
async def one(replicas: Replicas) -> Replica:
    return replicas("one")
