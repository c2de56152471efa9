"""Benchmarks in their short form: whether what they measure is right, never how fast it is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from coordinator.cli.bench.command import run
from coordinator.cli.bench.findings import Options

Bench = Callable[[str], "Body"]


class Body(dict[str, Any]):
    """What a benchmark has written."""

    def values(self, subject: str, quantity: str) -> list[float]:  # type: ignore[override]
        """Of all sizes and runs."""
        rows = [
            row for row in self["measures"]
            if row["subject"] == subject and row["quantity"] == quantity
        ]  # fmt: skip
        return [value for row in rows for value in row["values"]]

    def wrong(self) -> list[Any]:
        """Checks that did not hold."""
        return [check for check in self["checks"] if not check["ok"]]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Runs a benchmark in its short form, as `gvq bench NAME --short` does."""
    return _short(Options(short=True, results=tmp_path))


@pytest.fixture
def real_bench(tmp_path: Path) -> Bench:
    """The same with --real."""
    return _short(Options(short=True, real=True, results=tmp_path))


def _short(options: Options) -> Bench:
    folder = options.results

    def short(name: str) -> Body:
        with (folder / "said").open("w") as said:
            run(name, options, Console(file=said))
        body = Body(json.loads((folder / f"{name}-short.json").read_text("utf-8")))
        drawn = {file.name for file in folder.glob("*.png")}
        assert drawn, "no plots"
        assert all((folder / name).stat().st_size > 1000 for name in drawn)
        return body

    return short
