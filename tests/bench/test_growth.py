"""gvq bench growth: every row of sizes is there, and every decision was made."""

from coordinator.cli.bench.growth import BOXES, MEMBERS, NODES, QUEUES, SHORT_SIZES, WAITING
from tests.bench.conftest import Bench, Body


def _sizes(body: Body, subject: str, quantity: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for row in body["measures"]:
        if (row["subject"], row["quantity"]) == (subject, quantity):
            found.setdefault(row["of"], []).append(row["at"])
    return found


def test_each_size_has_its_decisions(bench: Bench) -> None:
    body = bench("growth")
    assert body.wrong() == []
    wanted = {of: [float(size) for size in sizes] for of, sizes in SHORT_SIZES.items()}
    line = {of: wanted[of] for of in (WAITING, QUEUES, BOXES)}
    assert _sizes(body, "line", "decision") == line
    for strategy in ("leastrecent", "rrmemory", "random"):
        assert _sizes(body, strategy, "decision") == {MEMBERS: wanted[MEMBERS]}
    shares = "busiest node's share of it"
    assert _sizes(body, "Cluster", shares) == {NODES: wanted[NODES]}
    one, three = body.values("Cluster", shares)
    assert one == 1.0 > three >= 1 / 3
    # Of a caller: some hundred bytes of fields, and its names in the line and the open index.
    [memory] = body.values("line", "memory")
    assert 200 < memory < 20_000
