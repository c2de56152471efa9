"""Queue()'s words for who does not count as there: joinempty and leavewhenempty.

As parse_empty_options (apps/app_queue.c) reads them: word by word, in any case, where strict,
loose, yes and no put their own conditions in place of what stands before them.
"""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator

from coordinator.asterisk_config import FALSE, TRUE
from coordinator.line.types import EMPTY_CONDITIONS

Sets = Mapping[str, frozenset[str]]

_NO_CONDITION = frozenset[str]()
_NOT_READY = frozenset({"penalty", "paused", "invalid"})


def _aliases(*, yes: frozenset[str], no: frozenset[str]) -> Sets:
    """Word → the conditions that it stands for."""
    common: Sets = {
        "strict": _NOT_READY | {"unavailable"},
        "loose": frozenset({"penalty", "invalid"}),
    }
    return {**common, **dict.fromkeys(TRUE, yes), **dict.fromkeys(FALSE, no)}


def _conditions(aliases: Sets, value: Any) -> Any:
    """The set in its one spelling: in the order of EMPTY_CONDITIONS, aliases replaced."""
    if not isinstance(value, str):
        return value
    wanted: set[str] = set()
    for word in filter(None, map(str.strip, value.split(","))):
        if word.lower() in aliases:
            wanted = set(aliases[word.lower()])
        elif word.lower() in EMPTY_CONDITIONS:
            wanted.add(word.lower())
        else:
            allowed = ", ".join(["yes", "no", "strict", "loose", *EMPTY_CONDITIONS])
            raise ValueError(f"{word} is no condition; allowed are {allowed}")
    return ",".join(word for word in EMPTY_CONDITIONS if word in wanted)


JoinEmpty = Annotated[
    str, BeforeValidator(partial(_conditions, _aliases(yes=_NO_CONDITION, no=_NOT_READY)))
]
LeaveWhenEmpty = Annotated[
    str, BeforeValidator(partial(_conditions, _aliases(yes=_NOT_READY, no=_NO_CONDITION)))
]
