"""The commands people and CI type."""

import os
import re
import subprocess

from tests.delivery.tree import ROOT, read

TARGETS = re.findall(r"^([A-Za-z][\w-]*):", read("Makefile"), re.MULTILINE)


def _make(*args: str) -> str:
    run = subprocess.run(["make", *args], cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout


def test_every_target_is_documented_in_help() -> None:
    listed = re.findall(r"^  make (\S+) +\S", _make("help"), re.MULTILINE)
    assert sorted(listed) == sorted(TARGETS)


def test_every_target_is_phony() -> None:
    assert re.findall(r"^\.PHONY: (.+)$", read("Makefile"), re.MULTILINE) == TARGETS


def test_make_alone_changes_nothing() -> None:
    assert _make() == _make("help")


def test_make_test_checks_everything() -> None:
    plan = _make("--dry-run", "test")
    for step in ["setup.sh dev", "ruff check", "ruff format --check", "mypy", "lint-imports"]:
        assert step in plan
    assert plan.rstrip().endswith("scripts/pytest.sh")


def test_ci_runs_what_a_person_runs() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert read(".ci/run").rstrip().endswith("exec make test")
