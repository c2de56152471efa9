"""The two kinds of people in a conversation: simulated ones, and SIP user agents."""

import asyncio
from contextlib import AsyncExitStack

from ami_adapter.lab import Box as LabBox
from ami_adapter.lab.callers import Callers
from ami_adapter.lab.phones import Phone
from ami_adapter.simulator.callers import Caller
from ami_adapter.simulator.dialplan import Request
from ami_adapter.simulator.network import Network
from ami_adapter.simulator.phones import Behaviour

#: How a SIP phone refuses.
STATUSES = {"busy": "486 Busy Here", "decline": "603 Decline"}

NUMBER = "5550001"


class SimulatedHand:
    """People of a simulated network."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._caller: Caller | None = None

    async def phone(self, agent: str, box: str, behaviour: Behaviour) -> None:
        self._network.add_phone(agent, box, behaviour)

    def behave(self, agent: str, behaviour: Behaviour) -> None:
        self._network.phones[agent].behave(behaviour)

    async def caller(self, box: str) -> None:
        self._caller = self._network.call(box, Request("sales"), number=NUMBER, name="Caller 0001")

    async def caller_hangs_up(self) -> None:
        assert self._caller is not None
        self._caller.hang_up()


class LabPhone:
    """A SIP phone whose person has a behaviour."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self._declining: asyncio.Task[None] | None = None

    def behave(self, behaviour: Behaviour) -> None:
        """From the next call on."""
        self.rest()
        status = STATUSES.get(behaviour.does, "")
        rings_first = bool(status and behaviour.after)
        self.phone.refuse = "" if rings_first else status
        self.phone.answer_after = behaviour.after if behaviour.does == "answer" else None
        self.phone.talk = behaviour.talk
        if rings_first:
            self._declining = asyncio.create_task(self._decline(behaviour.after, status))

    def rest(self) -> None:
        """Nobody is at the phone any more."""
        if self._declining is not None:
            self._declining.cancel()

    async def _decline(self, after: float, status: str) -> None:
        """Let each call ring, then refuse it."""
        while True:
            await self.phone.until(lambda: bool(self.phone.active), seconds=3600)
            await asyncio.sleep(after)
            for call in self.phone.active:
                self.phone.decline(call, status)


class LabHand:
    """SIP user agents at real boxes. `stack` closes them."""

    def __init__(self, boxes: list[LabBox], stack: AsyncExitStack) -> None:
        self._boxes = {box.name: box for box in boxes}
        self._stack = stack
        self._phones: dict[str, LabPhone] = {}
        self._caller: Callers | None = None

    async def phone(self, agent: str, box: str, behaviour: Behaviour) -> None:
        phone = await self._stack.enter_async_context(Phone(agent, self._boxes[box].sip))
        self._phones[agent] = LabPhone(phone)
        self._stack.callback(self._phones[agent].rest)
        self.behave(agent, behaviour)

    def behave(self, agent: str, behaviour: Behaviour) -> None:
        self._phones[agent].behave(behaviour)

    async def caller(self, box: str) -> None:
        group = Callers(self._boxes[box], "sales", numbers=[NUMBER])
        self._caller = await self._stack.enter_async_context(group)

    async def caller_hangs_up(self) -> None:
        assert self._caller is not None
        await self._caller.hang_up()
