"""Entries → rows, looking up the past of those that need it."""

import logging
from collections.abc import Awaitable, Callable, Sequence

from coordinator.journal import Entry
from coordinator.queue_log.lines import Row, Style, returning, rows, standing

log = logging.getLogger(__name__)

#: The entries of a call before the given one, in order.
Past = Callable[[Entry], Awaitable[Sequence[Entry]]]


async def project(entries: Sequence[Entry], style: Style, past: Past) -> list[list[Row]]:
    """The rows of each entry. Raises what `past` raises.

    An entry of which no row can be made is told and passed over: it must not keep the history, or
    all that comes after it, from being written.
    """
    return [await _rows(entry, style, past) for entry in entries]


async def _rows(entry: Entry, style: Style, past: Past) -> list[Row]:
    before = await past(entry) if returning(entry) else ()
    try:
        return rows(entry, style, standing(before))
    except Exception:
        log.exception("queue_log: a defect of ours; no line for %s %s", entry.type, entry.id)
        return []
