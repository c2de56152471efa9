"""What commands print: a table or a sentence for people, JSON for programs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

#: Characters in a line of a table. Who pipes it looks for whole words; a terminal wraps by itself.
NO_LIMIT = 1_000_000

Row = Mapping[str, Any]


def print_json(body: Any) -> None:
    """One JSON document on stdout."""
    typer.echo(json.dumps(body, indent=2, ensure_ascii=False))


def say(sentence: str) -> None:
    """One line for people on stdout; rows are never cut to a terminal's width."""
    typer.echo(sentence)


def print_rows(rows: Sequence[Row], columns: Mapping[str, str], as_json: bool) -> None:
    """Rows as a table of these columns (field → heading), or as they are for programs."""
    if as_json:
        print_json(rows)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in columns.values():
        table.add_column(heading, no_wrap=True)  # an id that is cut cannot be used
    for row in rows:
        table.add_row(*(Text(shown(row.get(name))) for name in columns))
    Console(width=NO_LIMIT).print(table, soft_wrap=True)


def print_fields(body: Row, as_json: bool) -> None:
    """One thing: its fields below each other, or as it is for programs."""
    if as_json:
        print_json(body)
        return
    width = max(len(name) for name in body)
    for name, value in body.items():
        say(f"{name:<{width}}  {shown(value)}")


def print_done(sentence: str, body: Any, as_json: bool) -> None:
    """A change was made: the sentence, or what the API answered."""
    if as_json:
        print_json(body)
    else:
        say(sentence)


def told_saved(what: str, saved: Row, new: bool, given: Iterable[str]) -> str:
    """The sentence about something saved: whether it is new, and what of it was set, as it is now.

    A misspelt name makes a new thing; so it is told.
    """
    fields = ", ".join(f"{name} {shown(saved[name]) or 'none'}" for name in given)
    return f"{what} is {'new' if new else 'saved'}{': ' if fields else ''}{fields}."


def shown(value: Any) -> str:
    """A field for people: nothing for null, yes and no, seconds to a tenth."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, Mapping):
        return " ".join(f"{name}:{shown(part)}" for name, part in value.items())
    return str(value)
