"""The engine's own journal, after a random day on real Valkey, breaks no rule."""

import pytest

from coordinator.audit import audit
from coordinator.why import explain
from tests.audit.traffic import Day
from tests.engine.conftest import Line


@pytest.mark.parametrize("seed", range(8))
async def test_a_random_day_is_in_order(redis: object, tenant: str, seed: int) -> None:
    line = Line(redis, tenant)  # type: ignore[arg-type]
    await line.engine.mirrored("run")
    day = Day(line, seed)
    await day.open()
    await day.run(250)
    entries = await line.journal()
    report = audit(entries)
    assert [f"{v.entry} {v.rule} {v.sentence}" for v in report.violations] == []
    assert not report.partial
    assert report.offers > 20
    told = sum(report.outcomes.values()) + len(report.waiting)
    assert told == report.joined >= 20
    for call in {e.data["call_id"] for e in entries if e.type == "caller.joined"}:
        assert explain(entries, call)
