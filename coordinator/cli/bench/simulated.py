"""Simulated boxes with real adapters beside them, and callers who come at a steady pace."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from ami_adapter.simulator.callers import Caller
from ami_adapter.simulator.dialplan import Request
from ami_adapter.simulator.phones import Behaviour
from ami_adapter.simulator.world import World
from coordinator.cli.bench.load import QUEUE
from coordinator.cli.bench.programs import PATIENCE_S, Site, site, until
from coordinator.cli.bench.valkey import Server, valkey

#: From a coordinator's URL to the one that adapters are given for it.
Way = Callable[[str], AbstractAsyncContextManager[str]]


@dataclass
class Stage:
    """Boxes, phones, adapters, coordinators. `dialled`: when each caller did, s since 1970."""

    world: World
    server: Server
    site: Site
    dialled: dict[str, float] = field(default_factory=dict)

    @property
    def boxes(self) -> list[str]:
        return list(self.world.servers)

    async def pace(self, per_second: float, seconds: float) -> list[Caller]:
        """Callers in even steps, round the boxes. One that is late because we are comes at once."""
        clock = asyncio.get_running_loop().time
        began, came = clock(), []
        for n in range(max(1, round(per_second * seconds))):
            await asyncio.sleep(max(0.0, began + n / per_second - clock()))
            came.append(self.call(self.boxes[n % len(self.boxes)]))
        return came

    def call(self, box: str) -> Caller:
        """Somebody calls now."""
        number = f"7{len(self.dialled):08d}"
        self.dialled[number] = time.time()
        return self.world.network.call(box, Request(QUEUE), number=number)

    async def over(self, callers: list[Caller]) -> None:
        """Waits until all these calls have ended."""

        async def so() -> bool:
            return all(caller.ended is not None for caller in callers)

        await until(so, "not all calls had ended", PATIENCE_S)

    def rung_after(self) -> dict[str, float]:
        """Number → seconds from dialling to the first INVITE at an agent's phone."""
        return {i.number: i.at - self.dialled[i.number] for i in self.world.network.first_rings()}


@asynccontextmanager
async def simulated(
    boxes: int, agents: int, talk_s: float, coordinators: int = 1, way: Way = nullcontext,
    **settings: int,
) -> AsyncIterator[Stage]:  # fmt: skip
    """Everything is up, all agents are available. Boxes go to the coordinators in turn."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="gvq-bench-")))
        server = await stack.enter_async_context(valkey())
        place = await stack.enter_async_context(site(folder, server.url))
        names = [f"box{n}" for n in range(boxes)]
        world = await stack.enter_async_context(World(names))
        urls = [
            await stack.enter_async_context(way(url)) for url in await serving(place, coordinators)
        ]
        await place.queue(agents, **settings)
        for n in range(agents):
            behaviour = Behaviour("answer", 0.0, talk_s)
            world.network.add_phone(f"agent{n}", names[n % boxes], behaviour)
        for n, name in enumerate(names):
            await place.adapter(name, ami(world, name), urls[n % len(urls)])
        await place.attached(boxes)
        await place.available(agents)
        yield Stage(world, server, place)


async def serving(place: Site, coordinators: int) -> list[str]:
    """Starts so many. Returns where they answer."""
    urls = [await place.serve()]
    for n in range(1, coordinators):
        urls.append(await place.serve(f"replica{n}"))
        await place.ready(urls[-1], place.serves[-1])
    return urls


def ami(world: World, box: str) -> dict[str, str]:
    """An adapter's settings that say where a simulated box's AMI is."""
    return {
        "GVQ_AMI_PORT": str(world.servers[box].port), "GVQ_AMI_USERNAME": world.account.username,
        "GVQ_AMI_SECRET": world.account.secret,
    }  # fmt: skip
