"""Penalty rules: a caller's window changes at the exact second, as queuerules.conf says."""

from typing import Any

import pytest

from coordinator.errors import Refused
from coordinator.line import keys
from coordinator.line.types import PenaltyChange, Reply
from coordinator.protocol import WaitingCall
from tests.engine.conftest import SECOND, Box, Line


async def opened(line: Line, *changes: PenaltyChange, strategy: str = "linear") -> Box:
    """Queue sales under the rule `soon`; agents 102 and 105 of penalties 2 and 5, free on box a."""
    await line.engine.put_rule("soon", changes)
    await line.queue("sales", strategy, defaultrule="soon")
    for penalty in (2, 5):
        await line.agent(f"10{penalty}", sales=penalty)
    return await line.box("a", "102", "105")


async def at(line: Line, a: Box, now_us: int) -> Reply:
    """It is now so late, and the line does what is due; the box was in touch all the time."""
    line.now = now_us
    await line.engine.heartbeat(a.name, a.link)
    return await line.engine.tick()


async def rung(a: Box) -> list[tuple[str, str]]:
    return [(ring.call_id, ring.agent) for ring in await a.rings()]


async def window(line: Line) -> dict[str, Any] | None:
    """What the last change made of a caller's window; None when there was none."""
    entries = await line.journal("caller.window")
    bounds = ("min_penalty", "max_penalty", "raise_penalty", "keeps_min")
    shown = [{name: e.data[name] for name in bounds if name in e.data} for e in entries]
    return shown[-1] if shown else None


# ── when ────────────────────────────────────────────────────────────────────────────────────


async def test_each_change_comes_at_its_second_and_not_before(line: Line) -> None:
    a = await opened(line, PenaltyChange(2, max="+2"), PenaltyChange(4, max="5"))
    joined = line.now
    assert (await a.join("1", max_penalty=0)).next_due_us == joined + 2 * SECOND
    await at(line, a, joined + 2 * SECOND - 1)
    assert await line.journal("caller.window") == []
    await at(line, a, joined + 2 * SECOND)
    (offer,) = await a.rings()
    assert offer.agent == "102"
    await at(line, a, joined + 4 * SECOND - 1)
    await a.ended(offer)
    assert await rung(a) == []
    await at(line, a, joined + 4 * SECOND)
    assert await rung(a) == [("a-1-1", "105")]
    changed = await line.journal("caller.window")
    assert [entry.at_us - joined for entry in changed] == [2 * SECOND, 4 * SECOND]


async def test_changes_missed_meanwhile_are_all_made(line: Line) -> None:
    a = await opened(line, PenaltyChange(1, max="+2"), PenaltyChange(2, max="+3"))
    await a.join("1", max_penalty=0)
    await at(line, a, line.now + 9 * SECOND)
    assert await window(line) == {"max_penalty": 5}
    assert len(await line.journal("caller.window")) == 1


async def test_a_change_of_no_seconds_is_made_on_joining(line: Line) -> None:
    a = await opened(line, PenaltyChange(0, max="5"))
    await a.join("1", max_penalty=0)
    assert await rung(a) == [("a-1-1", "102")]


# ── what ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("brought", "change", "becomes"),
    [
        pytest.param({"max": 3}, {"max": "7"}, {"max": 7}, id="absolute"),
        pytest.param({"max": 3}, {"max": "+2"}, {"max": 5}, id="more"),
        pytest.param({"max": 3}, {"max": "-2"}, {"max": 1}, id="less"),
        pytest.param({"max": 3}, {"max": "-4"}, {"max": 0}, id="never below 0"),
        pytest.param({"min": 2, "max": 8}, {"min": "9"}, {"min": 8, "max": 8}, id="min to max"),
        pytest.param({"min": 4, "max": 8}, {"max": "3"}, {"min": 3, "max": 3}, id="max cuts min"),
        pytest.param({"raise": 1, "max": 4}, {"raise": "9"}, {"raise": 4, "max": 4}, id="lift"),
        pytest.param({"min": 4}, {"min": "9"}, {"min": 9}, id="no max, no clamp"),
        pytest.param({"raise": 1}, {"raise": "+2"}, {"raise": 3}, id="raise by"),
        pytest.param(
            {"min": 2, "raise": 1}, {"raise": "r5"}, {"min": 2, "raise": 5, "keeps": 1}, id="rN"
        ),
        pytest.param(
            {"raise": 1, "keeps": 1}, {"raise": "r+1"}, {"raise": 2, "keeps": 1}, id="r by"
        ),
        pytest.param({"raise": 1, "keeps": 1}, {"raise": "5"}, {"raise": 5}, id="no r any more"),
        pytest.param(
            {"max": 1, "raise": 1, "keeps": 1}, {"max": "2"}, {"max": 2, "raise": 1, "keeps": 1},
            id="r stays",
        ),
        pytest.param(
            {"max": 3}, {"max": "5", "min": "2", "raise": "r4"}, {"max": 5}, id="unset stays unset"
        ),
        pytest.param({}, {"max": "5", "min": "2", "raise": "4"}, None, id="nothing set"),
        pytest.param({"max": 3}, {"max": "3"}, None, id="nothing changed"),
    ],
)  # fmt: skip
async def test_what_a_change_makes_of_a_window(
    line: Line, brought: dict[str, int], change: dict[str, str], becomes: dict[str, int] | None
) -> None:
    named = {"max": "max_penalty", "min": "min_penalty", "raise": "raise_penalty"}
    step = PenaltyChange(2, change.get("max", ""), change.get("min", ""), change.get("raise", ""))
    a = await opened(line, step)
    renamed = named | {"keeps": "raise_keeps_min"}
    join: dict[str, Any] = {renamed[name]: value for name, value in brought.items()}
    await a.join("1", **join)
    await at(line, a, line.now + 2 * SECOND)
    expected = becomes and {
        (named | {"keeps": "keeps_min"})[name]: value for name, value in becomes.items()
    }
    assert await window(line) == expected


async def test_a_raise_with_r_lifts_nobody_from_below_min(line: Line) -> None:
    a = await opened(line, PenaltyChange(2, raise_="r5"))
    await a.join("1", min_penalty=4, raise_penalty=4)
    assert await rung(a) == [("a-1-1", "102")]
    await a.join("2", min_penalty=6, raise_penalty=0)
    await at(line, a, line.now + 2 * SECOND)
    assert await rung(a) == []


async def test_joinempty_sees_the_r_of_who_comes(line: Line) -> None:
    await line.queue("sales", joinempty="penalty")
    await line.agent("102", sales=2)
    a = await line.box("a", "102")
    refused = await a.join("1", min_penalty=4, raise_penalty=4, raise_keeps_min=1)
    assert refused.code == "queue_empty"
    assert (await a.join("2", min_penalty=4, raise_penalty=4)).code == "ok"


# ── whose ───────────────────────────────────────────────────────────────────────────────────


async def test_the_callers_own_rule_goes_before_the_queues(line: Line) -> None:
    a = await opened(line, PenaltyChange(1, max="9"))
    await line.engine.put_rule("none", ())
    await line.engine.put_rule("later", [PenaltyChange(3, max="2")])
    began = line.now
    for name, rule in (("1", "none"), ("2", "later"), ("3", "nobody-knows-it")):
        await a.join(name, max_penalty=0, rule=rule)
    await at(line, a, began + 2 * SECOND)
    assert await rung(a) == []
    await at(line, a, began + 3 * SECOND)
    assert await rung(a) == [("a-2-1", "102")]


async def test_a_rule_is_copied_as_a_caller_joins(line: Line) -> None:
    a = await opened(line, PenaltyChange(2, max="2"))
    began = line.now
    await a.join("1", max_penalty=0)
    await line.engine.put_rule("soon", [PenaltyChange(1, max="5")])
    await at(line, a, began + SECOND)
    assert await rung(a) == []
    await line.engine.delete_rule("soon")
    await at(line, a, began + 2 * SECOND)
    assert await rung(a) == [("a-1-1", "102")]


async def test_rules_are_kept_until_they_are_deleted(line: Line) -> None:
    changes = (PenaltyChange(1, "+2", "", "r5"), PenaltyChange(9, min="1"))
    await line.engine.put_rule("soon", changes)
    await line.engine.put_rule("none", ())
    assert await line.engine.rules() == {"soon": changes, "none": ()}
    await line.engine.delete_rule("soon")
    assert await line.engine.rules() == {"none": ()}
    with pytest.raises(Refused, match="no penalty rule named 'soon'"):
        await line.engine.delete_rule("soon")


async def test_who_leaves_leaves_no_timer(line: Line) -> None:
    a = await opened(line, PenaltyChange(20, max="+1"))
    await a.join("1", max_penalty=0)
    timers = keys.key(line.tenant, "timers")
    assert "rule:a-1-1" in await line.redis.zrange(timers, 0, -1)
    await a.leave("1")
    assert "rule:a-1-1" not in await line.redis.zrange(timers, 0, -1)


# ── in the midst of things ──────────────────────────────────────────────────────────────────


async def test_a_caller_being_rung_goes_on_by_its_new_window(line: Line) -> None:
    a = await opened(line, PenaltyChange(2, max="5"))
    await a.join("1", max_penalty=2)
    (offer,) = await a.rings()
    await at(line, a, line.now + 2 * SECOND)
    assert await rung(a) == []
    await a.ended(offer)
    assert await rung(a) == [("a-1-1", "105")]


async def test_ringall_rings_whom_the_new_window_admits_up_to_its_tier(line: Line) -> None:
    a = await opened(line, PenaltyChange(2, min="0", max="9"), strategy="ringall")
    await line.agent("109", sales=9)
    await a.device("109")
    await a.join("1", min_penalty=3, max_penalty=5)
    assert await rung(a) == [("a-1-1", "105")]
    await at(line, a, line.now + 2 * SECOND)
    assert await rung(a) == [("a-1-1", "102")]


async def test_ringall_rings_nobody_above_the_tier_that_rings(line: Line) -> None:
    a = await opened(line, PenaltyChange(2, max="5"), strategy="ringall")
    await a.join("1", max_penalty=2)
    (offer,) = await a.rings()
    await at(line, a, line.now + 2 * SECOND)
    assert await rung(a) == []
    await a.ended(offer)
    assert await rung(a) == [("a-1-1", "105")]


async def test_a_restored_caller_has_what_its_wait_has_brought(line: Line) -> None:
    """A line that was emptied: the box brings the caller back, and with it how long it waited."""
    a = await opened(line, PenaltyChange(10, max="2"), PenaltyChange(16, max="5"))
    await line.engine.logout("102")
    await a.attach()
    back = WaitingCall(
        join=a.call("1", max_penalty=0), age_us=15 * SECOND, rank=line.now - 15 * SECOND
    )
    began = line.now
    await a.snapshot([back], devices={"PJSIP/102": "NOT_INUSE", "PJSIP/105": "NOT_INUSE"})
    assert await window(line) == {"max_penalty": 2}
    assert await rung(a) == []
    await at(line, a, began + SECOND)
    assert await rung(a) == [("a-1-1", "105")]


async def test_a_change_that_comes_while_the_box_is_away_is_there_when_it_is_back(
    line: Line,
) -> None:
    a = await opened(line, PenaltyChange(8, max="2"))
    await a.join("1", max_penalty=0)
    line.wait(9)
    await line.engine.tick()
    assert [caller.state for caller in await line.engine.callers("sales")] == ["detached"]
    assert await window(line) == {"max_penalty": 2}
    await a.attach()
    known = WaitingCall(join=a.call("1", max_penalty=0), age_us=9 * SECOND)
    await a.snapshot([known], devices={"PJSIP/102": "NOT_INUSE"})
    assert await rung(a) == [("a-1-1", "102")]


async def test_a_head_whom_nobody_may_serve_holds_nobody_back(line: Line) -> None:
    a = await opened(line, PenaltyChange(2, max="9"))
    began = line.now
    await a.join("1", max_penalty=0)
    await a.join("2")
    (offer,) = await a.rings()
    assert (offer.call_id, offer.agent) == ("a-2-1", "102")
    await line.engine.logout("105")
    await at(line, a, began + 2 * SECOND)
    await a.join("3")
    await a.connect(offer)
    await a.complete(offer)
    assert await rung(a) == [("a-1-1", "102")]


async def test_a_heavier_queue_that_may_not_have_the_agent_does_not_starve_it(line: Line) -> None:
    """asterisk#1561: callers of higher weight whose windows admit nobody kept its agents idle."""
    await line.engine.put_rule("soon", [PenaltyChange(2, max="5")])
    await line.queue("vip", weight=10, defaultrule="soon")
    await line.queue("sales")
    await line.agent("101", vip=5, sales=0)
    a = await line.box("a", "101")
    began = line.now
    await a.join("1", "vip", max_penalty=0)
    await a.join("2", "sales")
    (offer,) = await a.rings()
    assert offer.call_id == "a-2-1"
    await a.join("3", "sales")
    await at(line, a, began + 2 * SECOND)
    await a.connect(offer)
    await a.complete(offer)
    assert await rung(a) == [("a-1-1", "101")]
