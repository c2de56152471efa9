"""gvq token: who may use the API."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from coordinator.cli.client import Client, path
from coordinator.cli.environment import settings_or_sentence
from coordinator.cli.errors import CliError, Commands
from coordinator.cli.output import AsJson, print_done, print_json, print_rows

if TYPE_CHECKING:
    from coordinator.directory.types import Role

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
    role: Annotated[Literal["read", "operate", "admin"], typer.Argument(help="What it may.")],
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    local: Annotated[
        bool,
        typer.Option(
            "--local",
            help="Without a token: write to the database itself (GVQ_DATABASE_URL, GVQ_DATA_DIR).",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a token; prints its secret, once. With --local when all admin tokens are lost."""
    if local:
        made = _write(role, label)
    else:
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


def _write(role: "Role", label: str) -> dict[str, Any]:
    """As the API would, by who may read the database anyway. CliError where there is none."""
    from sqlalchemy.exc import SQLAlchemyError

    from coordinator.database import Database, normalise_url
    from coordinator.directory import Tokens
    from coordinator.settings import Settings

    async def create() -> dict[str, Any]:
        database = Database(url)
        try:
            token, secret = await Tokens(database).create(role, label=label)
        finally:
            await database.close()
        return asdict(token) | {"token": secret}

    settings = settings_or_sentence(Settings)
    try:
        url = normalise_url(settings.database_url, settings.data_dir)
        if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
            raise CliError(f"{url.database} is not there; GVQ_DATA_DIR says where `gvq serve` is.")
        return asyncio.run(create())
    except ValueError as error:
        raise CliError(str(error)) from None
    except SQLAlchemyError as error:
        # The driver's own sentence; SQLAlchemy's would show the statement with its values.
        raise CliError(f"The database: {getattr(error, 'orig', error)}") from None


def _dated(row: dict[str, Any]) -> dict[str, Any]:
    """Times as dates, in UTC."""
    return {
        name: f"{datetime.fromtimestamp(value / 1e6, UTC):%Y-%m-%d %H:%M}"
        if name.endswith("_us") and value is not None
        else value
        for name, value in row.items()
    }
