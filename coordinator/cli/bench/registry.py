"""Every benchmark by its name."""

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import cast

from coordinator.cli.bench.findings import Findings, Options, Say

Measure = Callable[[Options, Say], Awaitable[Findings]]

#: Name → what it measures, in one line. Each is a module of this room with `measure`.
BENCHMARKS = {
    "line": "call lifecycles a second on one Valkey, beside bare scripts and BullMQ",
    "profile": "commands, processor time and bytes of each transition of the line",
    "growth": "what a decision costs as callers, members, queues and boxes grow",
    "recovery": "back at work after restarts, with 100,000 callers waiting",
    "through": "from a simulated box through everything and back to it",
    "adapter": "AMI bytes to messages, beside panoramisk alone and a bare split",
    "join": "from a caller's answer to the journalled place",
    "traffic": "bytes of a call on each wire, and what an idle tenant costs",
    "idle-gap": "how long an agent stays idle while callers wait, beside Queue() (real boxes)",
    "capacity": "what a load needs and what is full first, by what the others measured",
}


def benchmark(name: str) -> Measure:
    """What runs it."""
    module = import_module(f"coordinator.cli.bench.{name.replace('-', '_')}")
    return cast(Measure, module.measure)
