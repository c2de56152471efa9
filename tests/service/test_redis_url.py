"""GVQ_REDIS_URL: each kind is read right, and serves a line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest
from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.sentinel import SentinelConnectionPool

from coordinator.errors import Refused
from coordinator.history.live import BLOCK_MS
from coordinator.line import keys
from coordinator.line.engine import Engine
from coordinator.line.types import MemberSettings, Origin, QueueSettings
from coordinator.protocol import Join, Snapshot
from coordinator.redis_client import ANSWER_S, AWAY, connected, eviction, server_id, server_time
from tests.service.valkeys import Node, Start, start
from tests.waiting import eventually

__all__ = ["start"]


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("redis+sentinel://host:26379", "names no service"),
        ("redis+sentinel://host:port/gvq", "no host and port in 'host:port'"),
        ("redis+cluster://", "no host and port in ''"),
        ("http+cluster://host", "begins with http+cluster://"),
        ("redis+dream://host", "begins with redis+dream://"),
        ("localhost:6379", "redis://"),
    ],
)
async def test_a_url_that_is_none_says_what_is_wrong(url: str, fault: str) -> None:
    with pytest.raises(ValueError, match="URL") as error:
        await connected(url).__aenter__()
    assert fault in str(error.value)


async def test_the_parts_of_a_cluster_url_reach_the_client() -> None:
    url = "rediss+cluster://us%40er:se%3Acret@one:7001,[::1]:7002,three"
    async with connected(url) as client:
        assert isinstance(client, RedisCluster)
        nodes = client.nodes_manager.startup_nodes.values()
        assert {(node.host, node.port) for node in nodes} == {
            ("one", 7001),
            ("::1", 7002),
            ("three", 6379),
        }
        for name, value in {"username": "us@er", "password": "se:cret"}.items():
            assert client.connection_kwargs[name] == value


async def test_the_parts_of_a_sentinel_url_reach_the_client() -> None:
    async with connected("redis+sentinel://:secret@one,two:26380/gvq/3") as client:
        pool = cast(SentinelConnectionPool, client.connection_pool)
        assert (pool.service_name, pool.connection_kwargs["db"]) == ("gvq", 3)
        assert pool.connection_kwargs["password"] == "secret"
        asked = [s.connection_pool.connection_kwargs for s in pool.sentinel_manager.sentinels]
        assert [(a["host"], a["port"]) for a in asked] == [("one", 26379), ("two", 26380)]
        assert "password" not in asked[0] or asked[0]["password"] is None


def test_a_blocking_read_ends_before_redis_counts_as_away() -> None:
    assert BLOCK_MS / 1000 < ANSWER_S


async def serves_a_line(client: "Redis", tenant: str) -> None:
    """A caller joins, a phone is rung, the journal is read: every kind of call we make."""
    engine = Engine(client, tenant)
    await engine.put_queue("sales", QueueSettings(strategy="linear"))
    await engine.put_agent("101", "PJSIP/101")
    assert await engine.put_members([("sales", "101", MemberSettings())]) == [None]
    await engine.login("101")
    await engine.mirrored("run")
    await engine.attach("a", "link", "adapter", 1, "one")
    snapshot = Snapshot(devices={"PJSIP/101": "NOT_INUSE"})
    await engine.snapshot(Origin("a", "link", 1), snapshot)
    join = Join(call_id="a-1-1", channel="PJSIP/t", uniqueid="a-1", queue="sales")
    assert (await engine.join(Origin("a", "link", 2), join)).code == "ok"
    ((_, command),) = await engine.commands("a", "0", 1000)
    assert command.kind == "originate"
    assert [caller.state for caller in await engine.callers("sales")] == ["ringing"]
    assert [queue.name for queue in await engine.queues()] == ["sales"]
    assert [box.name for box in await engine.boxes()] == ["a"]
    types = [entry.type for entry in await engine.journal()]
    assert types[-2:] == ["caller.joined", "offer.made"]
    last = (await engine.journal())[-1].id
    assert await engine.journal(last, 10, 20) == []
    assert (await engine.tick()).code == "ok"
    await engine.trim_journal(1, upto=last)


async def test_a_cluster_serves_a_line(start: Start, tenant: str) -> None:
    node: Node = await start("cluster-enabled yes").ready()
    await node.ask("CLUSTER", "ADDSLOTSRANGE", 0, 16383)

    async def whole() -> bool:
        return "cluster_state:ok" in str(await node.ask("CLUSTER", "INFO"))

    await eventually(whole)
    async with connected(f"redis+cluster://127.0.0.1:{node.port}") as client:
        await serves_a_line(client, tenant)
        info = await node.client.info("server")
        key = keys.key(tenant, "journal")
        assert await server_id(client, key) == info["run_id"]
        assert await server_time(client, key) > 1_700_000_000_000_000
        assert await eviction(client, key) == ""


async def test_a_line_goes_on_after_a_sentinel_failover(start: Start, tenant: str) -> None:
    master: Node = await start().ready()
    replica: Node = await start(f"replicaof 127.0.0.1 {master.port}").ready()
    watch = f"sentinel monitor gvq 127.0.0.1 {master.port} 1"
    quick = "sentinel down-after-milliseconds gvq 500"
    sentinel: Node = await start(watch, quick, sentinel=True).ready()

    async def replica_known() -> bool:
        return "'slaves': 1" in str(await sentinel.ask("INFO", "sentinel"))

    await eventually(replica_known)
    async with connected(f"redis+sentinel://127.0.0.1:{sentinel.port}/gvq") as client:
        await serves_a_line(client, tenant)
        key = keys.key(tenant, "journal")
        before = await server_id(client, key)
        await client.wait(1, 5000)
        master.kill()

        async def served_by_another() -> bool:
            try:
                return await server_id(client, key) != before
            except Exception:
                return False

        await eventually(served_by_another, within_s=60)
        assert (await replica.client.info("server"))["run_id"] == await server_id(client, key)
        assert [c.call_id for c in await Engine(client, tenant).callers("sales")] == ["a-1-1"]


class Middleman:
    """Between client and server: lets all pass, until it is told to lose an answer or a line."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._open: list[asyncio.StreamWriter] = []
        self.loses_an_answer = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_unix_connection(self._socket)
        self._open += [writer, onward]
        await asyncio.gather(self._asks(reader, onward), self._answers(there, writer))

    def hang_up(self) -> None:
        while self._open:
            self._open.pop().close()

    async def _asks(self, reader: asyncio.StreamReader, onward: asyncio.StreamWriter) -> None:
        while asked := await reader.read(65536):
            onward.write(asked)
        onward.close()

    async def _answers(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while answered := await there.read(65536):
            if self.loses_an_answer:
                self.loses_an_answer = False
                break
            writer.write(answered)
        writer.close()


@asynccontextmanager
async def between(valkey: str) -> AsyncIterator[tuple[Middleman, str]]:
    """A middleman, and the URL where it stands."""
    middleman = Middleman(valkey.removeprefix("unix://"))
    server = await asyncio.start_server(middleman.serve, "127.0.0.1", 0)
    async with server:
        yield middleman, f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        middleman.hang_up()


async def test_a_request_whose_answer_is_lost_is_not_made_twice(valkey: str, tenant: str) -> None:
    async with between(valkey) as (middleman, url), connected(url) as client:
        await serves_a_line(client, tenant)
        engine = Engine(client, tenant)
        middleman.loses_an_answer = True
        with pytest.raises(AWAY):
            await engine.withdraw("a-1-1")
        left = [entry for entry in await engine.journal() if entry.type == "caller.left"]
        assert [entry.data["outcome"] for entry in left] == ["withdrawn"]
        with pytest.raises(Refused, match="no call 'a-1-1'"):
            await engine.withdraw("a-1-1")


async def test_a_connection_that_broke_while_idle_is_no_outage(valkey: str, tenant: str) -> None:
    async with between(valkey) as (middleman, url), connected(url) as client:
        await serves_a_line(client, tenant)
        (idle,) = client.connection_pool._available_connections

        async def broken() -> bool:
            return idle._reader is not None and idle._reader.at_eof()

        middleman.hang_up()
        await eventually(broken)
        await Engine(client, tenant).withdraw("a-1-1")
