"""A good journal raises nothing, and every caller is accounted for."""

from collections.abc import Callable

import pytest

from coordinator.audit import audit, begins_midway
from coordinator.journal import Entry
from tests.audit.book import Book, busy_day, shop


def violations(book: Book) -> list[str]:
    return [f"{v.rule} {v.sentence}" for v in audit(book.entries).violations]


def test_a_busy_day_is_in_order() -> None:
    report = audit(busy_day().entries)
    assert [v.sentence for v in report.violations] == []
    assert report.ok
    assert report.joined == 5
    assert report.outcomes == {"answered": 4, "abandoned": 1}
    assert report.sentence.startswith("In order: 5 callers, 6 offers")


def test_callers_not_over_at_the_end_are_listed_not_blamed() -> None:
    book = shop(ann=0)
    book.join("c1")
    book.offer("c1", "ann")
    book.step()
    book.connect("c1", "ann")
    book.step()
    book.join("c2")
    report = audit(book.entries)
    assert (report.waiting, report.talking, report.ok) == (["c2"], ["c1"], True)


def test_the_report_is_json() -> None:
    body = audit(shop(ann=0).entries).to_json()
    assert body["ok"] is True
    assert body["violations"] == []


def ringall_to_the_whole_tier() -> Book:
    book = shop("ringall", ann=0, bob=0, cal=1)
    book.join("c1")
    for fence, agent in enumerate(("ann", "bob"), start=1):
        book.offer("c1", agent, strategy="ringall", fence=fence)
    book.step()
    book.offer_ended("c1", "bob", "answered_elsewhere", "available")
    book.connect("c1", "ann")
    return book


def ringall_takes_an_agent_of_the_tier_who_comes_later() -> Book:
    book = shop("ringall", ann=1)
    book.member("bob", 1, 2)
    book.agent("bob", "paused")
    book.step()
    book.join("c1")
    book.offer("c1", "ann", strategy="ringall", penalty=1)
    book.step()
    book.agent("bob")
    book.offer("c1", "bob", strategy="ringall", penalty=1)
    return book


def claimed_by_one_the_others_are_not_rung_again() -> Book:
    book = ringall_takes_an_agent_of_the_tier_who_comes_later()
    book.step()
    book.claim("c1", "ann")
    book.offer_ended("c1", "bob", "answered_elsewhere", "available")
    book.step()
    book.offer_ended("c1", "ann", "failed")
    book.offer("c1", "bob", strategy="ringall", penalty=1)
    return book


def a_raised_penalty_makes_one_tier() -> Book:
    book = shop(ann=2, bob=1)
    book.join("c1", raise_penalty=3)
    book.offer("c1", "ann", penalty=3)
    return book


def a_rule_lets_a_caller_have_whom_it_could_not_before() -> Book:
    book = shop(ann=9)
    book.join("c1", max_penalty=0)
    book.step()
    book.write("caller.window", queue="sales", call_id="c1", box="a", max_penalty=9, by="rule")
    book.offer("c1", "ann", penalty=9)
    return book


def a_raise_with_r_lifts_nobody_from_below_min() -> Book:
    book = shop(ann=1, bob=9)
    book.join("c1", min_penalty=2, raise_penalty=4, keeps_min=1)
    book.offer("c1", "bob", penalty=9)
    return book


def tried_come_after_untried_and_are_forgotten_when_all_were() -> Book:
    book = shop(ann=0, bob=0)
    book.join("c1")
    book.offer("c1", "ann")
    book.step()
    book.offer_ended("c1", "ann", "rejected", "available")
    book.offer("c1", "bob")
    book.step()
    book.offer_ended("c1", "bob", "rejected", "available")
    book.offer("c1", "ann")
    return book


def round_robin_goes_on_after_the_one_rung_last() -> Book:
    book = shop("rrmemory", ann=0, bob=0)
    for call, agent in (("c1", "ann"), ("c2", "bob"), ("c3", "ann")):
        book.join(call)
        book.offer(call, agent, strategy="rrmemory")
        book.step()
        book.connect(call, agent)
        book.step()
        book.complete(call, agent)
        book.step()
    return book


def restored_at_the_old_rank_after_redis_was_emptied() -> Book:
    book = shop(ann=0)
    book.write("agent.state", agent="ann", state="paused", home="a", by="api")
    book.join("c1")
    rank = book.now
    book.step(100)
    book.write("line.held", reason="Redis was empty")
    book.join("c2", position=1, rank=rank - 5, by="restored")
    book.join("c1", position=2, rank=rank, by="restored")
    book.agent("ann")
    book.step()
    book.write("line.resumed", reason="all boxes are back")
    book.offer("c2", "ann")
    return book


def a_talk_found_by_a_snapshot() -> Book:
    book = shop(ann=0)
    book.join("c1", by="restored")
    made = {"queue": "sales", "call_id": "c1", "agent": "ann", "offer_id": "old", "fence": 7}
    book.write("offer.ended", **made, outcome="answered", ring_us=0, agent_state="talking")
    book.left("c1", "answered", by="restored")
    book.write("call.connected", **made, box="a", home="a", hold_us=1, by="restored")
    return book


def the_heavier_queue_goes_first() -> Book:
    book = shop(ann=0)
    book.queue("vip", weight=5)
    book.member("ann", queue="vip")
    book.agent("ann", "paused")
    book.step()
    book.join("c1")
    book.step()
    book.join("c2", queue="vip")
    book.step()
    book.agent("ann")
    book.offer("c2", "ann", queue="vip")
    return book


def replaced_waiting_ringing_and_talking_then_transferred() -> Book:
    book = shop(ann=0)
    book.agent("ann", "paused")
    book.join("c1")
    book.replaced("c1")
    book.step()
    book.agent("ann")
    book.offer("c1", "ann")
    book.replaced("c1")
    book.step()
    book.connect("c1", "ann")
    book.step()
    book.replaced("c1")
    book.step()
    book.complete("c1", "ann", ended_by="transfer", transfer="attended|BRIDGE|b-1")
    return book


def rung_by_ringall_as_the_strategy_changes() -> Book:
    """Nobody more is rung for c1, so c2 may have bob."""
    book = shop("ringall", ann=0)
    book.join("c1")
    book.offer("c1", "ann", strategy="ringall")
    book.step()
    book.join("c2", position=2)
    book.step()
    book.queue("sales", "linear")
    book.step()
    book.member("bob", 0, 2)
    book.agent("bob")
    book.offer("c2", "bob", position=2, passed_over=[["c1", "ringing"]])
    book.step()
    return book


def one_pass_goes_past_whom_it_has_tried() -> Book:
    """ann is available again, and of a better tier."""
    book = shop(ann=0, bob=1)
    book.join("c1", once=1)
    book.offer("c1", "ann")
    book.step()
    book.offer_ended("c1", "ann", "busy", "available")
    book.offer("c1", "bob", penalty=1)
    book.step()
    return book


GOOD = [
    rung_by_ringall_as_the_strategy_changes, one_pass_goes_past_whom_it_has_tried,
    ringall_to_the_whole_tier, ringall_takes_an_agent_of_the_tier_who_comes_later,
    claimed_by_one_the_others_are_not_rung_again, a_raised_penalty_makes_one_tier,
    a_rule_lets_a_caller_have_whom_it_could_not_before, a_raise_with_r_lifts_nobody_from_below_min,
    tried_come_after_untried_and_are_forgotten_when_all_were,
    round_robin_goes_on_after_the_one_rung_last,
    restored_at_the_old_rank_after_redis_was_emptied, a_talk_found_by_a_snapshot,
    the_heavier_queue_goes_first, replaced_waiting_ringing_and_talking_then_transferred,
]  # fmt: skip


@pytest.mark.parametrize("write", GOOD, ids=lambda write: str(write.__name__))
def test_good(write: Callable[[], Book]) -> None:
    assert violations(write()) == []


def test_a_journal_without_its_head_is_judged_by_what_it_tells() -> None:
    entries = busy_day().entries[9:]
    assert begins_midway(entries)
    report = audit(entries)
    assert report.partial
    assert [v.sentence for v in report.violations] == []


def test_entries_survive_the_journals_file_form() -> None:
    entries = [Entry.from_json(entry.to_json()) for entry in busy_day().entries]
    assert audit(entries).ok
