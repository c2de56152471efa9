"""Who plays: agents, callers, when and where, drawn from a seed. Pure."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

QUEUE = "sales"
BOXES = ("a", "b", "c")

#: Name, phone, penalty, box where the phone registers.
AGENTS = (
    ("ann", "101", 0, "a"),
    ("bob", "102", 0, "b"),
    ("cal", "103", 1, "c"),
    ("dan", "104", 1, "a"),
    ("eva", "105", 2, "b"),
    ("fay", "106", 2, "c"),
)

#: This agent is busy when first rung: a failed ring costs the caller nothing.
BUSY_ONCE = "103"

#: Seconds: between callers, ringing, talking; the line must grow, and the demo must end.
ARRIVAL = (0.15, 0.5)
ANSWER = (0.4, 1.3)
TALK = (2.5, 5.0)

#: Seconds after which an impatient caller hangs up, and which caller that is, from the first.
PATIENCE = 3.0
IMPATIENT = 15

#: The first caller's number.
FIRST_NUMBER = 5550001


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent: `phone` is the extension, `box` where it registers."""

    name: str
    phone: str
    penalty: int
    box: str
    seed: int

    def moods(self) -> Iterator[tuple[float, float]]:
        """How long the agent lets it ring and talks, one call after another, s."""
        dice = random.Random(f"{self.seed}/{self.name}")
        while True:
            yield dice.uniform(*ANSWER), dice.uniform(*TALK)


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller: `at` seconds after the first; `patience`: hangs up after so long, None: never."""

    at: float
    number: str
    box: str
    patience: float | None = None


def agents(seed: int) -> list[Agent]:
    """The six agents."""
    return [Agent(*row, seed) for row in AGENTS]


def callers(count: int, seed: int) -> list[Caller]:
    """Callers over all boxes in a mixed order, faster than the agents can serve them."""
    dice, at, cast = random.Random(seed), 0.0, []
    for n in range(count):
        patience = PATIENCE if n == IMPATIENT else None
        cast.append(Caller(at, str(FIRST_NUMBER + n), dice.choice(BOXES), patience))
        at += dice.uniform(*ARRIVAL)
    return cast
