"""What our sources may import: what pyproject asks for, and along its arrows."""

import ast
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.delivery.tree import ROOT, read, texts

PROJECT = tomllib.loads(read("pyproject.toml"))["project"]
RUNTIME = PROJECT["dependencies"]
BENCH = [*RUNTIME, *PROJECT["optional-dependencies"]["bench"]]
DEVELOPMENT = [*BENCH, *PROJECT["optional-dependencies"]["dev"]]
#: What it needs beyond the runtime comes with the extra of its name.
ROOM_OF_BENCHMARKS = "coordinator/cli/bench"
OURS = {"coordinator", "ami_adapter", "migrations", "tests"}
DISTRIBUTIONS = packages_distributions()


def test_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert " 0 broken" in run.stdout


@pytest.mark.parametrize(
    ("folders", "asked"),
    [(OURS - {"tests"}, RUNTIME), ({ROOM_OF_BENCHMARKS}, BENCH), (OURS, DEVELOPMENT)],
    ids=["runtime", "bench", "development"],
)
def test_what_is_imported_is_asked_for(folders: set[str], asked: list[str]) -> None:
    """Not only there because something else brought it, or somebody installed it by hand."""
    names = {canonicalize_name(Requirement(line).name) for line in asked}
    left_out = () if ROOM_OF_BENCHMARKS in folders or "tests" in folders else (ROOM_OF_BENCHMARKS,)
    unasked = {
        module: files
        for module, files in _imported(folders, left_out).items()
        if not names & {canonicalize_name(name) for name in DISTRIBUTIONS.get(module, [])}
    }
    assert unasked == {}


def _imported(folders: set[str], left_out: tuple[str, ...]) -> dict[str, set[str]]:
    """Top-level module not of ours and not Python's → the files that import it."""
    found: dict[str, set[str]] = {}
    for name, text in texts().items():
        here = name.startswith(tuple(f"{folder}/" for folder in folders))
        if name.endswith(".py") and here and not name.startswith(left_out or ("\0",)):
            for module in _modules(ast.parse(text)) - OURS - sys.stdlib_module_names:
                found.setdefault(module, set()).add(name)
    return found


def _modules(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found
