"""gvq agent: who they are, who is logged in, who pauses."""

from typing import Annotated, Any

import typer

from coordinator.cli.client import Client, path
from coordinator.cli.errors import Commands
from coordinator.cli.output import AsJson, print_done, print_rows

app = typer.Typer(cls=Commands, help="Agents and what they do.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The agent's name.")]
Names = Annotated[list[str], typer.Argument(help="One agent or several.")]

COLUMNS = {
    "name": "agent", "interface": "interface", "display_name": "name", "state": "state",
    "reason": "reason", "home": "home", "call_id": "call", "queues": "queue:penalty",
}  # fmt: skip


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All agents and what they do now."""
    print_rows(Client().get("/v1/agents"), COLUMNS, as_json)


@app.command()
def put(
    agent: Name,
    interface: Annotated[str, typer.Option(help="Dial string of the phone, e.g. PJSIP/101.")],
    display_name: Annotated[str, typer.Option(help="For people.")] = "",
    as_json: AsJson = False,
) -> None:
    """Create an agent, logged out, or change the phone."""
    body = {"interface": interface, "display_name": display_name}
    saved = Client().put(path("agents", agent), body)
    print_done(f"Agent {agent} is saved.", saved, as_json)


@app.command()
def delete(agent: Name, as_json: AsJson = False) -> None:
    """Remove an agent who is neither rung nor talking."""
    gone = Client().delete(path("agents", agent))
    print_done(f"Agent {agent} is gone.", gone, as_json)


@app.command()
def login(agents: Names, as_json: AsJson = False) -> None:
    """Available from now on, if the phone is."""
    _change(agents, "login", "logged in", as_json)


@app.command()
def logout(agents: Names, as_json: AsJson = False) -> None:
    """No more calls; a phone that rings stops, a call goes on."""
    _change(agents, "logout", "logged out", as_json)


@app.command()
def pause(
    agents: Names,
    reason: Annotated[str, typer.Option(help="Why, for the reports.")] = "",
    as_json: AsJson = False,
) -> None:
    """No calls for a while."""
    _change(agents, "pause", "paused", as_json, {"reason": reason})


@app.command()
def unpause(agents: Names, as_json: AsJson = False) -> None:
    """Back from a pause."""
    _change(agents, "unpause", "back", as_json)


def _change(agents: list[str], what: str, done: str, as_json: bool, body: Any = None) -> None:
    client = Client()
    saved = [client.post(path("agents", agent, what), body) for agent in agents]
    print_done("\n".join(f"Agent {agent} is {done}." for agent in agents), saved, as_json)
