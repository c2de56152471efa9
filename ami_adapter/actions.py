"""What may be written to a manager: exactly one action, of the kind that was meant. Pure.

The manager ends a line at CR LF and at a bare LF, takes lines of 1024 bytes and actions of 128
lines, and gives two innocent-looking actions a wide meaning. All of it is refused here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

#: Limits of Asterisk's manager (main/manager.c: inbuf, AST_MAX_MANHEADERS).
MAX_LINE = 1024
MAX_LINES = 128

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")

#: The headers of an action; a header with several values is written several times.
Values = Mapping[str, str | Sequence[str]]


class UnsafeAction(ValueError):
    """An action was refused before anything was written."""


def check(
    action: str, values: Values, action_id: str = "", *, global_variable: bool = False
) -> None:
    """Raises UnsafeAction when these lines would not reach Asterisk as the one action meant."""
    lines = list(_lines(action, values, action_id))
    for name, value in lines:
        _check_line(action, name, value)
    if len(lines) > MAX_LINES:
        raise UnsafeAction(f"Action {action!r} has {len(lines)} lines, {MAX_LINES} are taken")
    _check_reach(action.lower(), values, global_variable)


def _lines(action: str, values: Values, action_id: str) -> Iterator[tuple[str, str]]:
    yield "Action", action
    yield "ActionID", action_id  # written always: panoramisk makes one where none is given
    for name, value in values.items():
        for each in [value] if isinstance(value, str) else value:
            yield name, each


def _check_line(action: str, name: str, value: str) -> None:
    where = f"Action {action[:40]!r}: header {name[:40]!r}"
    if not _NAME.fullmatch(name):
        raise UnsafeAction(f"{where} is no header name; nothing was sent")
    if any(c in value for c in "\r\n\0"):
        raise UnsafeAction(f"{where} holds a line break or NUL; nothing was sent")
    try:
        length = len(f"{name}: {value}\r\n".encode())
    except UnicodeEncodeError:
        raise UnsafeAction(f"{where} is not text; nothing was sent") from None
    if length > MAX_LINE:
        raise UnsafeAction(f"{where} has {length} bytes, {MAX_LINE} are taken; nothing was sent")


def _check_reach(action: str, values: Values, global_variable: bool) -> None:
    channel = values.get("Channel", "")
    if not isinstance(channel, str):
        raise UnsafeAction(f"Action {action!r} names several channels; nothing was sent")
    if action == "hangup" and channel.lstrip().startswith("/"):
        raise UnsafeAction("Hangup of a channel beginning with '/' ends every channel it matches")
    if action in ("setvar", "hangup") and not channel.strip() and not global_variable:
        raise UnsafeAction(f"Action {action!r} needs a channel; without one its reach is wider")
