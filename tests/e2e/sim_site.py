"""Simulated boxes a, b, c and the people at them."""

from dataclasses import dataclass

from ami_adapter.simulator.callers import Caller
from ami_adapter.simulator.dialplan import Request
from ami_adapter.simulator.phones import Behaviour, Phone
from ami_adapter.simulator.world import World
from tests.e2e.rig import Asked, Ring


@dataclass
class SimPhone:
    """A simulated phone."""

    world: World
    phone: Phone

    def behave(self, behaviour: Behaviour) -> None:
        self.phone.behave(behaviour)

    def hang_up(self) -> None:
        self.phone.hang_up()

    async def move(self, box: str) -> None:
        self.phone.move(self.world.network.boxes[box])

    async def away(self) -> None:
        self.phone.hang_up()
        for box in list(self.phone.boxes.values()):
            self.phone.unregister(box)


@dataclass
class SimPerson:
    """A simulated caller."""

    caller: Caller

    @property
    def number(self) -> str:
        return self.caller.number

    @property
    def ended(self) -> bool:
        return self.caller.ended is not None

    @property
    def status(self) -> str:
        return self.caller.statuses[-1] if self.caller.statuses else ""

    @property
    def said(self) -> list[str]:
        return self.caller.channel.said

    async def press(self, digit: str) -> None:
        self.caller.press(digit)

    async def hang_up(self) -> None:
        self.caller.hang_up()


@dataclass
class SimLamp:
    """What a simulated box says of the device."""

    world: World
    box: str
    device: str

    @property
    def state(self) -> str:
        return self.world.network.boxes[self.box].devices().get(self.device, "")


class SimSite:
    """Site: a `World` in this process, on loopback."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.boxes = tuple(world.servers)

    def ami(self, box: str) -> tuple[str, int, str, str]:
        account = self.world.account
        return "127.0.0.1", self.world.servers[box].port, account.username, account.secret

    async def phone(self, agent: str, box: str, behaviour: Behaviour) -> SimPhone:
        network = self.world.network
        phone = network.phones.get(agent) or network.add_phone(agent)
        phone.behave(behaviour)
        phone.register(network.boxes[box])
        return SimPhone(self.world, phone)

    async def call(self, box: str, queue: str, number: str, asked: Asked) -> SimPerson:
        request = Request(
            queue,
            priority=asked.priority,
            min_penalty=asked.min_penalty,
            max_penalty=asked.max_penalty,
            timeout=asked.timeout,
            announce=5.0 * asked.announce,
            position=asked.position,
            options="n" if asked.once else "",
            rule=asked.rule,
        )
        return SimPerson(self.world.network.call(box, request, number=number))

    def rings(self) -> list[Ring]:
        return [
            Ring(i.at, i.agent, i.number, i.answered_at is not None, i.doubled)
            for i in self.world.network.invites
        ]

    async def lamp(self, box: str, name: str) -> SimLamp:
        return SimLamp(self.world, box, f"Custom:Queue:{name}")

    async def restart(self, box: str) -> None:
        await self.world.vanish(box, keep_calls=False)
        await self.world.come_back(box)

    async def listen(self, box: str) -> None:
        """A simulated channel keeps what is said to it."""
