"""The rows of docs/queue-parity.md."""

import re
from dataclasses import dataclass
from functools import cache

from tests.delivery.tree import read


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a section's table; `names`: what stands between backquotes in its first cell."""

    section: str
    names: tuple[str, ...]
    verdict: str
    how: str
    test: str

    def __str__(self) -> str:
        return f"{self.section}: {', '.join(self.names)}"


@cache
def rows() -> tuple[Row, ...]:
    """All rows, in order. Raises ValueError for one of other than four cells."""
    found, section = [], ""
    for line in read("docs/queue-parity.md").splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif line.startswith("|") and not line.startswith("|---"):
            name, verdict, how, test = (cell.strip() for cell in _cells(line))
            if verdict != "verdict":
                found.append(Row(section, tuple(_names(name)), verdict, how, test))
    return tuple(found)


def _cells(line: str) -> list[str]:
    """A cell may hold \\| ."""
    return [cell.replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def _names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)
