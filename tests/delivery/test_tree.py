"""What no file may hold: a package registry's name, a path of the machine it was made on, or a rule
that has its home elsewhere."""

import re
from pathlib import Path

import pytest

from tests.delivery.tree import ROOT, texts

# By their shape, so that this file names none. Clients find their registries by their own
# configuration; a name in the tree would break whoever uses a mirror.
REGISTRIES = {
    "python": r"\b(test\.)?pypi\.[a-z]+\b|\bfiles\.python[a-z]+\.",
    "debian": r"\b(deb|ftp|snapshot|security|cdn-aws)\.([a-z]{2}\.)?debian\.",
    "npm": r"\bregistry\.[a-z]+js\.",
    "images": r"\b(docker|ghcr|quay)\.io\b",
}
# Our sources have these once.
ONE_HOME = {
    "coordinator/protocol/fields.py": r"\b86_?400\b",
    "coordinator/asterisk_config.py": r"\"yes\", \"true\"",
    "coordinator/journal.py": r"^[A-Z_]+ = .*\"no_answer\", \"busy\", \"rejected\"",
}
HOME_FOLDER = re.compile(r"(?<![\w.$}])/(root|home|Users)/\w")


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize("kind", REGISTRIES)
def test_no_file_names_a_package_registry(kind: str) -> None:
    assert _lines_with(re.compile(REGISTRIES[kind])) == []


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("python", ("pypi", "org")), ("debian", ("deb", "debian", "org")),
        ("npm", ("registry", "npmjs", "org")), ("images", ("docker", "io")),
    ],
)  # fmt: skip
def test_the_shape_of_a_registry_is_known(kind: str, parts: tuple[str, ...]) -> None:
    assert re.search(REGISTRIES[kind], f"https://{'.'.join(parts)}/simple")


def test_no_file_holds_a_path_into_a_home_folder() -> None:
    assert _lines_with(HOME_FOLDER) == []


@pytest.mark.parametrize("folder", [ROOT, Path.home()], ids=["checkout", "home"])
def test_no_file_holds_a_path_of_this_machine(folder: Path) -> None:
    assert _lines_with(re.compile(re.escape(f"{folder}/"))) == []


@pytest.mark.parametrize("home", ONE_HOME)
def test_a_rule_has_one_home(home: str) -> None:
    sources = re.compile(r"(coordinator|ami_adapter)/.*\.py:")
    found = [line for line in _lines_with(re.compile(ONE_HOME[home])) if sources.match(line)]
    assert [line.partition(":")[0] for line in found] == [home]


def test_the_tree_is_read() -> None:
    """Guards the checks above: they would hold for an empty list too."""
    assert {"pyproject.toml", "Makefile", "tests/delivery/tree.py", ".ci/run"} <= set(texts())
    assert not any(name.startswith((".venv/", ".git/")) for name in texts())
