"""A network whose boxes listen: what tests, the demo and benchmarks start."""

from collections.abc import Iterable
from types import TracebackType

from ami_adapter.simulator.account import Account, shipped
from ami_adapter.simulator.clock import LoopClock
from ami_adapter.simulator.network import Network
from ami_adapter.simulator.server import AmiServer


class World:
    """Boxes with their AMI on loopback. Use as an async context manager.

    `servers[box].port` is where the box's adapter connects with `account`; by default that has
    the rights and filters of the shipped manager.conf.
    """

    def __init__(
        self, boxes: Iterable[str], account: Account | None = None, seed: int = 0,
        host: str = "127.0.0.1",
    ) -> None:  # fmt: skip
        self.account = account or shipped()
        self.network = Network(LoopClock(), seed)
        self.servers = {
            name: AmiServer(self.network, self.network.add_box(name), self.account, host, 0)
            for name in boxes
        }

    async def __aenter__(self) -> "World":
        for server in self.servers.values():
            await server.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        for server in self.servers.values():
            await server.stop()

    async def vanish(self, box: str, *, keep_calls: bool) -> None:
        """The box's AMI is gone at once, as after kill -9; so are its calls unless kept."""
        await self.servers[box].stop()
        if not keep_calls:
            self.network.boxes[box].lose_power()

    async def come_back(self, box: str) -> None:
        """The box listens again, at the same port."""
        if not self.network.boxes[box].up:
            self.network.boxes[box].boot()
        await self.servers[box].start()
