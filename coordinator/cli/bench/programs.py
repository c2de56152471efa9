"""The programs under measurement, as an operator starts them: gvq serve, gvq adapter."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from coordinator.audit import audit
from coordinator.cli.bench.load import QUEUE
from coordinator.cli.client import Client, path
from coordinator.cli.demo.children import START_S, Child, announced, running
from coordinator.cli.errors import CliError
from coordinator.journal import Entry

#: Seconds between looks at what nobody tells of; by way of the API, which costs the coordinator.
LOOK_S, API_LOOK_S = 0.01, 0.2

#: Seconds that anything may take before it is given up.
PATIENCE_S = 300.0

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


async def until(
    condition: Callable[[], Awaitable[bool]],
    failure: str,
    within_s: float,
    look_s: float = LOOK_S,
) -> None:
    """Looks until it holds. CliError when the time is over."""
    try:
        async with asyncio.timeout(within_s):
            while not await condition():  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(look_s)
    except TimeoutError:
        raise CliError(f"After {within_s:.0f} s {failure}.") from None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used: processor time, s, and now: resident memory, bytes."""

    cpu_s: float
    resident: int

    @classmethod
    def of(cls, pid: int) -> "Usage":
        """From /proc (proc(5)): utime, stime; resident pages."""
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return cls((int(words[11]) + int(words[12])) / TICKS, pages * PAGE_BYTES)


@dataclass
class Site:
    """Coordinators on one Valkey and one database, and their adapters. All end with `stack`."""

    stack: AsyncExitStack
    folder: Path
    redis_url: str
    port: int = 0
    url: str = ""
    token: str = ""
    serves: list[Child] = field(default_factory=list)
    adapters: list[Child] = field(default_factory=list)

    @cached_property
    def client(self) -> Client:
        """The first coordinator's API, as the admin."""
        return Client(self.url, self.token, deadline_s=60.0)

    async def ask(self, method: str, *parts: str, body: Any = None) -> Any:
        """One request, off the loop. CliError when it is refused, or nobody answers."""
        call = getattr(self.client, method)
        arguments = (path(*parts),) if method == "get" else (path(*parts), body)
        return await asyncio.to_thread(call, *arguments)

    async def serve(self, name: str = "one") -> str:
        """Starts a coordinator, the first one on a port that stays. Returns its URL when ready."""
        port = self.port if name == "one" and self.port else free_port()
        child = Child(name, ["serve"], self._settings(name, port), self.folder)
        await self.stack.enter_async_context(running(child))
        self.serves.append(child)
        if not self.token:
            self.port = port
            self.url, self.token = await announced(child)
            return self.url
        return f"http://127.0.0.1:{port}"

    def _settings(self, name: str, port: int) -> Mapping[str, str]:
        return {
            "GVQ_DATA_DIR": str(self.folder / "data"), "GVQ_LISTEN": f"127.0.0.1:{port}",
            "GVQ_REDIS_URL": self.redis_url, "GVQ_NAME": name, "GVQ_LOG_LEVEL": "WARNING",
        }  # fmt: skip

    async def ready(self, url: str, child: Child) -> None:
        """Waits until it answers."""

        client = Client(url)

        async def so() -> bool:
            child.check()
            try:
                await asyncio.to_thread(client.get, "/readyz")
            except CliError:
                return False
            return True

        await until(so, "the coordinator was not ready", START_S)

    async def queue(self, agents: int, **settings: Any) -> None:
        """The queue and its agents, logged in."""
        await self.ask("put", "queues", QUEUE, body={"strategy": "leastrecent", **settings})
        for n in range(agents):
            await self.ask("put", "agents", f"agent{n}", body={"interface": f"PJSIP/agent{n}"})
            await self.ask("put", "queues", QUEUE, "members", f"agent{n}", body={"penalty": 0})
            await self.ask("post", "agents", f"agent{n}", "login", body={})

    async def admit(self, box: str) -> str:
        """Creates the box. Returns its token."""
        await self.ask("put", "boxes", box, body={})
        made = await self.ask("post", "tokens", body={"role": "box", "box": box})
        return str(made["token"])

    async def adapter(self, box: str, ami: Mapping[str, str], urls: str = "") -> Child:
        """Starts the box's adapter, linked to these coordinators."""
        env = {
            "GVQ_COORDINATOR_URL": urls or self.url, "GVQ_BOX": box,
            "GVQ_TOKEN": await self.admit(box), "GVQ_LOG_LEVEL": "WARNING", **ami,
        }  # fmt: skip
        child = Child(f"adapter-{box}", ["adapter"], env, self.folder)
        await self.stack.enter_async_context(running(child))
        self.adapters.append(child)
        return child

    async def attached(self, boxes: int) -> None:
        """Waits until so many are."""

        async def so() -> bool:
            for child in (*self.serves, *self.adapters):
                child.check()
            rows = await self.ask("get", "boxes")
            return len([row for row in rows if row["attached"]]) >= boxes

        await until(so, f"not all of the {boxes} boxes were linked", PATIENCE_S, API_LOOK_S)

    async def available(self, agents: int) -> None:
        """Waits until so many agents are."""

        async def so() -> bool:
            rows = await self.ask("get", "agents")
            return len([row for row in rows if row["state"] == "available"]) >= agents

        await until(so, f"not all of the {agents} agents were available", PATIENCE_S, API_LOOK_S)

    def used(self) -> dict[str, Usage]:
        """What each kind of process has used so far."""
        kinds = {"coordinator": self.serves, "adapters": self.adapters}
        usages = {name: [Usage.of(c.pid) for c in children] for name, children in kinds.items()}
        return {
            name: Usage(sum(u.cpu_s for u in each), sum(u.resident for u in each))
            for name, each in usages.items()
        }

    async def journal(self, after: str = "0") -> list[Entry]:
        """All of it."""
        return await asyncio.to_thread(lambda: list(self.client.journal(after)))


@asynccontextmanager
async def site(folder: Path, redis_url: str) -> AsyncIterator[Site]:
    """Nothing runs yet; all that is started on it ends with the block."""
    async with AsyncExitStack() as stack:
        yield Site(stack, folder, redis_url)


def broken(entries: list[Entry], most: int) -> list[str]:
    """What `gvq verify` says of the first so many entries."""
    return [f"{v.rule}: {v.sentence}" for v in audit(entries[:most]).violations]


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def now_us() -> int:
    """Monotonic."""
    return time.monotonic_ns() // 1000
