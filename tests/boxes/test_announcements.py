"""What is said, and when, by Queue()'s settings: app_queue.c's rules, and where we do better."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.boxes.announcements import LOOK_S, Heard, Said, announce
from coordinator.line.announcing import Announcing
from coordinator.line.types import Standing

DEFAULT = Announcing()


def standing(position: int = 3, waited_s: int = 0, hold_s: int = 0, **settings: Any) -> Standing:
    """A waiting caller of a queue that tells positions twice a minute."""
    queue = Announcing(**{"announce_frequency": 30} | settings)
    return Standing("a-1.1", "waiting", position, waited_s * 1_000_000, queue, hold_s * 1_000_000)


def said(at: Standing, heard: Heard | None = None, spoke_s: int = 0) -> Said:
    """What is said; of several files the last is drawn."""
    return announce(at, heard or Heard(), spoke_s, lambda below: below - 1)


def words(*args: Any, **kwargs: Any) -> list[str]:
    """The words for a caller who has heard nothing yet, with the thanks at their end left out."""
    spoken = list(said(standing(*args, **kwargs)).words)
    assert not spoken or spoken.pop() == "queue-thankyou"
    return spoken


HOLDTIME = "queue-holdtime"
THIRD = ["queue-thereare", "#3", "queue-callswaiting"]


# ── what ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("settings", "position", "expected"), [
    ({}, 1, ["queue-youarenext"]),
    ({}, 3, THIRD),
    ({}, 250, ["queue-thereare", "#250", "queue-callswaiting"]),
    ({"announce_position": "no"}, 3, []),
    ({"announce_position": "no"}, 1, []),
    ({"announce_position": "limit", "announce_position_limit": 3}, 3, THIRD),
    ({"announce_position": "limit", "announce_position_limit": 2}, 3, []),
    ({"announce_position": "more", "announce_position_limit": 3}, 3, THIRD),
    ({"announce_position": "more", "announce_position_limit": 2}, 3,
     ["queue-quantity1", "#2", "queue-quantity2"]),
    ({"queue_thereare": "", "queue_callswaiting": "mine"}, 3, ["#3", "mine"]),
])  # fmt: skip
def test_the_position(settings: dict[str, Any], position: int, expected: list[str]) -> None:
    assert words(position, **settings) == expected


@pytest.mark.parametrize(("hold_s", "waited_s", "round_s", "expected"), [
    (0, 0, 0, []),
    (29, 0, 0, []),
    (30, 0, 0, ["#1", "queue-minute"]),
    (89, 0, 0, ["#1", "queue-minute"]),
    (90, 0, 0, ["#2", "queue-minutes"]),
    (600, 540, 0, ["#1", "queue-minute"]),
    (600, 600, 0, []),
    (600, 6000, 0, []),
    (70, 0, 10, ["#1", "queue-minute", "#10", "queue-seconds"]),
    (44, 0, 30, ["#30", "queue-seconds"]),
    (45, 0, 30, ["#1", "queue-minute"]),
    (2, 0, 5, []),
])  # fmt: skip
def test_the_hold_time_is_what_is_left_of_the_average(
    hold_s: int, waited_s: int, round_s: int, expected: list[str]
) -> None:
    spoken = words(3, waited_s, hold_s, announce_round_seconds=round_s)
    assert spoken == [*THIRD, *([HOLDTIME, *expected] if expected else [])]


@given(st.integers(0, 7200), st.integers(0, 7200), st.sampled_from([0, 5, 10, 15, 20, 30]))
def test_it_never_grows_while_a_caller_waits(hold_s: int, waited_s: int, round_s: int) -> None:
    """Queue() says again and again more to one who is overdue."""

    def seconds(waited: int) -> int:
        spoken = words(3, waited, hold_s, announce_position="no", announce_round_seconds=round_s)
        numbers = dict(zip(spoken[2::2], spoken[1::2], strict=True))
        minutes = numbers.get("queue-minute") or numbers.get("queue-minutes") or "#0"
        return 60 * int(minutes[1:]) + int(numbers.get("queue-seconds", "#0")[1:])

    assert seconds(waited_s + 1) <= seconds(waited_s) <= hold_s + 30


def test_who_is_next_hears_no_hold_time() -> None:
    assert words(1, hold_s=600) == ["queue-youarenext"]


def test_a_hold_time_may_be_said_once_or_never() -> None:
    for mode, expected in (("no", []), ("once", [HOLDTIME, "#10", "queue-minutes"])):
        at: dict[str, Any] = {"hold_s": 600, "announce_position": "no", "announce_holdtime": mode}
        assert words(3, **at) == expected
        later = standing(3, 30, **at)
        assert said(later, Heard(3, 0)).words == ()
    assert words(3, hold_s=600, announce_position="no") == [HOLDTIME, "#10", "queue-minutes"]


def test_silence_is_left_out() -> None:
    assert said(standing(1, queue_thankyou="")).words == ("queue-youarenext",)
    assert said(standing(1, queue_youarenext="", queue_thankyou="")).words == ()


# ── when ────────────────────────────────────────────────────────────────────────────────────


def test_a_queue_that_announces_nothing_is_never_asked_again() -> None:
    assert said(standing(announce_frequency=0)) == Said((), Heard(), 0)


@pytest.mark.parametrize(("waited_s", "position", "speaks"), [
    (114, 2, False), (115, 2, True), (129, 3, False), (130, 3, True), (115, 4, True),
])  # fmt: skip
def test_a_position_is_told_again(waited_s: int, position: int, speaks: bool) -> None:
    """Changed: after min_announce_frequency. Unchanged: after announce_frequency."""
    now = said(standing(position, waited_s), Heard(3, 100))
    assert bool(now.words) == speaks
    assert now.heard == (Heard(position, waited_s) if speaks else Heard(3, 100))


def test_only_up_tells_the_first_and_every_better_one() -> None:
    only: dict[str, Any] = {"announce_position_only_up": True}
    assert words(3, **only) == THIRD
    for position, speaks in ((2, True), (3, False), (4, False)):
        later = standing(position, 1000, **only)
        assert bool(said(later, Heard(3, 100)).words) == speaks


def test_it_is_asked_again_when_something_may_be_said() -> None:
    first = said(standing(3, 0))
    assert first.again_s == DEFAULT.min_announce_frequency
    assert said(standing(3, 15), first.heard).again_s == LOOK_S
    both = standing(3, 0, periodic_announce_frequency=10)
    assert said(both).again_s == 10
    assert said(replace(both, waited_us=9_000_000), first.heard).again_s == 1


@pytest.mark.parametrize(("state", "to_first", "speaks"), [
    ("waiting", False, True), ("ringing", False, False), ("ringing", True, True),
    ("claimed", True, False),
])  # fmt: skip
def test_who_is_being_rung_for_is_left_in_peace(state: Any, to_first: bool, speaks: bool) -> None:
    at = standing(1, 60, announce_to_first_user=to_first, periodic_announce_frequency=30)
    now = said(replace(at, state=state))
    assert bool(now.words) == speaks
    assert speaks or (now.heard, now.again_s) == (Heard(), LOOK_S)


# ── periodic ────────────────────────────────────────────────────────────────────────────────

PERIODIC: dict[str, Any] = {
    "announce_frequency": 0, "periodic_announce_frequency": 30, "periodic_announce": "a,b,c",
}  # fmt: skip


def periodic(waited_s: int, heard: Heard | None = None, spoke_s: int = 0, **settings: Any) -> Said:
    return said(standing(3, waited_s, **PERIODIC | settings), heard, spoke_s)


def test_periodic_announcements_take_turns() -> None:
    heard, spoken = Heard(), list[str]()
    for waited_s in range(30, 180, 30):
        now = periodic(waited_s, heard)
        heard = now.heard
        spoken += now.words
        assert now.again_s == 30
    assert spoken == ["a", "b", "c", "a", "b"]
    assert periodic(179, heard) == Said((), replace(heard, open=False), 1)


def test_or_are_drawn() -> None:
    assert periodic(30, Heard(files=7), random_periodic_announce=True).words == ("c",)


@pytest.mark.parametrize(("delay", "silent_s", "speaks_s"), [(-1, 29, 30), (0, -1, 0), (7, 6, 7)])
def test_the_first_one_comes_after_the_start_delay(
    delay: int, silent_s: int, speaks_s: int
) -> None:
    for waited_s, speaks in ((silent_s, False), (speaks_s, True)):
        if waited_s >= 0:
            now = periodic(waited_s, periodic_announce_startdelay=delay)
            assert bool(now.words) == speaks


def test_the_frequency_counts_from_its_beginning_or_its_end() -> None:
    heard = periodic(30).heard
    assert periodic(60, heard, spoke_s=12).words == ("b",)
    relative = {"relative_periodic_announce": True}
    waits = periodic(60, heard, spoke_s=12, **relative)
    assert (waits.words, waits.again_s) == ((), 12)
    assert periodic(72, waits.heard, spoke_s=0, **relative).words == ("b",)


def test_an_empty_list_is_silence() -> None:
    assert periodic(30, periodic_announce="").words == ()


def test_both_at_once_begin_with_the_position() -> None:
    now = said(standing(1, 30, periodic_announce_frequency=30))
    assert now.words == ("queue-youarenext", "queue-thankyou", "queue-periodic-announce")


# ── what the channel keeps ──────────────────────────────────────────────────────────────────

moments = st.none() | st.integers(0, 10**9)


@given(st.builds(Heard, st.integers(0, 10**6), moments, st.integers(0, 10**9), moments,
                 st.booleans()))  # fmt: skip
def test_what_was_heard_is_kept_as_text(heard: Heard) -> None:
    assert Heard.parse(str(heard)) == heard


@pytest.mark.parametrize("text", ["", ".", "1.2.3", "1.2.3.4.x", "1.2.3.4.5.6", "٣.1.1.1.1"])
def test_other_text_is_a_caller_who_heard_nothing(text: str) -> None:
    assert Heard.parse(text) == Heard()
