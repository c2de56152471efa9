"""gvq token: who may use the API."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from coordinator.cli.client import Client, path
from coordinator.cli.errors import Commands
from coordinator.cli.output import AsJson, print_done, print_json, print_rows

app = typer.Typer(cls=Commands, help="Tokens of the API.", no_args_is_help=True)

COLUMNS = {
    "id": "id", "role": "role", "box": "box", "label": "label", "created_us": "created",
    "last_used_us": "last used", "revoked_us": "revoked",
}  # fmt: skip


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All tokens, without their secrets."""
    rows = Client().get("/v1/tokens")
    if as_json:
        print_json(rows)
        return
    print_rows([_dated(row) for row in rows], COLUMNS, as_json)


@app.command()
def add(
    role: Annotated[str, typer.Argument(help="read, operate or admin.")],
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a token; prints its secret, once."""
    made = Client().post("/v1/tokens", {"role": role, "label": label})
    print_done(made["token"], made, as_json)


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(help="Its id, from `gvq token list`.")],
    as_json: AsJson = False,
) -> None:
    """The token opens nothing from now on."""
    gone = Client().delete(path("tokens", token))
    print_done(f"Token {token} is revoked.", gone, as_json)


def _dated(row: dict[str, Any]) -> dict[str, Any]:
    """Times as dates, in UTC."""
    return {
        name: f"{datetime.fromtimestamp(value / 1e6, UTC):%Y-%m-%d %H:%M}"
        if name.endswith("_us") and value is not None
        else value
        for name, value in row.items()
    }
