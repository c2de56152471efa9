"""Reading what Asterisk says: every header is untrusted text until read by one of these. Pure.

Asterisk writes channel data and UserEvent bodies raw (main/manager.c,
`manager_json_value_str_append`), so a caller may have put anything into them.
A header that is repeated among those read is refused: one of the two is not Asterisk's.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from pydantic import ValidationError

#: Names in lower case. A header that came more than once has a list.
Headers = Mapping[str, str | list[str]]

_WHOLE = re.compile(r"[+-]?[0-9]{1,16}")

#: Shown texts are cut here; `protocol.Text` takes no more.
TEXT_LENGTH = 256


class Unreadable(ValueError):
    """A message cannot be used. Its text says which header and why."""


class Foreign(Unreadable):
    """An event claims to be the dialplan's and does not carry our key."""


def one(headers: Headers, name: str) -> str:
    """The value, "" when absent. Raises Unreadable when it came more than once."""
    value = headers.get(name, "")
    if isinstance(value, list):
        raise Unreadable(f"header {name} came {len(value)} times")
    return value


def required(headers: Headers, name: str) -> str:
    """The value. Raises Unreadable when it is absent, empty or repeated."""
    value = one(headers, name)
    if not value:
        raise Unreadable(f"header {name} is missing")
    return value


def why(error: ValidationError) -> str:
    """The first thing that is wrong, without the text itself: it may be long."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def decoded(text: str) -> str:
    """URI-decoded and fit to show: no control characters, at most TEXT_LENGTH characters.

    Bytes that are no UTF-8 become U+FFFD: a caller with an odd name still has a place.
    """
    return shown(unquote(text, errors="replace"))


def shown(text: str) -> str:
    """The text fit to show, likewise."""
    return "".join(c if c.isprintable() else " " for c in text)[:TEXT_LENGTH]


def whole(text: str, what: str, low: int, high: int) -> int:
    """A whole number within the bounds. Raises Unreadable."""
    if not _WHOLE.fullmatch(text):
        raise Unreadable(f"{what} is not a whole number: {text[:40]!r}")
    number = int(text)
    if not low <= number <= high:
        raise Unreadable(f"{what} is {number}, not within {low} to {high}")
    return number


def setting(text: str, what: str, low: int, high: int, problems: list[str]) -> int | None:
    """A number the dialplan may have set, None when empty.

    A wrong one is reported in `problems` and counts as not set, as in Queue()
    (app_queue.c, QUEUE_PRIO and the penalties): it costs the caller no place.
    """
    text = text.strip()
    if not text:
        return None
    try:
        return whole(text, what, low, high)
    except Unreadable as error:
        problems.append(str(error))
        return None
