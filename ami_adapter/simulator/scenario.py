"""Who calls when, and what agents do: drawn from a seed, then played on a network.

The scenario is pure and the same for every run of a seed. Only people can be made faster
(`Scenario.faster`): dialplan timeouts and Originate's Timeout stay real, as the coordinator's
clock does. A scenario faster than about 20 measures the machine more than the line.
"""

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ami_adapter.simulator.dialplan import Request
from ami_adapter.simulator.network import Network
from ami_adapter.simulator.phones import Behaviour


@dataclass(frozen=True, slots=True)
class Span:
    """A uniformly drawn time, seconds."""

    least: float
    most: float

    def draw(self, dice: random.Random) -> float:
        return dice.uniform(self.least, self.most)

    def faster(self, factor: float) -> "Span":
        """The same, `factor` times as fast."""
        return Span(self.least / factor, self.most / factor)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A caller: when (seconds from the start), where, for what, for how long at most."""

    at: float
    box: str
    request: Request
    number: str
    patience: float | None


@dataclass(frozen=True, slots=True)
class Scenario:
    """Callers arrive at random over all boxes; agents answer, talk, sometimes refuse.

    `rate`: callers a second; `refuse`: share of calls that agents decline.
    """

    seed: int = 0
    boxes: Sequence[str] = ("a",)
    queues: Sequence[str] = ("sales",)
    agents: Sequence[str] = ()
    callers: int = 0
    rate: float = 1.0
    answer: Span = Span(0.5, 3.0)
    talk: Span = Span(30.0, 300.0)
    patience: Span | None = None
    priorities: Sequence[int] = (0,)
    refuse: float = 0.0

    def faster(self, factor: float) -> "Scenario":
        """The same people `factor` times as fast."""
        return replace(
            self,
            rate=self.rate * factor,
            answer=self.answer.faster(factor),
            talk=self.talk.faster(factor),
            patience=self.patience.faster(factor) if self.patience else None,
        )

    def homes(self) -> dict[str, str]:
        """Where each agent's phone registers: round the boxes."""
        return {agent: self.boxes[i % len(self.boxes)] for i, agent in enumerate(self.agents)}

    def behaviours(self, agent: str) -> Iterator[Behaviour]:
        """What an agent does with one call after another, without end."""
        dice = random.Random(f"{self.seed}/{agent}")
        while True:
            after, talk = self.answer.draw(dice), self.talk.draw(dice)
            refuses = dice.random() < self.refuse
            yield Behaviour("decline" if refuses else "answer", after, talk)

    def arrivals(self) -> Iterator[Arrival]:
        """Callers in order of time, exponentially spaced."""
        dice = random.Random(f"{self.seed}/arrivals")
        at = 0.0
        for index in range(self.callers):
            at += dice.expovariate(self.rate)
            request = Request(dice.choice(self.queues), priority=dice.choice(self.priorities))
            patience = self.patience.draw(dice) if self.patience else None
            yield Arrival(at, dice.choice(self.boxes), request, f"7{index:06d}", patience)


def furnish(network: Network, scenario: Scenario) -> None:
    """Give every agent of the scenario a registered phone."""
    for agent, home in scenario.homes().items():
        phone = network.add_phone(agent, home)
        phone.choose = scenario.behaviours(agent).__next__


async def play(network: Network, scenario: Scenario) -> None:
    """Let the callers come, one timer at a time; returns when the last one has."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for arrival in scenario.arrivals():
        await asyncio.sleep(max(0.0, start + arrival.at - loop.time()))
        network.call(arrival.box, arrival.request, number=arrival.number, patience=arrival.patience)
