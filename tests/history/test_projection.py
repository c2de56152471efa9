"""Entries → rows, without a database: journals that begin in the middle, loss and return."""

from typing import Any

import pytest

from coordinator.history.models import CallRow, OfferRow
from coordinator.history.projection import Tables, entry_of, ids, journal_row
from coordinator.journal import TYPES, Entry

CALL = {"queue": "sales", "call_id": "a-1-1", "box": "a"}
JOINED = {
    **CALL, "channel": "PJSIP/t", "caller_id_num": "5551", "caller_id_name": "Ann", "priority": 0,
    "rank": 100, "position": 2, "age_us": 1000, "by": "join",
}  # fmt: skip
LEFT = {**CALL, "outcome": "abandoned", "position": 1, "wait_us": 4000, "by": "box"}
OFFER = {"queue": "sales", "call_id": "a-1-1", "agent": "101", "offer_id": "gvq-7", "fence": 7}
ENDED = {**OFFER, "outcome": "busy", "ring_us": 300, "agent_state": "available"}


def project(*entries: tuple[str, dict[str, Any]]) -> list[Any]:
    """The rows made of the entries, which happen at 10,000 µs, 20,000 µs, …"""
    tables = Tables([], [])
    for number, (kind, data) in enumerate(entries, start=1):
        tables.apply(Entry(f"{number}-0", number * 10_000, kind, data))
    return tables.added


def test_a_moved_caller_has_its_new_priority() -> None:
    moved = {**CALL, "priority": 9, "rank": 100, "position": 1, "by": "api"}
    (call,) = project(("caller.joined", JOINED), ("caller.moved", moved))
    assert (call.priority, call.position, call.joined_us) == (9, 2, 9_000)


def test_a_journal_may_begin_in_the_middle_of_a_call() -> None:
    (call,) = project(("caller.left", LEFT))
    assert (call.call_id, call.box, call.joined_us, call.hold_us) == ("a-1-1", "a", 6_000, 4000)
    (offer,) = project(("offer.ended", ENDED))
    assert (offer.offer_id, offer.made_us, offer.outcome) == ("gvq-7", 9_700, "busy")
    completed = {**OFFER, "ended_by": "agent", "hold_us": 1, "talk_us": 5, "agent_state": "wrapup"}
    (call,) = project(("call.completed", completed))
    assert (call.box, call.agent, call.talk_us, call.ended_by) == ("", "101", 5, "agent")


def test_a_caller_who_was_lost_and_came_back_is_still_waiting() -> None:
    lost = {**LEFT, "outcome": "box_lost"}
    restored = {**JOINED, "by": "restored", "age_us": 25_000, "position": 1}
    (call,) = project(("caller.joined", JOINED), ("caller.left", lost), ("caller.joined", restored))
    assert (call.outcome, call.left_us, call.hold_us) == (None, None, None)
    assert (call.joined_us, call.position) == (9_000, 2)


def test_text_is_made_to_fit_its_column() -> None:
    long = {**JOINED, "caller_id_name": "x" * 300, "channel": "a\0b"}
    (call,) = project(("caller.joined", long))
    assert (len(call.caller_id_name), call.channel) == (256, "ab")


def test_known_rows_are_changed_not_added() -> None:
    call = CallRow(call_id="a-1-1", queue="sales", box="a", joined_us=1)
    offer = OfferRow(offer_id="gvq-7", call_id="a-1-1", queue="sales", agent="101", fence=7)
    tables = Tables([call], [offer])
    tables.apply(Entry("1-0", 10, "caller.left", LEFT))
    tables.apply(Entry("2-0", 20, "offer.ended", ENDED))
    assert tables.added == []
    assert (call.outcome, offer.outcome) == ("abandoned", "busy")


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_an_entry_of_every_type_is_archived_unchanged(kind: str) -> None:
    data = {name.removesuffix("?"): [["101", 0]] for name in TYPES[kind]} | {"queue": "s"}
    entry = Entry("1763848134123-7", 5, kind, {**data, "call_id": "a-1-1"})
    assert entry_of(journal_row(entry)) == entry
    assert ids([entry], "call_id") == {"a-1-1"}
