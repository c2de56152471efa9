"""docs/queue-parity.md leaves nothing out of what Asterisk itself documents of app_queue.

The documentation and the sample configuration are those that Debian's Asterisk installs.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ami_adapter.lab import root
from tests.delivery.parity import rows

pytestmark = pytest.mark.lab

SHARE = Path("usr/share/asterisk")


@pytest.fixture(scope="module")
def share() -> Path:
    """Asterisk's own documentation and samples."""
    return root.ensure(print) / SHARE


@pytest.fixture(scope="module")
def documented(share: Path) -> list[ElementTree.Element]:
    """What core-en_US.xml says of app_queue: applications, functions, actions, events."""
    tree = ElementTree.parse(share / "documentation/core-en_US.xml")
    return [thing for thing in tree.getroot() if thing.get("module") == "app_queue"]


def test_arguments_options_and_variables_of_queue(documented: list[ElementTree.Element]) -> None:
    (queue,) = [thing for thing in documented if name_of(thing) == "Queue"]
    assert names(queue, "syntax/parameter") == listed("Queue(): arguments")
    assert names(queue, ".//option") <= listed("Queue(): options")
    variables = listed("Queue(): channel variables")
    assert names(queue, ".//variable") - {"QUEUESTATUS"} <= variables
    assert {f"QUEUESTATUS={status}" for status in names(queue, ".//value")} - {
        "QUEUESTATUS=TRUE"  # of ABANDONED
    } <= variables


@pytest.mark.parametrize(
    ("kind", "section"),
    [
        ("application", "Other applications"),
        ("function", "Functions"),
        ("manager", "AMI: actions"),
        ("managerEvent", "AMI: events"),
    ],
)
def test_what_there_is(documented: list[ElementTree.Element], kind: str, section: str) -> None:
    there_is = {name_of(thing) for thing in documented if thing.tag == kind} - {"Queue"}
    assert there_is <= listed(section)


@pytest.mark.parametrize(
    ("kind", "section", "parts"),
    [
        ("application", "Other applications", ("syntax/parameter", ".//value")),
        ("function", "Functions", (".//enum", ".//variable")),
        ("manager", "AMI: actions", ("syntax/parameter",)),
    ],
)
def test_their_arguments_and_answers(
    documented: list[ElementTree.Element], kind: str, section: str, parts: tuple[str, ...]
) -> None:
    said = {row.names[0]: row.how for row in rows() if row.section == section}
    for thing in documented:
        if thing.tag == kind and name_of(thing) != "Queue":
            wanted = set[str]().union(*(names(thing, part) for part in parts))
            words = set(re.findall(r"[A-Za-z_]+", said[name_of(thing)]))
            assert wanted <= words, name_of(thing)


@pytest.mark.parametrize(
    ("file", "sections"),
    [
        ("queues.conf.sample", ("queues.conf: [general]", "queues.conf: a queue")),
        ("queuerules.conf.sample", ("queuerules.conf",)),
    ],
)
def test_options_of_the_samples(share: Path, file: str, sections: tuple[str, ...]) -> None:
    text = (share / "conf/samples" / file).read_text("utf-8")
    options = set(re.findall(r"^;?\s?([a-z][a-z_-]+[a-z0-9]) ?=>? ?", text, re.MULTILINE))
    assert options > {"strategy"} or options == {"penaltychange", "realtime_rules"}
    assert options - {"member"} <= set[str]().union(*(listed(section) for section in sections))


def listed(section: str) -> set[str]:
    """Names in a section's table."""
    return {name for row in rows() if row.section == section for name in row.names}


def names(thing: ElementTree.Element, path: str) -> set[str]:
    """The names of the elements there."""
    return set(_names(thing, path))


def _names(thing: ElementTree.Element, path: str) -> Iterator[str]:
    for element in thing.findall(path):
        if name := element.get("name"):
            yield name


def name_of(thing: ElementTree.Element) -> str:
    """Its name, which every documented thing has."""
    return thing.get("name", "")
