"""Journal entries → rows of calls and offers. No I/O: rows come in and go out in two dictionaries.

An entry whose beginning is missing (a journal kept from the middle of a call) makes the row it
can. Entries of one journal, taken once each and in order, make one and the same table.
"""

from collections.abc import Callable, Iterable
from typing import Any

from coordinator.history.models import CallRow, JournalRow, OfferRow
from coordinator.journal import Entry, stream_position

#: Longest text a column takes (models.TEXT); the journal keeps it whole.
TEXT_MAX = 256


def ids(entries: Iterable[Entry], name: str) -> set[str]:
    """All call ids, or offer ids, that the entries speak of."""
    return {entry.data[name] for entry in entries if name in entry.data}


def journal_row(entry: Entry) -> JournalRow:
    """The entry as the archive keeps it."""
    ms, seq = stream_position(entry.id)
    return JournalRow(
        ms=ms,
        seq=seq,
        at_us=entry.at_us,
        type=entry.type,
        call_id=entry.data.get("call_id"),
        data=dict(entry.data),
    )


def entry_of(row: JournalRow) -> Entry:
    """The reverse of `journal_row`."""
    return Entry(f"{row.ms}-{row.seq}", row.at_us, row.type, row.data)


class Tables:
    """The rows that a batch of entries touches. New ones are in `added`."""

    def __init__(self, calls: Iterable[CallRow], offers: Iterable[OfferRow]) -> None:
        self._calls = {row.call_id: row for row in calls}
        self._offers = {row.offer_id: row for row in offers}
        self.added: list[CallRow | OfferRow] = []

    def apply(self, entry: Entry) -> None:
        """Brings the rows up to date with one entry."""
        step = _STEPS.get(entry.type)
        if step is not None:
            step(self, entry)

    def call(self, entry: Entry, **known: Any) -> CallRow:
        """The call's row, made of what the entry and `known` say when it is new."""
        call_id = entry.data["call_id"]
        row = self._calls.get(call_id)
        if row is None:
            row = CallRow(call_id=call_id, queue=entry.data["queue"], joined_us=entry.at_us)
            self._calls[call_id] = row
            self.added.append(row)
            _set(row, box=entry.data.get("box", ""), **known)
        return row

    def offer(self, entry: Entry, **known: Any) -> OfferRow:
        """The offer's row, likewise."""
        offer_id, data = entry.data["offer_id"], entry.data
        row = self._offers.get(offer_id)
        if row is None:
            row = OfferRow(offer_id=offer_id, call_id=data["call_id"], queue=data["queue"])
            _set(row, agent=data["agent"], fence=data["fence"], made_us=entry.at_us)
            self._offers[offer_id] = row
            self.added.append(row)
            _set(row, **known)
        return row


def _joined(tables: Tables, entry: Entry) -> None:
    """A caller restored after a loss is on the same visit: the first joining counts, and whatever
    was taken for its end was none."""
    data = entry.data
    texts = {name: data[name] for name in ("channel", "caller_id_num", "caller_id_name")}
    numbers = {name: data[name] for name in ("priority", "position")}
    call = tables.call(entry, joined_us=entry.at_us - data["age_us"], **texts, **numbers)
    _set(call, outcome=None, reason="", left_us=None, hold_us=None)


def _refused(tables: Tables, entry: Entry) -> None:
    """It never had a place: its whole visit is this moment."""
    data = entry.data
    texts = {name: data[name] for name in ("channel", "caller_id_num", "caller_id_name")}
    call = tables.call(entry, **texts)
    _set(call, outcome=data["outcome"], reason="", left_us=entry.at_us, hold_us=0)


def _moved(tables: Tables, entry: Entry) -> None:
    _set(tables.call(entry), priority=entry.data["priority"], box=entry.data["box"])


def _replaced(tables: Tables, entry: Entry) -> None:
    texts = {name: entry.data[name] for name in ("channel", "caller_id_num", "caller_id_name")}
    _set(tables.call(entry), **texts)


def _left(tables: Tables, entry: Entry) -> None:
    wait_us = entry.data["wait_us"]
    _set(
        tables.call(entry, joined_us=entry.at_us - wait_us),
        outcome=entry.data["outcome"],
        reason=entry.data.get("reason", ""),
        left_us=entry.at_us,
        hold_us=wait_us,
    )


def _connected(tables: Tables, entry: Entry) -> None:
    data = entry.data
    answer = {name: data[name] for name in ("agent", "home", "offer_id", "hold_us")}
    _set(tables.call(entry), answered_us=entry.at_us, **answer)


def _completed(tables: Tables, entry: Entry) -> None:
    data = entry.data
    end = {name: data[name] for name in ("agent", "offer_id", "ended_by", "talk_us")}
    _set(tables.call(entry), completed_us=entry.at_us, **end)


def _offered(tables: Tables, entry: Entry) -> None:
    tables.offer(entry, home=entry.data["home"], penalty=entry.data["penalty"])


def _offer_ended(tables: Tables, entry: Entry) -> None:
    ring_us = entry.data["ring_us"]
    _set(
        tables.offer(entry, made_us=entry.at_us - ring_us),
        outcome=entry.data["outcome"],
        reason=entry.data.get("reason", ""),
        ring_us=ring_us,
        ended_us=entry.at_us,
    )


_STEPS: dict[str, Callable[[Tables, Entry], None]] = {
    "caller.joined": _joined,
    "caller.refused": _refused,
    "caller.moved": _moved,
    "caller.replaced": _replaced,
    "caller.left": _left,
    "offer.made": _offered,
    "offer.ended": _offer_ended,
    "call.connected": _connected,
    "call.completed": _completed,
}


def _set(row: CallRow | OfferRow, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, _fitting(value) if isinstance(value, str) else value)


def _fitting(text: str) -> str:
    """What a column takes: PostgreSQL refuses NUL, and text longer than the column."""
    return text.replace("\0", "")[:TEXT_MAX]
