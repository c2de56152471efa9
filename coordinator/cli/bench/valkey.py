"""A Valkey of the benchmark's own, in a folder that goes with it, and what it says of itself."""

import asyncio
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.crc import key_slot

from coordinator.embedded import CONFIG, EmbeddedValkey

#: As an operator's own server is: the log is synced each second. It is never rewritten here, and
#: nothing is written to the slow log unasked, so that no run pays for another.
MEASURED = {
    **CONFIG, "appendfsync": "everysec", "auto-aof-rewrite-percentage": "0",
    "slowlog-log-slower-than": "-1",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Server:
    """A running Valkey. `client` decodes responses."""

    url: str
    client: Redis

    @property
    def path(self) -> str:
        """Of its Unix socket."""
        return self.url.removeprefix("unix://")

    async def cpu_s(self) -> float:
        """Processor time of the thread that runs commands, s."""
        info = await self.client.info("cpu")
        user, system = (info[f"used_cpu_{kind}_main_thread"] for kind in ("user", "sys"))
        return float(user) + float(system)

    async def aof_bytes(self) -> int:
        """Length of the append-only file, what is not yet written included."""
        info = await self.client.info("persistence")
        return int(info["aof_current_size"]) + int(info["aof_buffer_length"])

    async def memory(self) -> int:
        """Bytes that the keys and all that belongs to them take."""
        info = await self.client.info("memory")
        return int(info["used_memory_dataset"])

    async def commands(self) -> dict[str, dict[str, Any]]:
        """Command → calls, usec, usec_per_call, since `forget`."""
        stats: dict[str, dict[str, Any]] = await self.client.info("commandstats")
        return {name.removeprefix("cmdstat_"): row for name, row in stats.items()}

    async def forget(self) -> None:
        """Statistics begin anew."""
        await self.client.config_resetstat()

    async def empty(self) -> None:
        """All keys are gone; functions stay."""
        await self.client.flushall()


@asynccontextmanager
async def valkey(**config: str) -> AsyncIterator[Server]:
    """A server as long as the block runs; `config` beyond MEASURED, with - as _."""
    folder = Path(tempfile.mkdtemp(prefix="gvq-bench-"))
    wanted = {**MEASURED, **{name.replace("_", "-"): value for name, value in config.items()}}
    server = EmbeddedValkey(folder / "valkey", wanted)
    try:
        await server.start()
        async with Redis.from_url(server.url, decode_responses=True) as client:
            yield Server(server.url, client)
    finally:
        await server.stop()
        shutil.rmtree(folder, ignore_errors=True)


#: Slots of a Redis Cluster, and the ports its bus may have: those of the nodes and so many above.
SLOTS, BUS_PORTS = 16_384, 10_000


def node_of(key: str, nodes: int) -> int:
    """Which of so many nodes, that share the slots evenly and in order, has this key's slot."""
    return key_slot(key.encode()) * nodes // SLOTS


@dataclass(frozen=True, slots=True)
class Cluster:
    """Nodes that share the slots evenly, in order."""

    servers: list[Server]

    def holds(self, key: str) -> Server:
        """The node of this key's slot."""
        return self.servers[node_of(key, len(self.servers))]


@asynccontextmanager
async def cluster(nodes: int) -> AsyncIterator[Cluster]:
    """A Redis Cluster on loopback as long as the block runs."""
    async with AsyncExitStack() as stack:
        ports = [_free_port() for _ in range(nodes)]
        servers = [
            await stack.enter_async_context(
                valkey(port=str(port), bind="127.0.0.1", cluster_enabled="yes")
            )
            for port in ports
        ]
        for n, server in enumerate(servers):
            # The first slot n for which slot * nodes // SLOTS is n, as in node_of.
            first, after = (-(-at * SLOTS // nodes) for at in (n, n + 1))
            await _told(server, "CLUSTER", "ADDSLOTSRANGE", first, after - 1)
            await _told(server, "CLUSTER", "MEET", "127.0.0.1", ports[0])
        for server in servers:
            await _until_well(server, nodes)
        yield Cluster(servers)


async def _until_well(server: Server, nodes: int) -> None:
    """Waits until the node knows all others and their slots."""
    while True:
        told = str(await _told(server, "CLUSTER", "INFO"))
        facts = dict(line.split(":", 1) for line in told.split() if ":" in line)
        if facts["cluster_state"] == "ok" and int(facts["cluster_known_nodes"]) == nodes:
            return
        await asyncio.sleep(0.05)


async def _told(server: Server, *words: str | int) -> Any:
    return await server.client.execute_command(*words)  # type: ignore[no-untyped-call]


def _free_port() -> int:
    """One whose bus port exists too."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port + BUS_PORTS < 65_536:
            return port
