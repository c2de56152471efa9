"""What a load needs, and what is full first: by constants that the other benchmarks have written.

On paper (planning.py) for tenants alike and evenly spread; by simulation (spread.py) for unequal
ones where their hash puts them, of their calls alone. No constant stands here: what was not
measured is asked for.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from coordinator.cli.bench import output, planning, spread
from coordinator.cli.bench.findings import Findings, Options, Say, quantile
from coordinator.cli.bench.planning import ADAPTER, COORDINATOR, PRIMARY, UTILISATION, Costs
from coordinator.cli.bench.profile import CALL_OF_THREE
from coordinator.cli.bench.traffic import CALL, IDLE, WIRES
from coordinator.cli.errors import CliError

#: What is planned for: tenants, calls a second of all of them, seconds each caller waits.
TENANTS = (1, 100, 10_000)
CALLS_PER_S = (1, 10, 100, 1_000, 10_000)
WAITS_S = (60, 600)

#: Primaries of the simulation, turns, and transitions of a turn.
NODES, TURNS = (1, 2, 3, 5, 10, 20, 50), 7
SHORT_NODES = (1, 3)
TRANSITIONS, SHORT_TRANSITIONS = 200_000, 2_000

RATE, PRIMARIES = "calls a second", "primaries"
TARGET = f"{UTILISATION:.0%}"
BUSIEST = f"busiest primary, {TARGET} on paper"

#: Of each part of planning.py: what the benchmarks call its processes.
PROCESSES = {PRIMARY: "Valkey", COORDINATOR: "coordinator", ADAPTER: "adapters"}


@dataclass
class Results:
    """What the other benchmarks have written; short runs for a short one. `used`: where from."""

    options: Options
    used: dict[str, dict[str, Any]]

    def median(self, benchmark: str, subject: str, quantity: str) -> float:
        """Of the largest size or rate it was measured at. CliError says what to run first."""
        rows = [
            row for row in self._measures(benchmark)
            if (row["subject"], row["quantity"]) == (subject, quantity)
        ]  # fmt: skip
        if not rows:
            raise self._first(benchmark, f"does not say the {quantity} of {subject}")
        return float(max(rows, key=lambda row: row.get("at", 0))["median"])

    def cost(self, benchmark: str, subject: str, quantity: str) -> float:
        """The same of what cannot be nothing."""
        value = self.median(benchmark, subject, quantity)
        if value <= 0:
            raise self._first(benchmark, f"says 0 as the {quantity} of {subject}")
        return value

    def _measures(self, benchmark: str) -> list[dict[str, Any]]:
        try:
            if benchmark not in self.used:
                self.used[benchmark] = json.loads(self._file(benchmark).read_text("utf-8"))
            return list(self.used[benchmark]["measures"])
        except FileNotFoundError:
            raise self._first(benchmark, "is not there") from None
        except (ValueError, TypeError, KeyError):
            raise self._first(benchmark, "is no benchmark's result") from None

    def _file(self, benchmark: str) -> Path:
        return output.written(self.options.results, benchmark, self.options.short)

    def _first(self, benchmark: str, why: str) -> CliError:
        command = output.command(benchmark, Options(short=self.options.short))
        return CliError(f"{self._file(benchmark)} {why}: run `{command}` first.")


async def measure(options: Options, say: Say) -> Findings:
    """Nothing is measured: read, computed, simulated."""
    found, results = Findings(), Results(options, {})
    costs = _costs(results)
    _call(found, results, costs)
    _paper(found, costs)
    for tenants in TENANTS[1:]:
        for nodes in SHORT_NODES if options.short else NODES:
            say(f"{_named(tenants)} by Zipf's law over {nodes} primaries")
            _simulated(options, found, costs, tenants, nodes)
    for body in results.used.values():
        where = f"{body['machine']['cpu']}, gvq {body['versions']['gvq']}"
        found.note(f"constants of `{body['command']}`, {body['ended']}, {where}")
    return found


def _costs(results: Results) -> Costs:
    transitions = results.cost("traffic", CALL, "transitions")
    return Costs(
        cpu_s={
            part: results.cost("through", name, "processor time") / 1e6 * transitions
            for part, name in PROCESSES.items()
        },
        idle_s={
            part: results.median("traffic", f"{IDLE}: {name}", "processor time") / 1e3
            for part, name in PROCESSES.items()
        },
        transitions=transitions,
        wires={
            "AMI to adapter": results.cost("adapter", "filtered", "bytes"),
            **{wire: results.cost("traffic", wire, "bytes") for wire in WIRES},
        },
        caller_bytes=results.cost("growth", "line", "memory"),
        coordinator_bytes=results.cost("traffic", "coordinator", "resident memory") * 2**20,
    )


def _call(found: Findings, results: Results, costs: Costs) -> None:
    """One call, and how many of it one core takes."""
    for part, spent in costs.cpu_s.items():
        found.add(part, "processor time", "ms a call", spent * 1e3)
        found.add(part, f"{RATE} of a core at {TARGET}", "", planning.carried(costs, part))
    scripts_s = results.cost("profile", CALL_OF_THREE, "time") / 1e6
    found.add("scripts of three transitions alone", f"{RATE} of a core at {TARGET}", "",
              UTILISATION / scripts_s)  # fmt: skip


def _paper(found: Findings, costs: Costs) -> None:
    """Every size, part after part."""
    for tenants in TENANTS:
        _cores(found, costs, tenants)
    for wire, sent in costs.wires.items():
        for rate in CALLS_PER_S:
            found.add(wire, "bytes", "1/s", sent * rate, rate, RATE)
    for wait_s in WAITS_S:
        for rate in CALLS_PER_S:
            size = planning.waiting(rate, wait_s) * costs.caller_bytes / 2**20
            found.add(f"callers who wait {wait_s} s", "memory", "MiB", size, rate, RATE)


def _cores(found: Findings, costs: Costs, tenants: int) -> None:
    """Processes of one core each. Notes say what is full first, and what to add."""
    of = f"of {_named(tenants)}"
    for rate in CALLS_PER_S:
        nodes = planning.primaries(costs, tenants, rate)
        if nodes is not None:
            found.add(f"primaries {of}", "needed", "", nodes, rate, RATE)
        replicas = planning.coordinators(costs, tenants, rate)
        found.add(f"coordinators {of}", "needed", "", replicas, rate, RATE)
        found.add(f"coordinators {of}", "memory of processes", "MiB",
                  replicas * costs.coordinator_bytes / 2**20, rate, RATE)  # fmt: skip
        adapters = planning.cores(costs, ADAPTER, tenants, rate)
        found.add(f"{ADAPTER} {of}", "needed", "", adapters, rate, RATE)
        told = planning.verdict(costs, tenants, rate)
        found.note(f"{_named(tenants)}, {rate:,} {RATE}: {told}")


def _simulated(options: Options, found: Findings, costs: Costs, tenants: int, nodes: int) -> None:
    """As many calls as so many primaries carry on paper, and what the busiest has of them. Waits
    are told where it keeps up in every turn.
    """
    subject, at = f"{_named(tenants)}, unequal", (nodes, PRIMARIES)
    turns = range(options.runs(TURNS))
    shares = [_largest(tenants, nodes, turn) for turn in turns]
    for share in shares:
        really = UTILISATION / costs.cpu_s[PRIMARY] / share
        found.add(subject, f"{RATE}, the busiest at {TARGET}", "", really, *at)
        found.add(subject, BUSIEST, "", share * nodes * UTILISATION, *at)
    if max(shares) * nodes * UTILISATION >= 1:
        return
    number = SHORT_TRANSITIONS if options.short else TRANSITIONS
    for turn, share in zip(turns, shares, strict=True):
        busy = share * nodes * UTILISATION
        waits = spread.waits(Random(turn), busy, costs.service_s, number)
        for name, part in (("p50", 0.5), ("p99", 0.99)):
            found.add(subject, f"wait there {name}", "µs", quantile(waits, part) * 1e6, *at)


def _largest(tenants: int, nodes: int, turn: int) -> float:
    """The busiest node's share of all calls; each turn's tenants have other names."""
    names = (f"tenant{turn}-{n}" for n in range(tenants))
    return max(spread.shares(zip(names, spread.zipf(tenants), strict=True), nodes))


def _named(tenants: int) -> str:
    return f"{tenants:,} tenant{'s' if tenants > 1 else ''}"
