"""gvq call: callers of all times, to find the id by which `gvq why` tells a call's story."""

from typing import Annotated

import typer

from coordinator.cli.client import Client
from coordinator.cli.errors import Commands
from coordinator.cli.output import AsJson, print_rows

app = typer.Typer(cls=Commands, help="Calls, past and present.", no_args_is_help=True)

COLUMNS = {
    "call_id": "call", "queue": "queue", "caller_id": "caller", "outcome": "outcome",
    "agent": "agent", "hold_s": "waited, s", "talk_s": "talked, s",
}  # fmt: skip


@app.command("list")
def list_(
    queue: Annotated[str | None, typer.Option(help="Only of this queue.")] = None,
    agent: Annotated[str | None, typer.Option(help="Only with this agent.")] = None,
    caller: Annotated[str | None, typer.Option(help="Only of this caller's number.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """The last callers, the last to join first."""
    asked = {"queue": queue, "agent": agent, "caller_id_num": caller, "limit": limit}
    wanted = {name: value for name, value in asked.items() if value is not None}
    print_rows(Client().get("/v1/calls", **wanted), COLUMNS, as_json)
