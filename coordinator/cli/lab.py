"""gvq lab: real Asterisk boxes on this machine's loopback addresses."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coordinator.cli.errors import CliError, Commands
from coordinator.cli.output import AsJson, print_json, print_rows

if TYPE_CHECKING:
    from ami_adapter.lab import LabStatus

app = typer.Typer(
    cls=Commands, help="Real Asterisk boxes on this machine (root, Debian).", no_args_is_help=True
)

Directory = Annotated[
    Path | None,
    typer.Option(help="Where the lab's files are. [default: GVQ_LAB_DIR, else the user's cache]"),
]
COLUMNS = {"name": "box", "running": "running", "sip": "SIP", "ami": "AMI", "etc_dir": "files"}


@app.command()
def up(
    boxes: Annotated[int, typer.Option(min=1, max=26, help="How many.")] = 3,
    directory: Directory = None,
    as_json: AsJson = False,
) -> None:
    """Start boxes a, b, c, … and wait until each takes calls."""
    from ami_adapter import lab

    with _sentence():
        _show(lab.up(boxes, _where(directory), _progress), as_json)


@app.command()
def down(directory: Directory = None, as_json: AsJson = False) -> None:
    """Stop exactly the boxes that `gvq lab up` started."""
    from ami_adapter import lab

    with _sentence():
        _show(lab.down(_where(directory), _progress), as_json)


@app.command()
def status(directory: Directory = None, as_json: AsJson = False) -> None:
    """The boxes, where their SIP and AMI are, and whether they run."""
    from ami_adapter import lab

    _show(lab.status(_where(directory)), as_json)


def _where(directory: Path | None) -> Path:
    from ami_adapter.lab.root import cache

    return directory or Path(os.environ.get("GVQ_LAB_DIR") or cache() / "lab")


def _progress(line: str) -> None:
    """On stderr, so that stdout is the answer alone."""
    print(line, file=sys.stderr, flush=True)


def _show(found: "LabStatus", as_json: bool) -> None:
    if as_json:
        print_json(asdict(found))
    else:
        print_rows([asdict(box) for box in found.boxes], COLUMNS, as_json)


@contextmanager
def _sentence() -> Iterator[None]:
    from ami_adapter.lab import LabError

    try:
        yield
    except LabError as error:
        raise CliError(str(error)) from None
