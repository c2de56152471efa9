"""Faults of the wire between a box and its adapter, for chaos tests."""

import random
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class WireFaults:
    """Changed while a test runs; what is sent from then on suffers.

    `delay`: every message comes so much later, seconds, in order. `duplicate`: share of events
    that come twice. `piece`: longest write, bytes; 0 for no splitting. `stall`: the connection
    stays up and carries nothing, as behind a dead router; what was said meanwhile is lost.
    """

    delay: float = 0.0
    duplicate: float = 0.0
    piece: int = 0
    stall: bool = False


def pieces(data: bytes, longest: int, dice: random.Random) -> Iterator[bytes]:
    """Cut at arbitrary bytes, in the middle of lines and of UTF-8 characters. Pure."""
    while data:
        size = dice.randint(1, longest) if longest else len(data)
        yield data[:size]
        data = data[size:]
