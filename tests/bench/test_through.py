"""gvq bench through: every caller got through, by the journal's account, and all was counted."""

from coordinator.cli.bench.through import MINUTES, ONE, RATE, TWO
from tests.bench.conftest import Bench


def test_every_call_goes_through_everything(bench: Bench) -> None:
    body = bench("through")
    assert body.wrong() == []
    checked = {check["what"] for check in body["checks"]}
    assert {"rules broken", "callers without an agent", "events of boxes refused"} <= checked
    [fast], [slow] = (body.values("all", f"dialled to INVITE {share}") for share in ("p50", "p99"))
    assert fast <= slow
    for part in ("coordinator", "adapters", "Valkey"):
        assert all(cost > 0 for cost in body.values(part, "processor time"))
    assert [body.values(name, "transitions") != [] for name in (ONE, TWO)] == [True, True]
    assert {row["of"] for row in body["measures"] if "at" in row} == {RATE, MINUTES}
    # Processes of Python are there, and larger than nothing: the memory is theirs.
    assert all(mib > 20 for mib in body.values("coordinator", "resident memory"))
