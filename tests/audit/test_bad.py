"""Every way to break a rule is found, named by its rule, with its calls and agents."""

from collections.abc import Callable

import pytest

from coordinator.audit import audit
from tests.audit.book import Book, busy_day, shop


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


BAD: dict[str, list[Callable[[], Book]]] = {
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
