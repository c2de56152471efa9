"""Documents that promise to list something do list it."""

import re
import tomllib

from tests.delivery.tree import ROOT, read

DECISIONS = sorted(p.name for p in (ROOT / "docs/decisions").glob("*.md") if p.name != "README.md")
VERSION = re.compile(r"^## \[(Unreleased|\d+\.\d+\.\d+)\](?: - (\d{4}-\d\d-\d\d))?$", re.MULTILINE)
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_every_decision_is_listed_once_and_in_order() -> None:
    listed = re.findall(r"\]\((\d{4}-[a-z0-9-]+\.md)\)", read("docs/decisions/README.md"))
    assert listed == DECISIONS


def test_every_decision_is_listed_under_its_title() -> None:
    index = read("docs/decisions/README.md")
    for name in DECISIONS:
        title = read(f"docs/decisions/{name}").splitlines()[0]
        assert title.startswith(f"# {name[:4]} ")
        assert f"- [{name[:4]}]({name}) {title[7:]}\n" in index


def test_changelog_keeps_its_form() -> None:
    text = read("CHANGELOG.md")
    versions = VERSION.findall(text)
    assert versions[0] == ("Unreleased", "")
    assert all(date for _, date in versions[1:])
    assert len(versions) == text.count("\n## ")
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= KINDS


def test_changelog_knows_the_version() -> None:
    """A version other than the first, unreleased 0.1.0 has its section."""
    current = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert current == "0.1.0" or f"## [{current}]" in read("CHANGELOG.md")
