"""gvq member: which agents serve which queue."""

from typing import Annotated

import typer

from coordinator.cli.client import Client, path
from coordinator.cli.errors import Commands
from coordinator.cli.output import AsJson, print_done

app = typer.Typer(cls=Commands, help="Agents as members of queues.", no_args_is_help=True)

Queue = Annotated[str, typer.Argument(help="The queue's name.")]
Agent = Annotated[str, typer.Argument(help="The agent's name.")]


@app.command()
def put(
    queue: Queue,
    agent: Agent,
    penalty: Annotated[int, typer.Option(min=0, help="Lower ones are rung first.")] = 0,
    wrapuptime: Annotated[
        int | None, typer.Option(min=0, help="Seconds after a call; else the queue's.")
    ] = None,
    ringinuse: Annotated[
        bool | None, typer.Option(help="Ring, or not, while in use; else as the queue says.")
    ] = None,
    paused: Annotated[bool, typer.Option(help="Paused there from the start, if new.")] = False,
    reason: Annotated[str, typer.Option(help="Why paused.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make an agent a member, or change how it serves: what is left out is the queue's."""
    body = {
        "penalty": penalty,
        "wrapuptime": wrapuptime,
        "ringinuse": ringinuse,
        "paused": paused,
        "reason": reason,
    }
    saved = Client().put(path("queues", queue, "members", agent), body)
    print_done(f"Agent {agent} serves {queue} with penalty {penalty}.", saved, as_json)


@app.command()
def delete(queue: Queue, agent: Agent, as_json: AsJson = False) -> None:
    """End a membership."""
    gone = Client().delete(path("queues", queue, "members", agent))
    print_done(f"Agent {agent} no longer serves {queue}.", gone, as_json)
