"""docs/settings.md has every setting of both programs, as their classes have it."""

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic.fields import FieldInfo

from ami_adapter.settings import Settings as Adapter
from coordinator.cli.environment import ELSEWHERE, PREFIX
from coordinator.settings import Settings as Coordinator
from tests.delivery.tree import read

DOCUMENT = read("docs/settings.md")


def rows(kind: Any) -> Iterator[str]:
    """The table of one program."""
    for name, field in kind.model_fields.items():
        told = " ".join(part for part in (field.description, _allowed(field)) if part)
        yield f"| `{PREFIX}{name.upper()}` | {_default(field)} | {told} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be set"
    if field.default_factory is not None:
        return "host and port"
    value = field.default
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _allowed(field: FieldInfo) -> str:
    """Bounds and words."""
    signs = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
    bounds = [
        f"{signs[name]} {getattr(one, name):g}"
        for one in field.metadata
        for name in signs
        if hasattr(one, name)
    ]
    words = [word for word in get_args(field.annotation) if isinstance(word, str)]
    if field.annotation is bool:
        words = ["true", "false"]
    allowed = bounds or [", ".join(f"`{word}`" for word in words)]
    return f"({', '.join(allowed)})" if allowed != [""] else ""


@pytest.mark.parametrize("kind", [Coordinator, Adapter])
def test_the_table_is_the_class(kind: Any) -> None:
    written = DOCUMENT.splitlines()
    assert [row for row in rows(kind) if row not in written] == []


def test_nothing_else_is_in_it() -> None:
    told = set(re.findall(r"^\| `(GVQ_\w+)`", DOCUMENT, re.MULTILINE))
    fields = (*Coordinator.model_fields, *Adapter.model_fields)
    ours = {f"{PREFIX}{name.upper()}" for name in fields}
    assert told == ours | ELSEWHERE
