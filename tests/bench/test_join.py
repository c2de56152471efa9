"""gvq bench join: everybody got a place, and each delay is one of a real clock's."""

from coordinator.cli.bench.join import DELAY, REAL, SIMULATED
from tests.bench.conftest import Bench


def test_every_caller_has_a_place(bench: Bench) -> None:
    body = bench("join")
    assert body.wrong() == []
    p50, p99, most = (body.values(SIMULATED, f"{DELAY} {q}")[0] for q in ("p50", "p99", "max"))
    assert 0 < p50 <= p99 <= most
    assert body.values(REAL, f"{DELAY} p50") == []
