"""Every way to break a rule is found, named by its rule, with its calls and agents."""

from collections.abc import Callable

import pytest

from coordinator.audit import audit
from tests.audit.bad_accounts import ACCOUNTS, an_idle_pair
from tests.audit.bad_matches import MATCHES, left_behind, placed_ahead_of_a_higher_priority
from tests.audit.book import Book, busy_day

BAD = MATCHES | ACCOUNTS
CASES = [(rule, write) for rule, writers in BAD.items() for write in writers]


@pytest.mark.parametrize(("rule", "write"), CASES, ids=lambda case: getattr(case, "__name__", case))
def test_bad(rule: str, write: Callable[[], Book]) -> None:
    report = audit(write().entries, partial=False)
    assert rule in {violation.rule for violation in report.violations}
    assert report.sentence.startswith("BROKEN")


def test_a_bad_place_is_told_with_the_one_that_was_due() -> None:
    book = placed_ahead_of_a_higher_priority()
    found = [v for v in audit(book.entries, partial=False).violations if v.rule == "I1"]
    assert [(v.calls, v.sentence) for v in found] == [
        (
            ("c2",),
            "Call c2 asked for position 1 and was placed at 1; 1 of higher priority allow 2.",
        )
    ]


def test_a_violation_names_its_calls_and_agents() -> None:
    violation = audit(left_behind().entries).violations[0]
    assert violation.calls == ("c2", "c1")
    assert violation.agents == ("ann",)
    assert violation.sentence == (
        "Agent ann was given to call c2 while call c1, ahead of it in queue sales, could have "
        "taken the agent."
    )


def test_an_idle_pair_is_told_once_not_at_every_step() -> None:
    book = an_idle_pair()
    for _ in range(5):
        book.step()
        book.queue("other")
    assert [v.rule for v in audit(book.entries).violations] == ["I6"]


def test_one_fault_does_not_hide_the_next() -> None:
    book = busy_day()
    book.step()
    book.left("c1", "abandoned")
    book.step()
    book.left("c9", "abandoned")
    assert len(audit(book.entries).violations) == 2
