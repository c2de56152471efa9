"""A membership's own settings: pause in one queue, wrap-up, ringinuse; whose state counts."""

import pytest

from coordinator.errors import Refused
from coordinator.line.types import MemberSettings
from tests.engine.conftest import Box, Line


async def rung(box: Box) -> list[str]:
    return [offer.agent for offer in await box.rings()]


async def test_who_is_paused_in_one_queue_serves_the_others(line: Line) -> None:
    await line.queue("sales")
    await line.queue("help")
    a = await line.box("a", "101")
    await line.agent("101", sales=0, help=0)
    await line.engine.pause("101", "lunch", "sales")
    await a.join("1")
    await a.join("2", "help")
    (offer,) = await a.rings()
    assert offer.call_id == "a-2-1", "the first caller waits in the queue that has the agent paused"
    await a.ended(offer, "no_answer")
    await a.leave("2")
    await line.pass_time(6, a)
    await line.engine.unpause("101", queue="sales")
    assert [o.call_id for o in await a.rings()] == ["a-1-1"]
    view = (await line.engine.agent("101")).memberships["sales"]
    assert (view.paused, view.reason) == (False, "")


async def test_its_state_is_the_agents_own(line: Line) -> None:
    await line.queue("sales")
    await line.box("a", "101")
    await line.agent("101", sales=0)
    await line.engine.pause("101", "lunch", "sales")
    assert await line.state("101") == "available", "paused in each of its queues is shown there"
    assert (await line.engine.queue("sales")).available == 0


async def test_who_was_paused_everywhere_stays_so_in_the_other_queues(line: Line) -> None:
    await line.queue("sales")
    await line.queue("help")
    await line.box("a", "101")
    await line.agent("101", sales=0, help=0)
    await line.engine.pause("101", "lunch")
    await line.engine.unpause("101", queue="sales")
    view = await line.engine.agent("101")
    assert (view.state, view.paused) == ("available", False)
    pauses = {queue: (m.paused, m.reason) for queue, m in view.memberships.items()}
    assert pauses == {"sales": (False, ""), "help": (True, "lunch")}
    told = [(e.data["queue"], e.data["change"]) for e in await line.journal("member.changed")]
    assert told[2:] == [("help", "stays_paused"), ("sales", "unpause")]


async def test_a_phone_is_one_in_any_case(line: Line) -> None:
    """As the operator wrote it it is dialled; the box reports it as Asterisk has it."""
    await line.queue("sales")
    await line.engine.put_agent("ann", "pjsip/101")
    await line.engine.put_member("sales", "ann", MemberSettings())
    await line.engine.login("ann")
    with pytest.raises(Refused, match="belongs to agent 'ann'"):
        await line.engine.put_agent("bob", "PJSIP/101")
    with pytest.raises(Refused, match="belongs to agent 'ann'"):
        await line.engine.put_agent("bob", "Local/9@x", "Pjsip/101")
    a = await line.box("a", "101")
    assert await line.state("ann") == "available"
    assert await line.engine.reports("a", "pJSIP/101")
    await a.join("1")
    (offer,) = await a.rings()
    assert offer.interface == "pjsip/101"


async def test_the_end_of_a_pause_is_told_with_its_reason_and_has_none_after(line: Line) -> None:
    await line.queue("sales")
    await line.box("a", "101")
    await line.agent("101", sales=0)
    await line.engine.pause("101", "lunch", "sales")
    await line.engine.unpause("101", "back", "sales")
    assert (await line.engine.agent("101")).memberships["sales"].reason == ""
    await line.engine.pause("101", "tea")
    await line.engine.unpause("101", "fed")
    assert (await line.engine.agent("101")).pause_reason == ""
    of_one = [
        (e.data["change"], e.data.get("reason")) for e in await line.journal("member.changed")
    ]
    assert of_one[1:] == [("pause", "lunch"), ("unpause", "back")]
    of_all = [(e.data["change"], e.data.get("reason")) for e in await line.journal("agent.changed")]
    assert of_all[1:] == [("pause", "tea"), ("unpause", "fed")]


async def test_the_end_of_all_pauses_ends_those_of_one_queue(line: Line) -> None:
    await line.queue("sales")
    await line.box("a", "101")
    await line.agent("101", sales=0)
    await line.engine.pause("101", "lunch", "sales")
    await line.engine.unpause("101")
    assert not (await line.engine.agent("101")).memberships["sales"].paused
    assert (await line.engine.queue("sales")).available == 1


async def test_a_pause_of_no_membership_is_refused(line: Line) -> None:
    await line.queue("sales")
    await line.agent("101")
    for queue, agent, code in (
        ("none", "101", "unknown_queue"),
        ("sales", "none", "unknown_agent"),
        ("sales", "101", "not_a_member"),
    ):
        for change in (
            line.engine.pause(agent, "", queue),
            line.engine.unpause(agent, queue=queue),
        ):
            with pytest.raises(Refused) as caught:
                await change
            assert caught.value.code == code


async def test_who_is_added_paused_is_never_rung(line: Line) -> None:
    await line.queue("sales")
    a = await line.box("a", "101")
    await line.agent("101")
    await a.join("1")
    await line.engine.put_member("sales", "101", MemberSettings(paused=True, reason="new"))
    assert await a.rings() == []
    await line.engine.unpause("101", queue="sales")
    assert await rung(a) == ["101"]


async def test_a_phone_in_use_rings_where_that_does_not_bar_it(line: Line) -> None:
    await line.queue("sales", ringinuse=True)
    await line.queue("help")
    a = await line.box("a", "101")
    await line.agent("101", sales=0, help=0)
    await a.device("101", "INUSE")
    await a.join("1", "help")
    assert await a.rings() == []
    await a.join("2")
    (offer,) = await a.rings()
    assert offer.call_id == "a-2-1"
    await a.join("3")
    assert await a.rings() == [], "I3: one offer of ours at a time"
    await a.connect(offer)
    await a.complete(offer)
    assert [o.call_id for o in await a.rings()] == ["a-3-1"], "still in use, and rung all the same"


@pytest.mark.parametrize(("of_queue", "own", "rings"), [
    (False, None, False), (False, True, True), (True, None, True), (True, False, False),
])  # fmt: skip
async def test_a_member_says_so_itself_or_the_queue(
    line: Line, of_queue: bool, own: bool | None, rings: bool
) -> None:
    await line.queue("sales", ringinuse=not of_queue)
    a = await line.box("a", "101")
    await line.agent("101", sales=0)
    await a.device("101", "INUSE")
    await line.engine.put_member("sales", "101", MemberSettings(ringinuse=own))
    await line.queue("sales", ringinuse=of_queue)
    await a.join("1")
    assert await rung(a) == (["101"] if rings else [])


async def test_a_queue_that_begins_to_ring_in_use_does_so_at_once(line: Line) -> None:
    await line.queue("sales")
    a = await line.box("a", "101")
    await line.agent("101", sales=0)
    await a.device("101", "INUSE")
    await a.join("1")
    assert await a.rings() == []
    await line.queue("sales", ringinuse=True)
    assert await rung(a) == ["101"]


async def test_all_queues_respect_a_wrap_up_asterisk_1006(line: Line) -> None:
    """asterisk#1006: a wrap-up of 30 s was cut to 3 s by the least of six queues."""
    await line.queue("sales", wrapuptime=30)
    await line.queue("help", wrapuptime=3)
    a = await line.box("a", "101")
    await line.agent("101", sales=0, help=0)
    await a.join("1")
    (offer,) = await a.rings()
    await a.connect(offer)
    await a.complete(offer)
    await a.join("2", "help")
    await line.pass_time(29.9, a)
    assert (await a.rings(), await line.state("101")) == ([], "wrapup")
    await line.pass_time(0.1, a)
    assert await rung(a) == ["101"]


@pytest.mark.parametrize(("own", "seconds"), [(None, 10), (3, 3), (0, 0)])
async def test_a_members_own_wrap_up_counts(line: Line, own: int | None, seconds: int) -> None:
    await line.queue("sales", wrapuptime=10)
    a = await line.box("a", "101")
    await line.agent("101", sales=0)
    await line.engine.put_member("sales", "101", MemberSettings(wrapuptime=own))
    await a.join("1")
    (offer,) = await a.rings()
    await a.connect(offer)
    await a.complete(offer)
    view = await line.engine.agent("101")
    assert view.until_us == (line.now + seconds * 1_000_000 if seconds else 0)
    assert view.state == ("wrapup" if seconds else "available")


async def test_another_phones_state_and_home_count(line: Line) -> None:
    await line.queue("sales")
    a, b = await line.box("a"), await line.box("b", "7")
    await line.engine.put_agent("101", "Local/7@agents", "PJSIP/7")
    await line.engine.put_member("sales", "101")
    await line.engine.login("101")
    assert (await line.engine.agent("101")).home == "b"
    await a.join("1")
    (offer,) = await a.rings()
    assert (offer.interface, offer.home) == ("Local/7@agents", "b")
    await a.ended(offer, "no_answer")
    await b.device("7", "INUSE")
    await line.pass_time(6, a, b)
    assert (await a.rings(), await line.state("101")) == ([], "in_use")


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(("PJSIP/7", ""), id="dialled, and judged by it"),
        pytest.param(("PJSIP/7", "Custom:desk"), id="dialled, and judged by a switch"),
        pytest.param(("Local/7@agents", "PJSIP/7"), id="judged by it"),
        pytest.param(("PJSIP/7", "hint:7@phones"), id="dialled, and judged by a hint"),
    ],
)
@pytest.mark.parametrize(
    "second", [("PJSIP/7", "PJSIP/8"), ("Local/8@agents", "PJSIP/7"), ("PJSIP/7", "Custom:desk")]
)
async def test_a_phone_is_one_agents(
    line: Line, first: tuple[str, str], second: tuple[str, str]
) -> None:
    """Dialled by one and watched by another it would be rung at once for two callers."""
    await line.engine.put_agent("101", *first)
    await line.engine.put_agent("102", "PJSIP/9")
    for agent in ("102", "103"):
        with pytest.raises(Refused) as caught:
            await line.engine.put_agent(agent, *second)
        assert caught.value.code == "interface_taken"
        assert caught.value.details["agent"] == "101"
        assert caught.value.details["interface"] == "PJSIP/7"
    await line.engine.put_agent("101", "PJSIP/6")
    await line.engine.put_agent("102", *second)


async def test_a_hint_is_one_agents(line: Line) -> None:
    """It stands for an extension, and so for a phone."""
    await line.engine.put_agent("101", "Local/7@agents", "hint:7@phones")
    with pytest.raises(Refused, match="hint:7@phones"):
        await line.engine.put_agent("102", "PJSIP/8", "hint:7@phones")


async def test_many_are_judged_by_one_switch(line: Line) -> None:
    """A Custom device is no phone: each of them has one, and all are free or not at once."""
    await line.queue("sales")
    a = await line.box("a")
    names = ("101", "102", "103")
    for name in names:
        await line.engine.put_agent(name, f"Local/{name}@agents", "Custom:open")
        await line.engine.put_member("sales", name)
        await line.engine.login(name)
    await a.device("open", "INUSE", "Custom:")
    assert [await line.state(name) for name in names] == ["in_use"] * 3
    await line.engine.delete_agent("101")
    await line.engine.put_agent("102", "Local/102@agents", "PJSIP/102")
    await a.device("open", "NOT_INUSE", "Custom:")
    assert [await line.state(name) for name in names[1:]] == ["unregistered", "available"]
    await line.engine.put_agent("102", "Local/102@agents", "Custom:open")
    await a.join("1")
    await a.join("2")
    assert sorted(await rung(a)) == ["102", "103"]


async def test_nobody_counts_who_is_paused_there(line: Line) -> None:
    await line.queue("sales", joinempty="paused")
    a = await line.box("a", "101")
    await line.agent("101", sales=0)
    await line.engine.pause("101", "", "sales")
    assert (await a.join("1")).code == "queue_empty"
    await line.engine.unpause("101", queue="sales")
    assert (await a.join("2")).code == "ok"


async def test_a_pause_there_lets_callers_go(line: Line) -> None:
    await line.queue("sales", leavewhenempty="paused")
    a = await line.box("a")
    await line.agent("101", sales=0)
    await a.join("1")
    assert await line.order() == ["a-1-1"]
    await line.engine.pause("101", "", "sales")
    assert await line.order() == []
