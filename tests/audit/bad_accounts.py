"""Books that lose, forge or forget something: each breaks one of I4 to I8."""

from collections.abc import Callable

from tests.audit.book import Book, shop


def place_lost_after_a_refused_offer() -> Book:
    book = shop(ann=0, bob=9)
    book.join("c1", max_penalty=0)
    book.offer("c1", "ann")
    book.step()
    book.join("c2", position=2, max_penalty=0)
    book.step()
    book.offer_ended("c1", "ann", "no_answer")
    book.step()
    book.agent("ann")
    book.offer("c1", "ann", position=2, ahead=0)
    return book


def joined_again_while_in_line() -> Book:
    book = shop()
    book.join("c1")
    book.step()
    book.join("c1")
    return book


def restored_at_another_place() -> Book:
    book = shop()
    book.join("c1")
    book.step()
    book.join("c1", by="restored")
    return book


def moved_in_rank() -> Book:
    book = shop()
    book.join("c1")
    book.write(
        "caller.moved", queue="sales", call_id="c1", box="a", priority=0, rank=1, position=1,
        by="api",
    )  # fmt: skip
    return book


def left_twice() -> Book:
    book = shop()
    book.join("c1")
    book.left("c1", "abandoned")
    book.left("c1", "timeout")
    return book


def left_without_joining() -> Book:
    book = shop()
    book.left("c1", "abandoned")
    return book


def an_outcome_that_does_not_exist() -> Book:
    book = shop()
    book.join("c1")
    book.left("c1", "bored")
    return book


def answered_by_nobody() -> Book:
    book = shop()
    book.join("c1")
    book.left("c1", "answered")
    return book


def answered_and_not_connected() -> Book:
    book = shop(ann=0)
    book.join("c1")
    book.offer("c1", "ann")
    book.step()
    book.connect("c1", "ann")
    book.entries.pop()
    book.step()
    book.queue("other")
    return book


def gone_while_a_phone_still_rings() -> Book:
    book = shop(ann=0)
    book.join("c1")
    book.offer("c1", "ann")
    book.left("c1", "abandoned")
    return book


def an_idle_pair() -> Book:
    book = shop(ann=0)
    book.join("c1")
    book.step()
    book.queue("other")
    return book


def an_offer_that_ended_before() -> Book:
    book = shop(ann=0)
    book.join("c1")
    book.offer("c1", "ann")
    book.step()
    book.offer_ended("c1", "ann", "busy")
    book.offer_ended("c1", "ann", "busy")
    return book


def an_old_fence() -> Book:
    book = shop(ann=0)
    book.join("c1")
    book.offer("c1", "ann")
    made = dict(book.made("c1", "ann"), fence=1, outcome="busy", ring_us=1, agent_state="offline")
    book.write("offer.ended", **made)
    return book


def completed_without_a_connection() -> Book:
    book = shop(ann=0)
    book.join("c1")
    book.offer("c1", "ann")
    book.complete("c1", "ann", "offline")
    return book


def an_offer_to_one_who_left() -> Book:
    book = shop(ann=0)
    book.join("c1")
    book.left("c1", "abandoned")
    book.offer("c1", "ann")
    return book


def replaced_but_never_joined() -> Book:
    book = shop()
    book.replaced("c1")
    return book


def replaced_after_leaving() -> Book:
    book = shop()
    book.join("c1")
    book.left("c1", "abandoned")
    book.replaced("c1")
    return book


def replaced_after_the_talk() -> Book:
    book = talked()
    book.complete("c1", "ann")
    book.replaced("c1")
    return book


def replaced_at_another_box() -> Book:
    book = shop()
    book.join("c1", box="a")
    book.replaced("c1", box="b")
    return book


def talked() -> Book:
    book = shop(ann=0)
    book.join("c1")
    book.offer("c1", "ann")
    book.step()
    book.connect("c1", "ann")
    book.step()
    return book


def transferred_by_nobody() -> Book:
    book = talked()
    book.complete("c1", "ann", transfer="blind|9|from-agent")
    return book


def ended_by_the_weather() -> Book:
    book = talked()
    book.complete("c1", "ann", ended_by="weather")
    return book


def transferred_out_of_no_talk() -> Book:
    book = shop(ann=0)
    book.join("c1")
    book.offer("c1", "ann")
    book.complete("c1", "ann", "offline", "transfer", "blind|9|from-agent")
    return book


def a_field_is_missing() -> Book:
    book = shop()
    book.write("caller.left", queue="sales", call_id="c1")
    return book


def an_unknown_type() -> Book:
    book = shop()
    book.write("caller.sneezed", call_id="c1")
    return book


def an_id_that_does_not_grow() -> Book:
    book = shop()
    book.entries.append(book.entries[0])
    return book


def a_false_reason_for_passing_over() -> Book:
    book = shop(ann=0)
    book.join("c1", min_penalty=5)
    book.step()
    book.join("c2", position=2)
    book.offer("c2", "ann", position=2, passed_over=[["c1", "detached"]])
    return book


#: By the rule that each breaks.
ACCOUNTS: dict[str, list[Callable[[], Book]]] = {
    "I4": [
        place_lost_after_a_refused_offer, joined_again_while_in_line, restored_at_another_place,
        moved_in_rank,
    ],
    "I5": [
        left_twice, left_without_joining, an_outcome_that_does_not_exist, answered_by_nobody,
        answered_and_not_connected, gone_while_a_phone_still_rings, transferred_by_nobody,
        ended_by_the_weather,
    ],
    "I6": [an_idle_pair],
    "I7": [
        an_offer_that_ended_before, an_old_fence, completed_without_a_connection,
        an_offer_to_one_who_left, replaced_but_never_joined, replaced_after_leaving,
        replaced_after_the_talk, replaced_at_another_box, transferred_out_of_no_talk,
    ],
    "I8": [
        a_field_is_missing, an_unknown_type, an_id_that_does_not_grow,
        a_false_reason_for_passing_over,
    ],
}  # fmt: skip
