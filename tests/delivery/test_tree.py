"""What no file may hold: a package registry's name, or a path of the machine it was made on."""

import re
from pathlib import Path

import pytest

from tests.delivery.tree import ROOT, texts

# Joined here, so that this file does not hold them itself. Clients find their registries by their
# own configuration; a name in the tree would break whoever uses a mirror.
REGISTRIES = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("deb", "debian", "org"),
        ("snapshot", "debian", "org"),
        ("ftp", "debian", "org"),
        ("registry", "npmjs", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
        ("quay", "io"),
    ]
]
HOME_FOLDER = re.compile(r"(?<![\w.$}])/(root|home|Users)/\w")


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize("host", REGISTRIES)
def test_no_file_names_a_package_registry(host: str) -> None:
    assert _lines_with(re.compile(rf"\b{re.escape(host)}\b")) == []


def test_no_file_holds_a_path_into_a_home_folder() -> None:
    assert _lines_with(HOME_FOLDER) == []


@pytest.mark.parametrize("folder", [ROOT, Path.home()], ids=["checkout", "home"])
def test_no_file_holds_a_path_of_this_machine(folder: Path) -> None:
    assert _lines_with(re.compile(re.escape(f"{folder}/"))) == []


def test_the_tree_is_read() -> None:
    """Guards the checks above: they would hold for an empty list too."""
    assert {"pyproject.toml", "Makefile", "tests/delivery/tree.py", ".ci/run"} <= set(texts())
    assert not any(name.startswith((".venv/", ".git/")) for name in texts())
