"""gvq queue: what queues there are, how they serve, who waits in them."""

from typing import Annotated, Any

import typer

from coordinator.cli.client import Client, path
from coordinator.cli.errors import CliError, Commands
from coordinator.cli.output import (
    AsJson,
    print_done,
    print_fields,
    print_json,
    print_rows,
    say,
    told_saved,
)
from coordinator.line import announcing, calling
from coordinator.line.types import EMPTY_CONDITIONS, STRATEGIES, QueueSettings

app = typer.Typer(cls=Commands, help="Queues and the callers in them.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The queue's name.")]

COLUMNS = {
    "name": "queue", "strategy": "strategy", "weight": "weight", "callers": "callers",
    "available": "available", "members": "members", "completed": "completed",
    "abandoned": "abandoned", "hold_s": "hold, s", "talk_s": "talk, s",
}  # fmt: skip
CALLERS = {
    "position": "#", "call_id": "call", "caller_id": "caller", "box": "box",
    "priority": "priority", "waited_s": "waited, s", "state": "state", "agent": "agent",
}  # fmt: skip
MEMBERS = {"agent": "agent", "penalty": "penalty", "state": "state"}


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All queues with their figures."""
    print_rows(Client().get("/v1/queues"), COLUMNS, as_json)


@app.command()
def show(queue: Name, as_json: AsJson = False) -> None:
    """One queue: its settings (of what is heard, those not at their default), members, callers."""
    client = Client()
    body = client.get(path("queues", queue))
    callers = client.get(path("queues", queue, "callers"))
    if as_json:
        print_json({**body, "waiting": callers})
        return
    print_fields(_told(body), as_json)
    say("")
    print_rows(body["agents"], MEMBERS, as_json)
    say("")
    print_rows(callers, CALLERS, as_json)


def _told(queue: dict[str, Any]) -> dict[str, Any]:
    """Name first, then what it does; of what is heard and done beside it, what is no default."""
    empty = {"joinempty": "yes", "leavewhenempty": "no"}
    words = {name: queue[name] or word for name, word in empty.items()}
    first = {name: queue[name] for name in COLUMNS}
    told = {**first, **queue, **words}
    beside = {**announcing.DEFAULTS, **calling.DEFAULTS}
    return {k: v for k, v in told.items() if k != "agents" and v != beside.get(k)}


@app.command()
def callers(queue: Name, as_json: AsJson = False) -> None:
    """Who waits, first one first."""
    print_rows(Client().get(path("queues", queue, "callers")), CALLERS, as_json)


@app.command()
def put(
    queue: Name,
    strategy: Annotated[
        str | None, typer.Option(help=f"One of {', '.join(STRATEGIES)}. [default: ringall]")
    ] = None,
    weight: Annotated[
        int | None, typer.Option(help="Queues of higher weight get an agent first. [default: 0]")
    ] = None,
    timeout: Annotated[
        int | None, typer.Option(help="Seconds an agent is rung. [default: 15]")
    ] = None,
    retry: Annotated[
        int | None, typer.Option(help="Seconds of rest after a failed ring. [default: 5]")
    ] = None,
    wrapuptime: Annotated[
        int | None, typer.Option(help="Seconds of rest after a call. [default: 0]")
    ] = None,
    servicelevel: Annotated[
        int | None, typer.Option(help="Seconds within which answers count. [default: 0]")
    ] = None,
    penaltymemberslimit: Annotated[
        int | None, typer.Option(help="Up to so many members penalties do not count. [default: 0]")
    ] = None,
    maxlen: Annotated[
        int | None, typer.Option(help="No more callers than this; 0: no limit. [default: 0]")
    ] = None,
    joinempty: Annotated[
        str | None,
        typer.Option(
            help="yes, no, strict, loose, or a list of "
            f"{', '.join(EMPTY_CONDITIONS)}: who does not count as there. [default: yes]"
        ),
    ] = None,
    leavewhenempty: Annotated[
        str | None, typer.Option(help="The same for who waits already. [default: no]")
    ] = None,
    defaultrule: Annotated[
        str | None, typer.Option(help="Penalty rule of callers who bring none. [default: none]")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Any setting by Queue()'s name, as --set announce_frequency=30. Repeatable.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a queue, or change it: what is not given stays as it is."""
    given: dict[str, Any] = {
        "strategy": strategy, "weight": weight, "timeout": timeout, "retry": retry,
        "wrapuptime": wrapuptime, "servicelevel": servicelevel,
        "penaltymemberslimit": penaltymemberslimit, "maxlen": maxlen, "joinempty": joinempty,
        "leavewhenempty": leavewhenempty, "defaultrule": defaultrule,
    }  # fmt: skip
    body = {name: value for name, value in given.items() if value is not None} | _named(set_ or [])
    saved, new = Client().save(path("queues", queue), body)
    print_done(told_saved(f"Queue {queue}", saved, new, body), saved, as_json)


_YES_NO = {"yes": True, "true": True, "no": False, "false": False}


def _named(pairs: list[str]) -> dict[str, Any]:
    """The settings given as NAME=VALUE; - in a name counts as _, as in queues.conf."""
    return dict(_setting(*pair.partition("=")) for pair in pairs)


def _setting(name: str, equals: str, value: str) -> tuple[str, Any]:
    name = name.strip().replace("-", "_")
    field = QueueSettings.__dataclass_fields__.get(name)
    if field is None:
        raise CliError(f"{name!r} is no setting of a queue; write NAME=VALUE.")
    if not equals:
        raise CliError(f"{name} is given no value; write {name}=VALUE.")
    try:
        if field.type is bool:
            return name, _YES_NO[value.strip().lower()]
        return name, int(value) if field.type is int else value
    except (KeyError, ValueError):
        kind = "yes or no" if field.type is bool else "a whole number"
        raise CliError(f"{name} is {kind}, not {value!r}.") from None


@app.command()
def delete(queue: Name, as_json: AsJson = False) -> None:
    """Remove a queue in which nobody waits."""
    gone = Client().delete(path("queues", queue))
    print_done(f"Queue {queue} is gone.", gone, as_json)


@app.command()
def reset(queue: Name, as_json: AsJson = False) -> None:
    """Let the queue's figures, and its members' calls, count from nothing."""
    done = Client().post(path("queues", queue, "reset"))
    print_done(f"Queue {queue} counts from nothing.", done, as_json)
