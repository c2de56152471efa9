"""gvq rule: penalty rules, by which whom a caller admits changes while it waits."""

from typing import Annotated, Any

import typer

from coordinator.cli.client import Client, path
from coordinator.cli.errors import CliError, Commands
from coordinator.cli.output import AsJson, print_done, print_json, print_rows

app = typer.Typer(cls=Commands, help="Penalty rules.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The rule's name.")]

COLUMNS = {"name": "rule", "changes": "changes"}
CHANGES = {"after_s": "after, s", "max": "max", "min": "min", "raise": "raise"}


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All rules, each change as `put` takes it."""
    rules = Client().get("/v1/rules")
    if as_json:
        print_json(rules)
        return
    rows = [rule | {"changes": " ".join(map(written, rule["changes"]))} for rule in rules]
    print_rows(rows, COLUMNS, as_json)


@app.command()
def show(rule: Name, as_json: AsJson = False) -> None:
    """One rule's changes, by time."""
    body = Client().get(path("rules", rule))
    if as_json:
        print_json(body)
    else:
        print_rows(body["changes"], CHANGES, as_json)


@app.command()
def put(
    rule: Name,
    change: Annotated[
        list[str] | None,
        typer.Option(
            help="seconds,max[,min[,raise]] as in queuerules.conf, e.g. 30,+2,,r5; repeatable. "
            "Without any, who brings this rule is spared the queue's defaultrule."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a rule, or set it anew for those who come from now on."""
    changes = [_read(text) for text in change or []]
    saved = Client().put(path("rules", rule), {"changes": changes})
    print_done(f"Rule {rule} is saved.", saved, as_json)


@app.command()
def delete(rule: Name, as_json: AsJson = False) -> None:
    """Remove a rule that is no queue's defaultrule."""
    gone = Client().delete(path("rules", rule))
    print_done(f"Rule {rule} is gone.", gone, as_json)


def _read(text: str) -> dict[str, Any]:
    """What a bound may be is for the API to say."""
    seconds, *bounds = [field.strip() for field in text.split(",")]
    if not (seconds.isascii() and seconds.isdigit()) or not 1 <= len(bounds) <= 3:
        raise CliError(f"--change {text!r} is not seconds,max[,min[,raise]], as in 30,+2,,r5.")
    return {"after_s": int(seconds), **dict(zip(("max", "min", "raise"), bounds, strict=False))}


def written(change: dict[str, Any]) -> str:
    """A change as `put` takes it."""
    return ",".join(str(change[name]) for name in CHANGES).rstrip(",")
