"""gvq agent: who they are, who is logged in, who pauses."""

from typing import Annotated, Any

import typer

from coordinator.cli.client import Client, path
from coordinator.cli.errors import Commands
from coordinator.cli.output import AsJson, print_done, print_rows, told_saved

app = typer.Typer(cls=Commands, help="Agents and what they do.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The agent's name.")]
Reason = Annotated[str, typer.Option(help="Why, for the reports.")]
InQueue = Annotated[str, typer.Option("--queue", help="In this queue only.")]
Names = Annotated[list[str], typer.Argument(help="One agent or several.")]

COLUMNS = {
    "name": "agent", "interface": "interface", "display_name": "name", "state": "state",
    "reason": "reason", "home": "home", "call_id": "call", "queues": "queue:penalty",
    "paused_in": "paused in",
}  # fmt: skip


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All agents and what they do now."""
    rows = Client().get("/v1/agents")
    shown = rows if as_json else [row | {"paused_in": _pauses(row)} for row in rows]
    print_rows(shown, COLUMNS, as_json)


def _pauses(agent: Any) -> dict[str, str]:
    """Queue → why, of those of its queues that have it paused there alone."""
    members = agent["memberships"].items()
    return {queue: m["pause_reason"] for queue, m in members if m["paused"]}


@app.command()
def put(
    agent: Name,
    interface: Annotated[
        str | None,
        typer.Option(help="Dial string of the phone, e.g. PJSIP/101. Needed for a new one."),
    ] = None,
    display_name: Annotated[str | None, typer.Option(help="For people.")] = None,
    state_interface: Annotated[
        str | None,
        typer.Option(
            help="Whose state counts, if the interface only leads there (Local/…); '' for none."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create an agent, logged out, or change the phone: what is not given stays as it is."""
    given = {
        "interface": interface,
        "display_name": display_name,
        "state_interface": state_interface,
    }
    body = {name: value for name, value in given.items() if value is not None}
    saved, new = Client().save(path("agents", agent), body)
    print_done(told_saved(f"Agent {agent}", saved, new, body) + _warning(saved), saved, as_json)


def _warning(saved: Any) -> str:
    """Of a phone whose state no box knows."""
    if not saved["interface"].startswith("Local/") or saved["state_interface"]:
        return ""
    return " No box knows whether a Local/… is free, so it is never rung: give a --state-interface."


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
    reason: Reason = "",
    queue: InQueue = "",
    as_json: AsJson = False,
) -> None:
    """No calls for a while, of one queue or of any."""
    _change(agents, "pause", "paused", as_json, {"reason": reason}, queue)


@app.command()
def unpause(
    agents: Names, reason: Reason = "", queue: InQueue = "", as_json: AsJson = False
) -> None:
    """Back from a pause, also from an autopause: in one queue or in all."""
    _change(agents, "unpause", "back", as_json, {"reason": reason}, queue)


def _change(
    agents: list[str], what: str, done: str, as_json: bool, body: Any = None, queue: str = ""
) -> None:
    client = Client()
    places = [("queues", queue, "members", a) if queue else ("agents", a) for a in agents]
    saved = [client.post(path(*place, what), body) for place in places]
    where = f" in {queue}" if queue else ""
    print_done("\n".join(f"Agent {agent} is {done}{where}." for agent in agents), saved, as_json)
