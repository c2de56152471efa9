"""Books in which somebody got whom they must not: each breaks I1, I2 or I3."""

from collections.abc import Callable

from tests.audit.book import Book, shop


def left_behind() -> Book:
    book = shop()
    book.member("ann")
    book.agent("ann", "paused")
    book.join("c1")
    book.step()
    book.join("c2", position=2)
    book.step()
    book.agent("ann")
    book.offer("c2", "ann", position=2)
    return book


def left_behind_in_a_heavier_queue() -> Book:
    book = left_behind()
    book.entries.pop()
    book.queue("vip", weight=1)
    book.member("ann", queue="vip")
    book.join("c3", queue="vip", rank=book.now + 1)
    book.offer("c1", "ann")
    return book


def offered_while_held() -> Book:
    book = shop(ann=0)
    book.write("line.held", reason="start")
    book.join("c1")
    book.offer("c1", "ann")
    return book


def rank_behind_an_earlier_caller_of_the_box() -> Book:
    book = shop()
    book.join("c1")
    book.step()
    book.join("c2", age_us=5_000_000, rank=book.now - 5_000_000)
    return book


def rank_that_is_not_the_time_of_joining() -> Book:
    book = shop()
    book.join("c1", rank=book.now - 1)
    return book


def placed_behind_where_it_asked_to_be() -> Book:
    book = shop()
    book.join("c1")
    book.step()
    book.join("c2", position=2, placed=1)
    return book


def placed_ahead_of_a_higher_priority() -> Book:
    book = shop()
    book.join("c1", priority=5)
    book.step()
    book.join("c2", position=1, placed=1)
    return book


def higher_penalty_first() -> Book:
    book = shop(ann=1, bob=0)
    book.join("c1")
    book.offer("c1", "ann", penalty=1)
    return book


def wrong_by_strategy() -> Book:
    book = shop("linear", ann=0, bob=0)
    book.join("c1")
    book.offer("c1", "bob")
    return book


def wrong_by_least_recent() -> Book:
    book = shop("leastrecent", ann=0, bob=0)
    book.join("c1")
    book.offer("c1", "ann", strategy="leastrecent")
    book.step()
    book.connect("c1", "ann")
    book.step()
    book.complete("c1", "ann")
    book.step()
    book.join("c2")
    book.offer("c2", "ann", strategy="leastrecent")
    return book


def tried_before_untried() -> Book:
    book = shop(ann=0, bob=0)
    book.join("c1")
    book.offer("c1", "ann")
    book.step()
    book.offer_ended("c1", "ann", "busy", "available")
    book.offer("c1", "ann")
    return book


def rung_twice_in_one_pass() -> Book:
    book = shop(ann=0)
    book.join("c1", once=1)
    book.offer("c1", "ann")
    book.step()
    book.offer_ended("c1", "ann", "busy", "available")
    book.offer("c1", "ann")
    return book


def to_a_paused_agent() -> Book:
    book = shop(ann=0)
    book.agent("ann", "paused")
    book.join("c1")
    book.offer("c1", "ann")
    return book


def outside_the_window() -> Book:
    book = shop(ann=0)
    book.join("c1", min_penalty=1)
    book.offer("c1", "ann")
    return book


def by_nobody_who_is_a_member() -> Book:
    book = shop(ann=0)
    book.agent("zoe")
    book.join("c1")
    book.offer("c1", "zoe")
    return book


def to_a_caller_of_a_detached_box() -> Book:
    book = shop(ann=0)
    book.join("c1")
    book.write("caller.detached", queue="sales", call_id="c1", box="a")
    book.offer("c1", "ann")
    return book


def one_agent_two_callers() -> Book:
    book = shop(ann=0)
    book.join("c1")
    book.offer("c1", "ann")
    book.step()
    book.join("c2", position=2)
    book.offer("c2", "ann", position=2)
    return book


def one_caller_two_agents() -> Book:
    book = shop(ann=0, bob=0)
    book.join("c1")
    book.offer("c1", "ann")
    book.offer("c1", "bob", fence=book.now + 1)
    return book


def ringall_beyond_its_tier() -> Book:
    book = shop("ringall", ann=0, bob=1)
    book.join("c1")
    book.offer("c1", "ann", strategy="ringall")
    book.offer("c1", "bob", strategy="ringall", penalty=1, fence=book.now + 1)
    return book


def a_fence_that_does_not_grow() -> Book:
    book = shop(ann=0, bob=0)
    book.join("c1")
    book.offer("c1", "ann", fence=9)
    book.step()
    book.join("c2", position=2)
    book.offer("c2", "bob", position=2, fence=9)
    return book


def two_claims() -> Book:
    book = shop("ringall", ann=0, bob=0)
    book.join("c1")
    for fence, agent in enumerate(("ann", "bob"), start=1):
        book.offer("c1", agent, strategy="ringall", fence=fence)
    book.claim("c1", "ann")
    book.claim("c1", "bob")
    return book


def two_connections() -> Book:
    book = shop("ringall", ann=0, bob=0)
    book.join("c1")
    for fence, agent in enumerate(("ann", "bob"), start=1):
        book.offer("c1", agent, strategy="ringall", fence=fence)
    book.step()
    book.connect("c1", "ann")
    book.offer_ended("c1", "bob", "answered", "talking")
    made = book.made("c1", "bob")
    book.write(
        "call.connected", queue="sales", call_id="c1", box="a", agent="bob", home="a",
        offer_id=made["offer_id"], fence=made["fence"], hold_us=1, by="box",
    )  # fmt: skip
    return book


#: By the rule that each breaks.
MATCHES: dict[str, list[Callable[[], Book]]] = {
    "I1": [
        left_behind, left_behind_in_a_heavier_queue, offered_while_held,
        rank_behind_an_earlier_caller_of_the_box, rank_that_is_not_the_time_of_joining,
        placed_behind_where_it_asked_to_be, placed_ahead_of_a_higher_priority,
    ],
    "I2": [
        higher_penalty_first, wrong_by_strategy, wrong_by_least_recent, tried_before_untried,
        rung_twice_in_one_pass, to_a_paused_agent, outside_the_window,
        by_nobody_who_is_a_member, to_a_caller_of_a_detached_box,
    ],
    "I3": [
        one_agent_two_callers, one_caller_two_agents, ringall_beyond_its_tier,
        a_fence_that_does_not_grow, two_claims, two_connections,
    ],
}  # fmt: skip
