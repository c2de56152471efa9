"""What a load needs, on paper, by what one call takes. Pure.

A tenant's line is in one hash slot, so on one primary, whose scripts run on one core; a coordinator
is one process, so one core, and serves one tenant. Everything else is added up.
"""

from dataclasses import dataclass
from math import ceil

#: Share of a core that is planned for. Where one of two fails the other has room for both, and
#: bursts wait little: in an M/D/1 queue half a service time at 50 %, 4.5 of them at 90 %.
UTILISATION = 0.5

PRIMARY, COORDINATOR, ADAPTER = "Valkey primary", "coordinator", "adapters' cores"


@dataclass(frozen=True, slots=True)
class Costs:
    """As measured. Processor time by part: s a call, and s a second of a tenant with no calls."""

    cpu_s: dict[str, float]
    idle_s: dict[str, float]
    transitions: float
    wires: dict[str, float]
    caller_bytes: float
    coordinator_bytes: float

    @property
    def service_s(self) -> float:
        """For how long one transition holds a primary."""
        return self.cpu_s[PRIMARY] / self.transitions


@dataclass(frozen=True, slots=True)
class Limit:
    """What is full at so many calls a second, and what to add."""

    part: str
    calls_per_s: float
    add: str


def carried(costs: Costs, part: str, tenants: float = 0) -> float:
    """Calls a second that fill one core of it to UTILISATION beside so many tenants' idle work."""
    return max(0.0, UTILISATION - tenants * costs.idle_s[part]) / costs.cpu_s[part]


def cores(costs: Costs, part: str, tenants: float, calls_per_s: float) -> int:
    """Filled to UTILISATION at most, and one at least."""
    busy = calls_per_s * costs.cpu_s[part] + tenants * costs.idle_s[part]
    return max(1, ceil(busy / UTILISATION))


def primaries(costs: Costs, tenants: int, calls_per_s: float) -> int | None:
    """Of tenants alike and evenly spread. None where one tenant is more than a primary takes."""
    if calls_per_s > tenants * carried(costs, PRIMARY, 1):
        return None
    return cores(costs, PRIMARY, tenants, calls_per_s)


def coordinators(costs: Costs, tenants: int, calls_per_s: float) -> int:
    """Each tenant has its own."""
    return tenants * cores(costs, COORDINATOR, 1, calls_per_s / tenants)


def waiting(calls_per_s: float, wait_s: float) -> float:
    """Callers in the line: Little's law (Little 1961, Operations Research 9)."""
    return calls_per_s * wait_s


def limits(costs: Costs, tenants: int) -> list[Limit]:
    """In the order in which they come as the calls of these tenants, all alike, grow."""
    found = [
        Limit("a tenant's coordinator", tenants * carried(costs, COORDINATOR, 1),
              "coordinators for that tenant"),
        Limit("a tenant's primary", tenants * carried(costs, PRIMARY, 1),
              "a faster core, or part the tenant in two"),
    ]  # fmt: skip
    if tenants > 1:
        found.append(Limit("one primary", carried(costs, PRIMARY, tenants), "primaries"))
    return sorted(found, key=lambda limit: limit.calls_per_s)


def verdict(costs: Costs, tenants: int, calls_per_s: float) -> str:
    """What is full first at this size, what then; else what will be."""
    row = limits(costs, tenants)
    full = [limit for limit in row if limit.calls_per_s < calls_per_s]
    if not full:
        return f"nothing is full, first will be {row[0].part} at {row[0].calls_per_s:,.0f}/s"
    told = (f"{limit.part} at {limit.calls_per_s:,.0f}/s (add {limit.add})" for limit in full)
    return f"full is first {', then '.join(told)}"
