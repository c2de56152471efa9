"""A good journal with one thing made wrong: the checker must find it wherever it is done."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from coordinator.audit import audit
from coordinator.journal import Entry
from tests.audit.book import busy_day

GOOD = busy_day().entries

#: Types of which no entry can be missing without a trace, unless nothing comes after it.
NEEDED = ("caller.joined", "offer.made", "offer.ended", "call.connected", "caller.detached")


def numbers(*types: str) -> list[int]:
    """Where entries of these types stand."""
    return [n for n, entry in enumerate(GOOD) if entry.type in types]


def broken(entries: list[Entry]) -> bool:
    return not audit(entries, partial=False).ok


@given(st.sampled_from(numbers(*NEEDED)))
def test_a_dropped_entry(n: int) -> None:
    assert broken(GOOD[:n] + GOOD[n + 1 :])


@given(st.sampled_from(range(len(GOOD))), st.sampled_from(range(len(GOOD))))
def test_two_swapped_entries(n: int, m: int) -> None:
    entries = list(GOOD)
    entries[n], entries[m] = entries[m], entries[n]
    assert broken(entries) == (n != m)


@given(st.sampled_from(numbers("caller.joined")), st.sampled_from(numbers("caller.joined")))
def test_two_callers_swapped_under_each_others_ids(n: int, m: int) -> None:
    """The ids stay in order, so only the callers' own times can tell."""
    entries = list(GOOD)
    entries[n] = replace(GOOD[m], id=GOOD[n].id, at_us=GOOD[n].at_us)
    entries[m] = replace(GOOD[n], id=GOOD[m].id, at_us=GOOD[m].at_us)
    assert broken(entries) == (n != m)


@given(
    st.sampled_from(numbers("offer.made", "offer.ended", "call.connected", "call.completed")),
    st.sampled_from(["ann", "bob", "zoe"]),
)
def test_another_agent(n: int, agent: str) -> None:
    changed = replace(GOOD[n], data={**GOOD[n].data, "agent": agent})
    assert broken([*GOOD[:n], changed, *GOOD[n + 1 :]]) == (agent != GOOD[n].data["agent"])


@given(
    st.sampled_from(numbers("offer.made", "offer.ended", "caller.left", "call.completed")),
    st.sampled_from(["c1", "c2", "c3", "c4"]),
)
def test_another_call(n: int, call: str) -> None:
    changed = replace(GOOD[n], data={**GOOD[n].data, "call_id": call})
    assert broken([*GOOD[:n], changed, *GOOD[n + 1 :]]) == (call != GOOD[n].data["call_id"])


@given(st.sampled_from(numbers("offer.made")), st.data())
def test_a_duplicated_offer(n: int, data: st.DataObject) -> None:
    """The same offer again, later: as itself, and under an id that fits."""
    at = data.draw(st.integers(n + 1, len(GOOD)))
    identifier = f"{GOOD[at - 1].id[:-2]}-1"
    again = replace(GOOD[n], id=identifier, at_us=GOOD[at - 1].at_us)
    assert broken([*GOOD[:at], again, *GOOD[at:]])


@given(st.sampled_from(numbers("caller.left", "offer.ended", "call.completed", "call.connected")))
def test_an_end_told_twice(n: int) -> None:
    again = replace(GOOD[n], id=f"{GOOD[n].id[:-2]}-1")
    assert broken([*GOOD[: n + 1], again, *GOOD[n + 1 :]])


@given(
    st.sampled_from(numbers("caller.joined", "caller.moved", "caller.left", "offer.made")),
    st.integers(0, 9),
)
def test_another_position(n: int, position: int) -> None:
    changed = replace(GOOD[n], data={**GOOD[n].data, "position": position})
    assert broken([*GOOD[:n], changed, *GOOD[n + 1 :]]) == (position != GOOD[n].data["position"])


@given(st.sampled_from(numbers("caller.joined")), st.integers(-(10**6), 10**6))
def test_another_rank(n: int, by: int) -> None:
    changed = replace(GOOD[n], data={**GOOD[n].data, "rank": GOOD[n].data["rank"] + by})
    assert broken([*GOOD[:n], changed, *GOOD[n + 1 :]]) == (by != 0)


@given(st.lists(st.sampled_from(range(len(GOOD)))))
def test_whatever_is_missing_the_checker_gives_a_verdict(dropped: list[int]) -> None:
    report = audit([entry for n, entry in enumerate(GOOD) if n not in dropped], partial=False)
    assert report.entries == len(GOOD) - len(set(dropped))
