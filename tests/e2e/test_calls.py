"""Calls as callers and agents live them, over three boxes."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ami_adapter.simulator.phones import Behaviour
from tests.e2e.rig import Caller, Rig
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEVER = Behaviour("ignore")
AT_ONCE = Behaviour()


async def test_a_caller_and_an_agent_on_one_box(rig: Rig) -> None:
    await rig.queue()
    await rig.agent("101", "a", Behaviour(talk=0.3))
    caller = await rig.call("a")
    assert await rig.answered_by(caller) == "101"
    done = await rig.coordinator.happens("call.completed", call_id=caller.call_id)
    assert done.data["ended_by"] == "agent"
    assert await rig.outcome(caller) == "answered"


async def test_an_agent_on_another_box_is_reached_over_the_trunk(rig: Rig) -> None:
    await rig.queue()
    await rig.agent("101", "c")
    caller = await rig.call("a")
    assert await rig.answered_by(caller) == "101"
    await caller.hang_up()
    done = await rig.coordinator.happens("call.completed", call_id=caller.call_id)
    assert done.data["ended_by"] == "caller"
    await rig.agent_is("101", state="available")


async def test_callers_of_three_boxes_are_rung_in_the_order_of_joining(rig: Rig) -> None:
    """One agent, nine callers, all boxes: the phone says that not one overtakes."""
    await rig.queue()
    callers = [await rig.call(box) for box in "cabbacacb"]
    assert await rig.waiting() == [caller.call_id for caller in callers]
    await rig.agent("101", "b", Behaviour(talk=0.1))
    for caller in callers:
        assert await rig.outcome(caller) == "answered"
    assert [ring.number for ring in rig.first_rings()] == [caller.number for caller in callers]
    assert rig.double_invites() == []


async def test_three_agents_of_three_boxes_take_callers_in_the_order_of_joining(rig: Rig) -> None:
    """Decisions are in order; INVITEs of the same millisecond, by two boxes, need not be."""
    await rig.queue(strategy="leastrecent")
    callers = [await rig.call(box) for box in "cabbacacbabc"]
    for agent, box in (("101", "a"), ("102", "b"), ("103", "c")):
        await rig.agent(agent, box, Behaviour(talk=0.1))
    for caller in callers:
        assert await rig.outcome(caller) == "answered"
    assert rig.offered_first() == [caller.call_id for caller in callers]
    assert rig.double_invites() == []


async def test_penalty_1_rings_only_when_both_of_penalty_0_are_busy(rig: Rig) -> None:
    await rig.queue()
    await rig.agent("103", "c", sales=1)
    await rig.agent("101", "a", sales=0)
    await rig.agent("102", "b", sales=0)
    agents = [await rig.answered_by(await rig.call(box)) for box in "cab"]
    assert agents == ["101", "102", "103"]


async def test_a_penalty_window_keeps_a_caller_waiting_and_nobody_behind(rig: Rig) -> None:
    await rig.queue()
    await rig.agent("101", "a", sales=5)
    picky = await rig.call("a", max_penalty=3)
    other = await rig.call("b")
    assert await rig.answered_by(other) == "101"
    assert await rig.waiting() == [picky.call_id]
    assert rig.rung(picky) == []


async def test_a_caller_who_hangs_up_while_a_phone_rings_frees_the_agent(rig: Rig) -> None:
    await rig.queue()
    await rig.agent("101", "b", NEVER)
    leaver, next_one = await rig.call("a"), await rig.call("c")
    await rig.coordinator.happens("offer.made", call_id=leaver.call_id)
    await leaver.hang_up()
    assert await rig.outcome(leaver) == "abandoned"
    await rig.coordinator.happens("offer.ended", call_id=leaver.call_id, outcome="cancelled")
    await rig.coordinator.happens("offer.made", call_id=next_one.call_id, agent="101")


async def test_a_refused_caller_keeps_the_place_and_gets_the_next_best(rig: Rig) -> None:
    await rig.queue(retry=60)
    await rig.agent("109", "a", Behaviour("decline", after=0.2))  # rests beyond this test
    first, second = await rig.call("a"), await rig.call("b")
    ended = await rig.coordinator.happens("offer.ended", call_id=first.call_id)
    assert ended.data["outcome"] == "rejected"
    assert await rig.waiting() == [first.call_id, second.call_id]
    await rig.agent("102", "c")
    assert await rig.answered_by(first) == "102"
    assert rig.rung(first) == ["109", "102"]


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (Behaviour("busy"), "busy"),
        (Behaviour("decline", after=0.2), "rejected"),
        (NEVER, "no_answer"),
    ],
)
@pytest.mark.parametrize("home", ["a", "b"])
async def test_how_an_offer_failed_is_told(
    rig: Rig, behaviour: Behaviour, outcome: str, home: str
) -> None:
    """On the caller's own box and over a trunk alike."""
    await rig.queue(timeout=1)
    await rig.agent("101", home, behaviour)
    caller = await rig.call("a")
    ended = await rig.coordinator.happens("offer.ended", call_id=caller.call_id)
    assert ended.data["outcome"] == outcome


async def test_eight_agents_refuse_and_every_refusal_is_told_as_one(rig: Rig) -> None:
    """Race: Asterisk reports the failed Originate, without a cause, before the refusal itself."""
    await rig.queue(retry=60)
    agents = [f"11{number}" for number in range(1, 9)]  # resting beyond this test
    for number, agent in enumerate(agents):
        await rig.agent(agent, "abc"[number % 3], Behaviour("decline", after=0.05))
    caller = await rig.call("a")
    await rig.coordinator.happens("offer.ended", len(agents), call_id=caller.call_id)
    ended = rig.coordinator.of("offer.ended", call_id=caller.call_id)
    told = [(entry.data["agent"], entry.data["outcome"]) for entry in ended]
    assert told == [(agent, "rejected") for agent in agents]
    assert await rig.waiting() == [caller.call_id]


async def test_an_agent_moves_to_another_box(rig: Rig) -> None:
    await rig.queue()
    phone = await rig.agent("101", "a", Behaviour(talk=0.2))
    await rig.outcome(await rig.call("b"))
    await phone.move("c")
    await rig.agent_is("101", state="available", home="c")
    caller = await rig.call("b")
    assert await rig.answered_by(caller) == "101"
    offers = rig.coordinator.of("offer.made", agent="101")
    assert [offer.data["home"] for offer in offers] == ["a", "c"]


async def test_ringall_gives_the_caller_to_the_first_who_answers(rig: Rig) -> None:
    await rig.queue(strategy="ringall")
    for agent, box in (("101", "a"), ("103", "c")):
        await rig.agent(agent, box, NEVER)
    await rig.agent("102", "b", Behaviour(after=0.5))
    caller = await rig.call("a")
    assert await rig.answered_by(caller) == "102"
    assert sorted(rig.rung(caller)) == ["101", "102", "103"]
    for agent in ("101", "103"):
        ended = await rig.coordinator.happens("offer.ended", agent=agent)
        assert ended.data["outcome"] == "answered_elsewhere"
        await rig.agent_is(agent, state="available")


async def test_two_agents_who_answer_at_once_leave_one_caller_one_agent(rig: Rig) -> None:
    """Race: with ringall both phones are picked up before either is told to stop."""
    await rig.queue(strategy="ringall")
    for agent, box in (("101", "a"), ("102", "b"), ("103", "c")):
        await rig.agent(agent, box, AT_ONCE)
    caller = await rig.call("a")
    winner = await rig.answered_by(caller)
    for agent in {"101", "102", "103"} - {winner}:
        await rig.coordinator.happens("offer.ended", agent=agent)
        await rig.agent_is(agent, state="available")
    assert len(rig.coordinator.of("call.connected")) == 1
    assert rig.coordinator.of("call.completed") == []


async def test_a_higher_priority_is_served_first(rig: Rig) -> None:
    await rig.queue()
    plain = await rig.call("a")
    urgent = await rig.call("b", priority=5)
    assert await rig.waiting() == [urgent.call_id, plain.call_id]
    await rig.agent("101", "c", Behaviour(talk=0.2))
    await rig.outcome(plain)
    assert [ring.number for ring in rig.first_rings()] == [urgent.number, plain.number]


async def test_a_priority_changed_by_api_moves_the_caller(rig: Rig) -> None:
    await rig.queue()
    first, second = await rig.call("a"), await rig.call("b")
    await rig.coordinator.ask("PATCH", f"/v1/calls/{second.call_id}", {"priority": 3})
    assert await rig.waiting() == [second.call_id, first.call_id]


async def test_a_caller_whose_timeout_is_over_leaves(rig: Rig) -> None:
    await rig.queue()
    caller = await rig.call("b", timeout=1)
    assert await rig.outcome(caller) == "timeout"


async def test_a_caller_is_withdrawn_by_api(rig: Rig) -> None:
    await rig.queue()
    first, second = await rig.call("a"), await rig.call("b")
    await rig.coordinator.ask("DELETE", f"/v1/calls/{first.call_id}")
    assert await rig.outcome(first) == "withdrawn"
    await rig.until_ended(first)
    assert await rig.waiting() == [second.call_id]


async def test_a_caller_is_withdrawn_while_its_agent_hears_the_announcement(rig: Rig) -> None:
    await rig.queue()
    await rig.agent("101", "a")
    caller = await rig.call("a", announce=1)
    await rig.coordinator.happens("offer.claimed", call_id=caller.call_id)
    await rig.coordinator.ask("DELETE", f"/v1/calls/{caller.call_id}")
    assert await rig.outcome(caller) == "withdrawn"
    await rig.until_ended(caller)
    await rig.agent_is("101", state="available")
    await rig.history_says(caller, "withdrawn")
    assert len(rig.coordinator.of("caller.left", call_id=caller.call_id)) == 1
    assert rig.coordinator.of("call.connected") == []
    assert await rig.verify() == ""


async def _logout(rig: Rig, caller: Caller) -> None:
    await rig.coordinator.ask("POST", "/v1/agents/101/logout")


async def _delete_member(rig: Rig, caller: Caller) -> None:
    await rig.coordinator.ask("DELETE", "/v1/queues/sales/members/101")


async def _withdraw(rig: Rig, caller: Caller) -> None:
    await rig.coordinator.ask("DELETE", f"/v1/calls/{caller.call_id}")


async def _expire(rig: Rig, caller: Caller) -> None:
    await rig.coordinator.happens("offer.ended", call_id=caller.call_id, outcome="expired")


Decide = Callable[[Rig, Caller], Awaitable[None]]


@pytest.mark.parametrize(
    ("decide", "outcome"),
    [
        (_logout, "answered"),
        (_delete_member, "answered"),
        (_expire, "answered"),
        (_withdraw, "withdrawn"),
    ],
)
async def test_a_talk_goes_on_although_the_line_has_called_it_off(
    rig: Rig, decide: Decide, outcome: str
) -> None:
    """Race: the two talk, the Connect is under way, and the line decides otherwise."""
    await rig.queue(timeout=2)
    phone = await rig.agent("101", "a", Behaviour(after=0.7))
    caller = await rig.call("a")
    await eventually(lambda: _rung(rig, caller, answered=False))
    with rig.adapters["a"].frozen():
        await eventually(lambda: _rung(rig, caller, answered=True))
        await rig.agent("102", "b")
        await decide(rig, caller)
    assert await rig.outcome(caller) == outcome
    if outcome == "answered":
        assert await rig.answered_by(caller) == "101"
    await rig.agent_is("102", state="available")
    assert not caller.person.ended
    assert await rig.waiting() == []
    phone.hang_up()
    await rig.until_ended(caller)
    later = await rig.call("a")  # in order: what came before it has been told
    assert len(rig.coordinator.of("caller.left", call_id=caller.call_id)) == 1
    await rig.history_says(caller, outcome)
    assert await rig.answered_by(later)
    assert await rig.verify() == ""


async def _rung(rig: Rig, caller: Caller, *, answered: bool) -> bool:
    rings = [ring for ring in rig.rings() if ring.number == caller.number]
    return any(ring.answered or not answered for ring in rings)


async def test_a_second_adapter_of_a_box_is_refused_and_disturbs_nobody(rig: Rig) -> None:
    await rig.queue()
    early = await rig.call("a")
    said = rig.adapters["a"].log.read_text("utf-8")
    second = rig.adapters["a"].twin()
    await second.start()
    try:
        await second.says("is linked by another adapter")
        late = await rig.call("a")
        assert await rig.waiting() == [early.call_id, late.call_id]
        await rig.agent("101", "b")
        assert await rig.answered_by(early) == "101"
    finally:
        await second.stop()
    assert rig.adapters["a"].log.read_text("utf-8") == said, "no new epoch"


async def test_an_unknown_queue_lets_the_caller_go_on(rig: Rig) -> None:
    person = await rig.dial("a", "nowhere")
    await rig.until_ended(person)
    assert person.status == "UNKNOWN"


async def test_queuestatus_says_why_a_caller_has_no_agent(rig: Rig) -> None:
    """As the dialplan finds it: no room, nobody there, nobody there any more, taken out."""
    await rig.queue("sales", maxlen=1)
    first = await rig.call("a")
    too_many = await rig.dial("b")
    await rig.until_ended(too_many)
    await rig.coordinator.ask("DELETE", f"/v1/calls/{first.call_id}?reason=closing")
    await rig.until_ended(first.person)
    await rig.queue("sales", joinempty="strict", leavewhenempty="strict")
    too_early = await rig.dial("a")
    await rig.until_ended(too_early)
    await rig.agent("101", "b", NEVER)
    kept = await rig.call("a")
    await rig.coordinator.ask("POST", "/v1/agents/101/logout")
    await rig.until_ended(kept.person)
    people = (too_many, first.person, too_early, kept.person)
    said = [person.status for person in people]
    assert said == ["FULL", "WITHDRAW", "JOINEMPTY", "LEAVEEMPTY"]


async def test_a_paused_agent_is_not_rung(rig: Rig) -> None:
    await rig.queue()
    await rig.agent("101", "a")
    await rig.coordinator.ask("POST", "/v1/agents/101/pause", {"reason": "lunch"})
    caller = await rig.call("a")
    await rig.agent("102", "b")
    assert await rig.answered_by(caller) == "102"
    await rig.coordinator.ask("POST", "/v1/agents/101/unpause")
    assert await rig.answered_by(await rig.call("a")) == "101"


async def test_callers_who_come_together_all_get_an_agent(rig: Rig) -> None:
    """Thirty callers at once on three boxes, six agents: all answered, no phone rung twice."""
    await rig.queue(strategy="leastrecent")
    for number, box in enumerate("abcabc", start=1):
        await rig.agent(f"10{number}", box, Behaviour(talk=0.1))
    people = await asyncio.gather(*(rig.dial("abc"[n % 3]) for n in range(30)))
    for person in people:
        assert await rig.outcome(await rig.joined(person)) == "answered"
    assert rig.double_invites() == []
    assert await rig.verify() == ""
