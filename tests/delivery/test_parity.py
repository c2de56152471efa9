"""docs/queue-parity.md: no cell is empty, and what it says is shown is shown by a test there is."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from coordinator.importer.options import GENERAL, OPTIONS
from coordinator.line.types import STRATEGIES
from tests.delivery.parity import Row, rows
from tests.delivery.tree import ROOT

VERDICTS = {"same", "better", "differs", "not applicable"}
#: Tests of what tests are made of.
OF_TESTS = {"model/test_reference"}
TEST = re.compile(r"([a-z0-9_/]+)::(test_[a-z0-9_]+)")


@pytest.mark.parametrize("row", rows(), ids=str)
def test_a_row_is_whole(row: Row) -> None:
    assert row.verdict in VERDICTS
    assert row.how or row.verdict == "same", "how, or why?"
    shown = re.findall(r"`([^`]+)`", row.test)
    assert shown, "no test shows it"
    for named in shown:
        found = TEST.fullmatch(named)
        assert found, named
        assert found[1] not in OF_TESTS, "it shows the tests' own twin, not the line"
        assert found[2] in defined_in(found[1])


def test_no_name_comes_twice_in_a_section() -> None:
    names = [(row.section, name) for row in rows() for name in row.names]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    ("section", "wanted"),
    [
        ("queues.conf: [general]", set(GENERAL)),
        ("queues.conf: a queue", set(OPTIONS)),
        ("Strategies", set(STRATEGIES) | {"roundrobin"}),
    ],
)
def test_what_an_import_reads_has_its_row(section: str, wanted: set[str]) -> None:
    assert {name for row in rows() if row.section == section for name in row.names} == wanted


@cache
def defined_in(module: str) -> frozenset[str]:
    """Names of the tests in tests/<module>.py, those of its classes too."""
    tree = ast.parse((ROOT / "tests" / f"{module}.py").read_text(encoding="utf-8"))
    return frozenset(_functions(tree))


def _functions(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
