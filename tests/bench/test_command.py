"""gvq bench as a user runs it, and the form of what it writes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from coordinator.cli.bench import findings, machine, output, plots
from coordinator.cli.bench.registry import BENCHMARKS, benchmark


def _gvq(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "coordinator.cli", "bench", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_unknown_benchmark_is_one_sentence() -> None:
    done = _gvq("speed")
    assert done.returncode == 1
    assert done.stderr.startswith("gvq: There is no benchmark 'speed'; there are line, ")
    assert done.stdout == ""


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_is_there(name: str) -> None:
    assert callable(benchmark(name))


def test_findings_keep_every_run_and_say_what_was_wrong(tmp_path: Path) -> None:
    found = findings.Findings()
    for value in (3.0, 1.0, 2.0):
        found.add("ours", "speed", "1/s", value)
        found.add("ours", "cost", "µs", value, at=10 * value, of="callers")
    found.at_least("speed", found.median("ours", "speed"), 5)
    found.at_most("nothing of it", found.median("theirs", "speed"), 5)
    found.check("calls left over", 0, 0)
    found.check("calls left over", 2, 0)
    moment = machine.Moment.now()
    body = output.document(
        "line", findings.Options(short=True, repeats=3), found,
        machine.described(moment, moment), machine.versions(), 1.0,
    )  # fmt: skip
    [speed, *cost] = body["measures"]
    assert speed == {
        "subject": "ours", "quantity": "speed", "unit": "1/s", "median": 2.0, "low": 1.0,
        "high": 3.0, "values": [3.0, 1.0, 2.0],
    }  # fmt: skip
    assert [row["at"] for row in cost] == [30, 10, 20]
    assert body["command"] == "gvq bench line --short --repeats 3"
    assert [target["met"] for target in body["targets"]] == [False]
    assert [check["ok"] for check in body["checks"]] == [True, False]
    assert not found.ok
    assert json.loads(output.write(tmp_path, body).read_text("utf-8")) == body
    assert {"cpu", "cores", "kernel", "load_before", "load_after", "steal", "busy"} <= set(
        body["machine"]
    )
    assert {"python", "valkey", "gvq", "redis"} <= set(body["versions"])
    names = [file.name for file in plots.draw(tmp_path, body)]
    assert names == ["line-short-speed.png", "line-short-callers-cost.png"]


def test_a_quantile_is_one_of_the_values() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [findings.quantile(values, share) for share in (0.5, 0.99, 1)] == [50, 99, 100]
    assert findings.quantile([], 0.5) == 0
