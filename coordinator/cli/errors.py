"""Failures of the command line: one sentence on stderr and a status that is not zero."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup


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
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        raise typer.Exit(0) from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}")
    except KeyboardInterrupt:
        raise typer.Exit(130) from None  # 128 + SIGINT, as shells have it


def _fail(sentence: str) -> NoReturn:
    print(f"gvq: {sentence}", file=sys.stderr)
    raise typer.Exit(1) from None
