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
    as_json: AsJson = False,
) -> None:
    """Make an agent a member, or change the penalty."""
    saved = Client().put(path("queues", queue, "members", agent), {"penalty": penalty})
    print_done(f"Agent {agent} serves {queue} with penalty {penalty}.", saved, as_json)


@app.command()
def delete(queue: Queue, agent: Agent, as_json: AsJson = False) -> None:
    """End a membership."""
    gone = Client().delete(path("queues", queue, "members", agent))
    print_done(f"Agent {agent} no longer serves {queue}.", gone, as_json)
