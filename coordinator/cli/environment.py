"""GVQ_*, as the programs are given it: the settings, or one sentence that names what is wrong."""

import os
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from coordinator.cli.errors import CliError

T = TypeVar("T")

PREFIX = "GVQ_"

#: Read elsewhere than in the two Settings, and from the environment alone: not from GVQ_ENV_FILE.
ELSEWHERE = frozenset(
    {
        "GVQ_ENV_FILE", "GVQ_LOG_LEVEL", "GVQ_URL", "GVQ_API_TOKEN", "GVQ_LAB_DIR", "GVQ_LAB_ROOT",
        "GVQ_HYPOTHESIS_PROFILE",
    }
)  # fmt: skip


def settings_or_sentence(kind: Callable[[], T]) -> T:
    """The settings of this process.

    Raises CliError naming each variable that is missing, wrong, or unknown to all programs:
    coordinator and adapter may share one environment, but a misspelt setting must not be silently
    the default.
    """
    from pydantic import ValidationError  # not for commands that have no settings

    faults = list(_misspelt())
    try:
        settings = kind()
    except ValidationError as error:
        raise CliError("; ".join([*faults, *map(_fault, error.errors())])) from None
    if faults:
        raise CliError("; ".join(faults))
    return settings


def _misspelt() -> Iterator[str]:
    known = _known()
    given = {name.upper() for name in (*os.environ, *_of_the_file())}
    for name in sorted(name for name in given - known if name.startswith(PREFIX)):
        near = get_close_matches(name, sorted(known), n=1)
        hint = f"did you mean {near[0]}?" if near else "docs/settings.md has them all"
        yield f"{name} is no setting ({hint})"


def _known() -> set[str]:
    from ami_adapter.settings import Settings as Adapter
    from coordinator.settings import Settings as Coordinator

    fields = (*Coordinator.model_fields, *Adapter.model_fields)
    return {*ELSEWHERE, *(f"{PREFIX}{name.upper()}" for name in fields)}


def _of_the_file() -> Iterator[str]:
    """The names in GVQ_ENV_FILE. CliError when it is not there: its settings would be missing."""
    from pydantic_settings import BaseSettings, DotEnvSettingsSource

    if file := os.environ.get("GVQ_ENV_FILE"):
        if not Path(file).is_file():
            raise CliError(f"GVQ_ENV_FILE is {file!r}, and there is no such file")
        yield from DotEnvSettingsSource(BaseSettings, env_file=file).env_vars


def _fault(row: Any) -> str:
    name = PREFIX + "_".join(str(part).upper() for part in row["loc"]) if row["loc"] else ""
    if row["type"] == "missing":
        return f"{name} is not set"
    what = row["msg"].removeprefix("Value error, ")
    return f"{name}: {what}" if name else what
