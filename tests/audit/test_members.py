"""What of a membership decides whether its agent may be rung, in good journals and bad."""

import pytest

from coordinator.audit import audit
from tests.audit.book import Book, shop


def rules_broken(book: Book) -> set[str]:
    book.step()
    return {violation.rule for violation in audit(book.entries, partial=False).violations}


def paused_there() -> Book:
    book = shop(ann=0)
    book.queue("help")
    book.member("ann", 0, 1, "help")
    book.member("ann", change="pause", member_paused=1)
    book.step()
    book.join("c1")
    return book


def in_use(of_queue: int, own: int | None) -> Book:
    book = shop(ann=0)
    book.queue("sales", ringinuse=of_queue)
    book.member("ann", ringinuse=own)
    book.agent("ann", "in_use")
    book.step()
    book.join("c1")
    return book


def test_who_is_paused_there_is_not_missed_there() -> None:
    assert rules_broken(paused_there()) == set()


def test_who_is_paused_there_may_be_rung_by_another_queue() -> None:
    book = paused_there()
    book.step()
    book.join("c2", queue="help")
    book.offer("c2", "ann", queue="help")
    assert rules_broken(book) == set()


def test_who_is_paused_there_is_not_to_be_rung_there() -> None:
    book = paused_there()
    book.offer("c1", "ann")
    assert "I2" in rules_broken(book)


@pytest.mark.parametrize("of_all", [True, False])
def test_after_the_pause_nobody_is_left_idle(of_all: bool) -> None:
    book = paused_there()
    book.step()
    if of_all:
        book.write(
            "agent.changed", agent="ann", change="unpause", interface="PJSIP/1", logged_in=1,
            paused=0, queues=["help", "sales"], by="api",
        )  # fmt: skip
    else:
        book.member("ann", change="unpause", member_paused=0)
    assert rules_broken(book) == {"I6"}


def test_a_mirrors_unpause_ends_no_pause_of_one_queue() -> None:
    book = paused_there()
    book.step()
    book.write(
        "agent.changed", agent="ann", change="unpause", interface="PJSIP/1", logged_in=1,
        paused=0, queues=["help", "sales"], by="directory",
    )  # fmt: skip
    assert rules_broken(book) == set()


@pytest.mark.parametrize(
    ("of_queue", "own", "rings"),
    [(0, None, False), (1, None, True), (0, 1, True), (1, 0, False)],
)
def test_who_is_in_use_is_rung_just_where_that_does_not_bar_it(
    of_queue: int, own: int | None, rings: bool
) -> None:
    left, given = in_use(of_queue, own), in_use(of_queue, own)
    given.offer("c1", "ann")
    assert rules_broken(left) == ({"I6"} if rings else set())
    assert rules_broken(given) == (set() if rings else {"I2"})


def test_another_in_use_who_may_be_rung_is_no_worse() -> None:
    book = shop(ann=0, bob=0)
    book.queue("sales", ringinuse=1)
    book.member("ann")
    book.agent("ann", "in_use")
    book.step()
    book.join("c1")
    book.offer("c1", "bob")
    assert "I2" in rules_broken(book)
