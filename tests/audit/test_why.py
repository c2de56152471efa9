"""Each call's story, told from a journal written by hand."""

import pytest

from coordinator.journal import CALLER_OUTCOMES, ENDED_BY, OFFER_OUTCOMES
from coordinator.why import ENDED_WORDS, OFFER_WORDS, OUTCOME_WORDS, explain
from tests.audit.book import Book, busy_day, shop


def story(book: Book, call: str) -> str:
    return "\n".join(explain(book.entries, call))


def test_one_who_was_served_at_once() -> None:
    assert explain(busy_day().entries, "c5") == [
        "00:00:20.000 100 joined in queue help on box a, with priority 0, at position 1.",
        "00:00:21.000 Agent ann (penalty 0) was rung for it at position 1, available since "
        "00:00:21.000. Nobody else of a penalty as good was available.",
        "00:00:22.000 Agent ann answered: connected after waiting 8.0 s.",
        "00:00:23.000 After 61.0 s of talk the caller hung up.",
    ]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("c1", "Considered: ann (available), bob (available); linear: the first member in order"),
        ("c1", "Agent ann did not answer within 4.2 s; the caller kept its place."),
        ("c1", "bob was given to c2, behind it, because it was being offered to another agent."),
        ("c1", "Not available: bob (talking for c2)."),
        ("c2", "at position 2 behind c1."),
        ("c2", "Call c1, ahead of it, was being offered to another agent."),
        ("c3", "for agents of penalty at most 0"),
        ("c3", "bob was given to c4, behind it, because it had a penalty window"),
        ("c3", "Until then agents went to callers ahead of it: c1, c4."),
        ("c3", "The caller hung up, at position 1, after waiting 8.0 s."),
        ("c4", "The link to box b was lost: it kept its place and was passed over."),
        ("c4", "Box b was back: it could be served again."),
        ("c4", "Its priority was set to 9: position 1 from then on."),
        ("c4", "Agent bob was busy; the caller kept its place."),
        ("c4", "Not available: bob (resting)."),
    ],
)
def test_a_busy_day(call: str, sentence: str) -> None:
    assert sentence in story(busy_day(), call)


def test_one_who_still_waits_is_told_where_and_for_whom() -> None:
    book = shop(ann=0)
    book.agent("ann", "paused")
    book.join("c1")
    assert story(book, "c1").endswith("It still waits, at position 1. Not available: ann (paused).")


def test_who_is_paused_in_the_queue_is_told_so() -> None:
    book = shop(ann=0)
    book.member("ann", change="pause", member_paused=1)
    book.step()
    book.join("c1")
    assert story(book, "c1").endswith("Not available: ann (paused in this queue).")


def test_one_who_left_unserved_is_told_who_could_not_be_rung() -> None:
    book = shop(ann=0)
    book.agent("ann", "paused")
    book.join("c1")
    book.left("c1", "abandoned", reason="Unknown")
    ending = "The caller hung up, at position 1, after waiting 8.0 s. Not available: ann (paused)."
    assert story(book, "c1").endswith(ending)


def test_a_caller_restored_late_and_a_raised_window() -> None:
    book = shop()
    book.join(
        "c1", by="restored", age_us=90_000_000, raise_penalty=3, min_penalty=1,
        caller_id_num="", caller_id_name="Ann <x>",
    )  # fmt: skip
    told = story(book, "c1")
    assert "a caller without a number (Ann <x>) was restored from its box's snapshot" in told
    assert "90.0 s before we heard of it" in told
    assert "of penalty at least 1 and raised to 3" in told


@pytest.mark.parametrize(
    ("window", "sentence"),
    [
        ({"min_penalty": 1, "max_penalty": 5}, "for agents of penalty at least 1 and at most 5."),
        (
            {"min_penalty": 2, "raise_penalty": 4, "keeps_min": 1},
            "for agents of penalty at least 2 and raised to 4, those below the least left out.",
        ),
    ],
)
def test_a_penalty_rule_is_told_with_the_window_it_made(
    window: dict[str, int], sentence: str
) -> None:
    book = shop(ann=9)
    book.join("c1", max_penalty=0)
    book.step()
    book.write("caller.window", queue="sales", call_id="c1", box="a", by="rule", **window)
    assert f"00:00:03.000 Its penalty rule changed whom it admits, {sentence}" in story(book, "c1")


def test_one_whose_own_time_passed_while_a_phone_rang() -> None:
    """timeoutpriority=conf."""
    book = shop(ann=0)
    book.join("c1")
    book.offer("c1", "ann")
    book.step()
    book.write("caller.overdue", queue="sales", call_id="c1", box="a")
    book.step()
    book.offer_ended("c1", "ann", "no_answer")
    book.left("c1", "timeout")
    assert explain(book.entries, "c1")[-3:] == [
        "00:00:03.000 Its own time limit passed: nobody more was rung, and it stayed for the ring "
        "under way.",
        "00:00:04.000 Agent ann did not answer within 4.2 s; the caller kept its place.",
        "00:00:04.000 The caller's own time limit passed, at position 1, after waiting 8.0 s. Not "
        "available: ann (resting).",
    ]


def test_metrics_are_told_in_the_strategys_words() -> None:
    book = shop("leastrecent", ann=0, bob=0)
    book.join("c1")
    rows = [["ann", 0, 0], ["bob", 0, 5_000_000]]
    book.offer("c1", "ann", strategy="leastrecent", considered=rows)
    told = story(book, "c1")
    assert "Considered: ann (no call yet), bob (last call ended 00:00:05.000)" in told


def test_one_left_behind_is_told_so() -> None:
    book = shop(ann=9)
    book.agent("ann", "paused")
    book.join("c1")
    book.step()
    book.join("c2", position=2)
    book.step()
    book.agent("ann")
    book.offer("c2", "ann", position=2, penalty=9)
    assert "left behind against the rules" in story(book, "c1")


def test_every_offer_and_caller_outcome_has_its_words() -> None:

    assert set(OFFER_WORDS) == set(OFFER_OUTCOMES) - {"answered"}
    assert set(OUTCOME_WORDS) == set(CALLER_OUTCOMES) - {"answered"}
    assert set(ENDED_WORDS) == set(ENDED_BY)


def test_nobody_by_that_name() -> None:
    assert explain(busy_day().entries, "c99") == []


def test_a_journal_without_its_head_still_tells_the_calls_own_part() -> None:
    own = [entry for entry in busy_day().entries if entry.data.get("call_id") == "c1"]
    assert len(explain(own, "c1")) == 6
