"""Failures of the command line: one sentence on stderr and a status that is not zero."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

import typer
from typer.core import TyperGroup

T = TypeVar("T")


class CliError(Exception):
    """What went wrong, and what to do, in one sentence."""


class Commands(TyperGroup):
    """A group whose commands fail with a sentence, never with a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command given."""
        with sentences():
            return super().invoke(ctx)


@contextmanager
def sentences() -> Iterator[None]:
    """Turn the failures a user can do something about into a sentence and exit status 1."""
    try:
        yield
    except CliError as error:
        _fail(str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}")
    except KeyboardInterrupt:
        raise typer.Exit(130) from None  # 128 + SIGINT, as shells have it


def _fail(sentence: str) -> NoReturn:
    print(f"gvq: {sentence}", file=sys.stderr)
    raise typer.Exit(1) from None


def settings_or_sentence(kind: Callable[[], T]) -> T:
    """The settings of this process. CliError naming the variable when one is missing or wrong."""
    from pydantic import ValidationError  # not for commands that have no settings

    try:
        return kind()
    except ValidationError as error:
        raise CliError("; ".join(_fault(row) for row in error.errors())) from None


def _fault(row: Any) -> str:
    name = "GVQ_" + "_".join(str(part).upper() for part in row["loc"]) if row["loc"] else ""
    if row["type"] == "missing":
        return f"{name} is not set"
    return f"{name}: {row['msg']}" if name else str(row["msg"])
