"""Unequal tenants over a Cluster's nodes, and how long a transition waits at one of them.

Calls come as a Poisson process. The transitions of a call are seconds apart, at random, so they
come as one too (displacement theorem; Kingman 1993, Poisson Processes, 5.2). A node serves them one
after the other in the order they come, each in the same time: M/D/1.
"""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from random import Random

from coordinator.cli.bench.valkey import node_of
from coordinator.line import keys

#: The n-th largest tenant has n**-EXPONENT of the largest one's calls: sizes of firms are so
#: (Axtell 2001, Science 293, "Zipf Distribution of U.S. Firm Sizes").
EXPONENT = 1.0


def zipf(tenants: int, exponent: float = EXPONENT) -> list[float]:
    """Each tenant's share of all calls, the largest first."""
    weights = [n**-exponent for n in range(1, tenants + 1)]
    whole = sum(weights)
    return [weight / whole for weight in weights]


def shares(tenants: Iterable[tuple[str, float]], nodes: int) -> list[float]:
    """Each node's share of all calls, of (tenant, its share)."""
    found = [0.0] * nodes
    for name, share in tenants:
        found[node_of(keys.prefix(name), nodes)] += share
    return found


def poisson(random: Random, per_s: float, number: int) -> list[float]:
    """When so many arrive, s."""
    return list(accumulate(random.expovariate(per_s) for _ in range(number)))


def begun(arrivals: Iterable[float], service_s: float) -> Iterator[float]:
    """When each is begun, s: one after the other, first come, first served."""
    free = 0.0
    for at in arrivals:
        begin = max(free, at)
        yield begin
        free = begin + service_s


def waits(random: Random, utilisation: float, service_s: float, number: int) -> list[float]:
    """Of so many transitions at a node that is busy for this share of the time, from an empty line:
    s before each is begun.
    """
    arrivals = poisson(random, utilisation / service_s, number)
    return [begin - at for at, begin in zip(arrivals, begun(arrivals, service_s), strict=True)]
