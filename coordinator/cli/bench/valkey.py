"""A Valkey of the benchmark's own, in a folder that goes with it, and what it says of itself."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

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
