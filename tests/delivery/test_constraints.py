"""constraints.txt pins all that set-up installs, and says no place to take it from."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.delivery.tree import read

PIN = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+")
#: A dependency may be needed by some of the Pythons we run on only, as Debian 12's 3.11.2.
PYTHONS = ("3.11.0", "3.11.2", "3.12.0", "3.13.0")
LINES = [line for line in read("constraints.txt").splitlines() if line and line[0] != "#"]
PINS = {canonicalize_name(name): pin for name, pin in (line.split("==", 1) for line in LINES)}


def test_a_line_is_a_name_and_one_version() -> None:
    assert [line for line in LINES if not PIN.fullmatch(line)] == []


def test_a_name_stands_once_and_in_order() -> None:
    names = [canonicalize_name(line.split("==")[0]) for line in LINES]
    assert names == sorted(set(names))


def test_every_dependency_is_pinned() -> None:
    assert _needed() - PINS.keys() == set()


def test_every_pin_is_needed() -> None:
    assert PINS.keys() - _needed() == set()


def test_what_is_installed_is_what_is_pinned() -> None:
    installed = {name: _version(name) for name in PINS}
    assert {n: v for n, v in installed.items() if v not in (PINS[n], None)} == {}


def _needed() -> set[str]:
    """Names of what pyproject asks for to build, run and develop, and of what these need."""
    project = tomllib.loads(read("pyproject.toml"))
    build = project["build-system"]["requires"]
    asked = project["project"]["dependencies"]
    extras = project["project"]["optional-dependencies"]
    found: set[str] = set()
    for line in [*build, *asked, *extras["dev"], *extras["bench"]]:
        _collect(Requirement(line), found, set())
    return found


def _collect(wanted: Requirement, found: set[str], seen: set[tuple[str, str]]) -> None:
    """Adds the name and, through installed metadata, those it needs here with these extras."""
    name = canonicalize_name(wanted.name)
    found.add(name)
    for extra in ["", *wanted.extras]:
        if (name, extra) not in seen:
            seen.add((name, extra))
            for child in _children(name, extra):
                _collect(child, found, seen)


def _children(name: str, extra: str) -> Iterator[Requirement]:
    for line in _requires(name):
        child = Requirement(line)
        if any(_applies(child, python, extra) for python in PYTHONS):
            yield child


def _applies(child: Requirement, python: str, extra: str) -> bool:
    series = python.rpartition(".")[0]
    where = {"python_full_version": python, "python_version": series, "extra": extra}
    return child.marker is None or child.marker.evaluate(where)


def _requires(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
