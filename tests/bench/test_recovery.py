"""gvq bench recovery: nobody is lost or overtaken by any of it, and every loss was measured."""

from coordinator.cli.bench.recovery import ADAPTER, COORDINATOR, REDIS
from tests.bench.conftest import Bench


def test_the_line_is_the_same_after_every_loss(bench: Bench) -> None:
    body = bench("recovery")
    assert body.wrong() == []
    checked = {check["what"] for check in body["checks"]}
    assert {f"{loss}: the same order" for loss in (COORDINATOR, REDIS, ADAPTER)} <= checked
    [ready], [decided] = (
        body.values(COORDINATOR, f"start to {what}") for what in ("ready", "first decision")
    )
    assert ready > 0
    assert decided > 0
    [rebuilt], [first] = (
        body.values(REDIS, f"until the {what}") for what in ("line is rebuilt", "first decision")
    )
    assert 0 < rebuilt < first
