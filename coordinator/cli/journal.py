"""gvq journal, verify, why: what happened, whether it was right, and why."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from coordinator.audit import Report, audit
from coordinator.cli.client import Client, path
from coordinator.cli.errors import CliError, Commands
from coordinator.cli.output import AsJson, print_json, say
from coordinator.journal import Entry, read_lines
from coordinator.why import explain

app = typer.Typer(cls=Commands, help="The ordered record of everything.", no_args_is_help=True)

Saved = Annotated[
    str | None,
    typer.Argument(help="A saved journal (gvq journal export); - reads stdin. [default: the API]"),
]
SavedOption = Annotated[
    str | None, typer.Option("--journal", help="A saved journal instead of the API; - reads stdin.")
]

#: How many violations are told one by one.
TOLD = 20


@app.command()
def export(
    file: Annotated[
        Path | None, typer.Argument(help="Where to; it is replaced. [default: stdout]")
    ] = None,
    after: Annotated[str, typer.Option(help="Only entries after this id.")] = "0",
) -> None:
    """All entries, one JSON object a line: what verify and why read."""
    lines = (json.dumps(entry.to_json()) for entry in Client().journal(after))
    if file is None:
        for line in lines:
            say(line)
        return
    with file.open("w", encoding="utf-8") as out:
        out.writelines(f"{line}\n" for line in lines)


def verify(
    file: Saved = None,
    url: Annotated[str | None, typer.Option(help="Coordinator to ask. [default: GVQ_URL]")] = None,
    as_json: AsJson = False,
) -> None:
    """Check a journal against the rules I1-I8.

    The code that checks shares nothing with the line that decided. Exit status 0 when no rule
    was broken, 1 when one was.
    """
    report = audit(_entries(file, url))
    if as_json:
        print_json(report.to_json())
    else:
        _tell(report)
    if not report.ok:
        raise typer.Exit(1)


def why(
    call: Annotated[
        str,
        typer.Argument(help="Its id, as `gvq queue callers` and `gvq call list` show it."),
    ],
    journal: SavedOption = None,
    as_json: AsJson = False,
) -> None:
    """What happened to a call and why, in plain sentences."""
    if journal is None:
        sentences = Client().get(path("calls", call, "why"))["sentences"]
    else:
        sentences = explain(_entries(journal), call)
    if not sentences:
        raise CliError(f"The journal has nothing about a call {call!r}.")
    if as_json:
        print_json({"call_id": call, "sentences": sentences})
    else:
        say("\n".join(sentences))


def _entries(file: str | None, url: str | None = None) -> Iterable[Entry]:
    """Of a saved journal, of stdin, or of the coordinator. CliError when it is none."""
    if file is None:
        return Client(url).journal()
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
        return list(read_lines(text.splitlines()))
    except ValueError as error:
        raise CliError(f"{file}: {error}") from None


def _tell(report: Report) -> None:
    for violation in report.violations[:TOLD]:
        say(f"{violation.rule} at {violation.entry}: {violation.sentence}")
    if len(report.violations) > TOLD:
        say(f"… and {len(report.violations) - TOLD} more (--json shows all)")
    ended = ", ".join(f"{n} {outcome}" for outcome, n in sorted(report.outcomes.items()))
    say(
        f"Callers: {ended or 'none ended'}; {len(report.waiting)} wait, {len(report.talking)} talk."
    )
    if report.partial:
        say("The journal's head is missing: only what the entries themselves tell was checked.")
    say(report.sentence)
