"""gvq call: callers of all times, by the id with which `gvq why` tells a call's story; and the two
things that can be done with one who waits."""

from typing import Annotated

import typer

from coordinator.cli.client import Client, path
from coordinator.cli.errors import Commands
from coordinator.cli.output import AsJson, print_done, print_rows

app = typer.Typer(cls=Commands, help="Calls, past and present.", no_args_is_help=True)

Call = Annotated[str, typer.Argument(help="The call's id, as `gvq queue callers` shows it.")]

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


@app.command()
def priority(
    call: Call,
    priority: Annotated[int, typer.Argument(help="Higher ones are served first.")],
    as_json: AsJson = False,
) -> None:
    """Move a waiting caller to another priority; among equals it keeps its turn."""
    moved = Client().patch(path("calls", call), {"priority": priority})
    print_done(f"Call {call} is at position {moved['position']}.", moved, as_json)


@app.command()
def withdraw(
    call: Call,
    reason: Annotated[str, typer.Option(help="Kept in the journal and queue_log.")] = "",
    as_json: AsJson = False,
) -> None:
    """Take a waiting caller out: it goes on in its dialplan with QUEUESTATUS WITHDRAW."""
    gone = Client().delete(path("calls", call), reason=reason)
    print_done(f"Call {call} is withdrawn.", gone, as_json)
