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


def test_every_decision_has_the_form() -> None:
    assert [name for name in DECISIONS if not _has_the_form(name)] == []


def _has_the_form(name: str) -> bool:
    text = read(f"docs/decisions/{name}")
    wanted = ["Context", "Decision", "Consequences"]
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    return (
        re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name) is not None
        and text.startswith(f"# {int(name[:4])}. ")
        and re.search(r"^Status: (accepted|superseded by \d{4})$", text, re.MULTILINE) is not None
        and [heading for heading in headings if heading in wanted] == wanted
    )


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
