"""gvq member: which agents serve which queue."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from coordinator.cli.client import Client, path
from coordinator.cli.errors import Commands
from coordinator.cli.output import AsJson, print_done, shown

app = typer.Typer(cls=Commands, help="Agents as members of queues.", no_args_is_help=True)

Queue = Annotated[str, typer.Argument(help="The queue's name.")]
Agent = Annotated[str, typer.Argument(help="The agent's name.")]


class Own(StrEnum):
    """What a member may have of its own, and has else of its queue."""

    WRAPUPTIME = "wrapuptime"
    RINGINUSE = "ringinuse"


@app.command()
def put(
    queue: Queue,
    agent: Agent,
    penalty: Annotated[
        int | None, typer.Option(min=0, help="Lower ones are rung first. [default: 0]")
    ] = None,
    wrapuptime: Annotated[
        int | None, typer.Option(min=0, help="Seconds after a call. [default: the queue's]")
    ] = None,
    ringinuse: Annotated[
        bool | None, typer.Option(help="Ring, or not, while in use. [default: the queue's]")
    ] = None,
    as_queue: Annotated[
        list[Own] | None, typer.Option(help="This one is to be the queue's again. Repeatable.")
    ] = None,
    paused: Annotated[bool, typer.Option(help="Paused there from the start, if new.")] = False,
    reason: Annotated[str, typer.Option(help="Why paused.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make an agent a member, or change how it serves: what is not given stays as it is."""
    given = {"penalty": penalty, "wrapuptime": wrapuptime, "ringinuse": ringinuse}
    body: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    body |= dict.fromkeys(as_queue or [])
    begin = {"paused": paused, "reason": reason}
    saved, _ = Client().save(path("queues", queue, "members", agent), body, begin)
    own = "".join(f", {name} {shown(saved[name])}" for name in Own if saved[name] is not None)
    print_done(
        f"Agent {agent} serves {queue} with penalty {saved['penalty']}{own}.", saved, as_json
    )


@app.command()
def delete(queue: Queue, agent: Agent, as_json: AsJson = False) -> None:
    """End a membership."""
    gone = Client().delete(path("queues", queue, "members", agent))
    print_done(f"Agent {agent} no longer serves {queue}.", gone, as_json)
