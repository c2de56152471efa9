"""gvq bench capacity: paper that adds up, a simulation that agrees with theory, nothing guessed."""

import json
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import fmean

import pytest

from coordinator.cli.bench import planning, spread
from coordinator.cli.bench.capacity import BUSIEST, CALLS_PER_S, TENANTS, WAITS_S
from coordinator.cli.bench.planning import ADAPTER, COORDINATOR, PRIMARY, Costs
from coordinator.line import keys
from tests.bench.conftest import Bench, Body

#: A call is 10 ms of a primary's core, 20 of a coordinator's, 40 of adapters'; at half of a core a
#: primary carries 50 of them a second, a coordinator 25.
COSTS = Costs(
    cpu_s={PRIMARY: 0.01, COORDINATOR: 0.02, ADAPTER: 0.04},
    idle_s={PRIMARY: 0.0, COORDINATOR: 0.0, ADAPTER: 0.0},
    transitions=5, wires={}, caller_bytes=1000, coordinator_bytes=10**8,
)  # fmt: skip
RESTLESS = replace(COSTS, idle_s={PRIMARY: 0.1, COORDINATOR: 0.3, ADAPTER: 0.2})

SERVICE_S = 0.002
ARRIVALS = 200_000


# ── on paper ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("tenants", "calls_per_s", "nodes", "coordinators", "adapters"),
    [
        (1, 1, 1, 1, 1), (1, 25, 1, 1, 2), (1, 26, 1, 2, 3), (1, 50, 1, 2, 4),
        (1, 51, None, 3, 5), (100, 51, 2, 100, 5), (100, 5_000, 100, 200, 400),
        (100, 5_001, None, 300, 401), (10_000, 1, 1, 10_000, 1),
    ],
)  # fmt: skip
def test_cores_are_filled_to_half(
    tenants: int, calls_per_s: int, nodes: int | None, coordinators: int, adapters: int
) -> None:
    assert planning.primaries(COSTS, tenants, calls_per_s) == nodes
    assert planning.coordinators(COSTS, tenants, calls_per_s) == coordinators
    assert planning.cores(COSTS, ADAPTER, tenants, calls_per_s) == adapters


def test_who_is_never_called_needs_one_of_each() -> None:
    assert planning.primaries(COSTS, 1, 0) == planning.coordinators(COSTS, 1, 0) == 1
    assert planning.cores(COSTS, ADAPTER, 1, 0) == 1


def test_tenants_whom_nobody_calls_cost_too() -> None:
    assert planning.primaries(RESTLESS, 100, 0) == 20  # 100 · 0.1 s a second, at half a core each
    assert planning.cores(RESTLESS, ADAPTER, 100, 0) == 40
    assert planning.coordinators(RESTLESS, 100, 1_000) == 100
    assert planning.coordinators(RESTLESS, 100, 1_001) == 200
    assert planning.carried(RESTLESS, PRIMARY, 2) == pytest.approx(30)
    assert planning.carried(RESTLESS, PRIMARY, 100) == 0


@pytest.mark.parametrize("costs", [COSTS, RESTLESS])
@pytest.mark.parametrize("tenants", [1, 7, 100])
def test_a_limit_is_where_one_more_is_needed(costs: Costs, tenants: int) -> None:
    limits = {limit.part: limit.calls_per_s for limit in planning.limits(costs, tenants)}
    below, above = 0.999, 1.001
    at = limits["a tenant's coordinator"]
    assert planning.coordinators(costs, tenants, at * below) == tenants
    assert planning.coordinators(costs, tenants, at * above) == 2 * tenants
    at = limits["a tenant's primary"]
    assert planning.primaries(costs, tenants, at * below) is not None
    assert planning.primaries(costs, tenants, at * above) is None
    if "one primary" in limits and (at := limits["one primary"]):
        assert planning.primaries(costs, tenants, at * below) == 1
        assert planning.primaries(costs, tenants, at * above) == 2


def test_the_verdict_names_what_is_full_first_and_what_to_add() -> None:
    assert planning.verdict(COSTS, 1, 25) == (
        "nothing is full, first will be a tenant's coordinator at 25/s"
    )
    assert planning.verdict(COSTS, 1, 100) == (
        "full is first a tenant's coordinator at 25/s (add coordinators for that tenant), "
        "then a tenant's primary at 50/s (add a faster core, or part the tenant in two)"
    )
    assert planning.verdict(COSTS, 100, 100) == (
        "full is first one primary at 50/s (add primaries)"
    )


# ── the simulation ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("utilisation", [0.2, 0.5, 0.8])
def test_waits_are_those_of_theory(utilisation: float) -> None:
    waits = spread.waits(Random(1), utilisation, SERVICE_S, ARRIVALS)
    theory = utilisation * SERVICE_S / (2 * (1 - utilisation))  # M/D/1
    assert fmean(waits) == pytest.approx(theory, rel=0.03)
    # Poisson arrivals see time averages: who waits not at all came while the server was idle.
    assert sum(wait == 0 for wait in waits) / ARRIVALS == pytest.approx(1 - utilisation, abs=0.01)


def test_every_arrival_is_served_in_order_and_the_server_rests_only_when_nobody_waits() -> None:
    arrivals = spread.poisson(Random(2), 0.9 / SERVICE_S, 5_000)
    begun = list(spread.begun(arrivals, SERVICE_S))
    assert len(begun) == len(arrivals)
    assert begun[0] == arrivals[0]
    for (before, begin), at in zip(pairwise(begun), arrivals[1:], strict=True):
        assert begin == max(at, before + SERVICE_S)


def test_arrivals_are_poisson() -> None:
    arrivals = spread.poisson(Random(3), 50.0, ARRIVALS)
    gaps = [later - earlier for earlier, later in pairwise(arrivals)]
    assert fmean(gaps) == pytest.approx(1 / 50, rel=0.01)
    # Of an exponential, the share that is longer than the mean.
    assert sum(gap > 1 / 50 for gap in gaps) / len(gaps) == pytest.approx(0.3679, abs=0.005)


def test_tenants_are_unequal_as_zipf_says() -> None:
    sizes = spread.zipf(1_000)
    assert sum(sizes) == pytest.approx(1)
    assert [sizes[0] / sizes[n - 1] for n in (2, 10, 1_000)] == pytest.approx([2, 10, 1_000])


def test_a_tenant_is_where_the_hash_of_its_tag_puts_it() -> None:
    names = [f"tenant{n}" for n in range(30)]
    # CRC-16/XMODEM of the tag alone, written out: Redis Cluster's specification, appendix A.
    nodes = [_crc16(name.encode()) % 16_384 * 3 // 16_384 for name in names]
    wanted = [nodes.count(node) / 30 for node in range(3)]
    assert spread.shares([(name, 1 / 30) for name in names], 3) == pytest.approx(wanted)
    assert {_crc16(b"123456789")} == {0x31C3}
    assert keys.prefix("a") == "gvq:{a}:"


def _crc16(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


# ── what the command does ───────────────────────────────────────────────────────────────────


def test_a_result_that_is_not_there_is_asked_for(tmp_path: Path) -> None:
    assert _failed(tmp_path) == (
        f"gvq: {tmp_path}/traffic-short.json is not there: run `gvq bench traffic --short` first.\n"
    )
    (tmp_path / "traffic-short.json").write_text("{}")
    assert "traffic-short.json is no benchmark's result: run `gvq bench" in _failed(tmp_path)
    _written(tmp_path, "traffic", [])
    assert "does not say the transitions of a call: run `gvq bench" in _failed(tmp_path)
    row = {"subject": "a call", "quantity": "transitions", "median": 0}
    _written(tmp_path, "traffic", [row])
    assert "says 0 as the transitions of a call: run `gvq bench" in _failed(tmp_path)
    _written(tmp_path, "traffic", [{**row, "median": 6}])
    assert "through-short.json is not there: run `gvq bench through --short` " in _failed(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["traffic-short.json"]


def _failed(folder: Path) -> str:
    command = [sys.executable, "-m", "coordinator.cli", "bench", "capacity", "--short"]
    done = subprocess.run(
        [*command, "--to", str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    return done.stderr


def _written(folder: Path, name: str, measures: list[dict[str, object]]) -> None:
    (folder / f"{name}-short.json").write_text(json.dumps({"measures": measures}))


def test_what_the_others_measured_is_what_it_plans_with(bench: Bench) -> None:
    source = {name: bench(name) for name in ("profile", "through", "adapter", "growth", "traffic")}
    body = bench("capacity")
    assert body.wrong() == []
    [transitions] = source["traffic"].values("a call", "transitions")
    [valkey_us] = source["through"].values("Valkey", "processor time")
    [primary_ms] = body.values(PRIMARY, "processor time")
    assert primary_ms == pytest.approx(valkey_us * transitions / 1e3)
    [log] = source["traffic"].values("log and each replica", "bytes")
    assert body.values("log and each replica", "bytes") == pytest.approx(
        [log * rate for rate in CALLS_PER_S]
    )
    [caller] = source["growth"].values("line", "memory")
    assert body.values(f"callers who wait {WAITS_S[0]} s", "memory") == pytest.approx(
        [rate * WAITS_S[0] * caller / 2**20 for rate in CALLS_PER_S]
    )
    _is_whole(body)


def _is_whole(body: Body) -> None:
    """A verdict for each size, where every constant comes from, the busiest node's waits."""
    verdicts = [note for note in body["notes"] if "is full" in note or "full is" in note]
    assert len(verdicts) == len(CALLS_PER_S) * len(TENANTS)
    assert sum(note.startswith("constants of `gvq bench ") for note in body["notes"]) == 5
    few, many = (f"{tenants:,} tenants, unequal" for tenants in TENANTS[1:])
    for subject in (few, many):
        alone, spread_out = body.values(subject, BUSIEST)
        assert alone == pytest.approx(0.5)
        assert alone < spread_out
        assert (
            body.values(subject, "wait there p50")[0] <= body.values(subject, "wait there p99")[0]
        )
