"""What a box says all at once: its own, in its order, as old as it is, and nobody else's."""

import pytest

from coordinator.audit import audit
from coordinator.protocol import (
    Cancel,
    KeepTicket,
    LiveOffer,
    Originate,
    Release,
    Snapshot,
    WaitingCall,
)
from tests.engine.conftest import SECOND, Line


def talk(offer: Originate, **changes: object) -> LiveOffer:
    fields = {
        "offer_id": offer.offer_id, "fence": offer.fence, "call_id": offer.call_id,
        "queue": offer.queue, "agent": offer.agent, "talking": True, "age_us": 0,
    }  # fmt: skip
    return LiveOffer.model_validate(fields | changes)


async def test_callers_without_a_ticket_are_ranked_by_age_not_by_list(line: Line) -> None:
    await line.queue("sales")
    a = await line.box("a")
    await a.attach()
    ages = {"young": 5, "old": 20, "middle": 9}
    await a.snapshot([WaitingCall(join=a.call(n), age_us=s * SECOND) for n, s in ages.items()])
    assert await line.order() == ["a-old-1", "a-middle-1", "a-young-1"]


async def test_a_snapshot_that_was_kept_back_has_aged(line: Line) -> None:
    await line.queue("sales")
    a, b = await line.box("a"), await line.box("b")
    line.wait(60)
    await b.join("later", age_us=30 * SECOND)
    await a.attach()
    held = WaitingCall(join=a.call("first"), age_us=SECOND)
    await line.engine.snapshot(a.origin(55 * SECOND), Snapshot(calls=[held]))
    assert await line.order() == ["a-first-1", "b-later-1"]


async def test_an_age_survives_links_that_break_before_all_is_sent(line: Line) -> None:
    await line.queue("sales")
    a, b = await line.box("a"), await line.box("b")
    for box in (a, b):
        await line.engine.heartbeat(box.name, box.link)
    line.wait(1)
    await b.join("second")
    line.wait(3.5)
    for _ in range(2):
        await a.attach(epoch=a.epoch)
        line.wait(0.2)
    await a.join("first", age_us=round(4.4 * SECOND))
    assert await line.order() == ["a-first-1", "b-second-1"]


async def test_a_withdrawal_the_box_has_not_heard_of_stands(line: Line) -> None:
    await line.queue("sales")
    a = await line.box("a")
    await a.join("1")
    await line.engine.withdraw("a-1-1")
    await a.attach()
    await a.snapshot([WaitingCall(join=a.call("1"), age_us=0)])
    assert await line.order() == []
    assert [c.status for c in await a.commands() if isinstance(c, Release)] == ["WITHDRAW"]
    assert len(await line.journal("caller.left")) == 1


async def test_the_calls_of_another_box_are_not_touched(line: Line) -> None:
    await line.queue("sales")
    a, b = await line.box("a"), await line.box("b")
    await a.join("1")
    before = await line.engine.caller("a-1-1")
    await b.attach()
    await b.snapshot([WaitingCall(join=a.call("1"), age_us=0)])
    assert await line.engine.caller("a-1-1") == before
    (release,) = await b.commands()
    assert isinstance(release, Release)
    again = await line.engine.join(b.origin(), a.call("1"))
    assert (again.code, again.data) == ("duplicate_join", {})


async def test_an_offer_of_another_box_or_fence_is_stopped_not_taken(line: Line) -> None:
    await line.queue("sales")
    await line.agent("101", sales=0)
    a, b = await line.box("a", "101"), await line.box("b")
    await a.join("1")
    (ring,) = await a.rings()
    await b.attach()
    await b.snapshot(offers=[talk(ring, talking=False)])
    assert await b.commands() == [Cancel(offer_id=ring.offer_id)]
    await a.attach()
    a.after = "0"
    caller = WaitingCall(join=a.call("1"), age_us=0)
    await a.snapshot([caller], [talk(ring, fence=1, talking=False)])
    assert Cancel(offer_id=ring.offer_id) in await a.commands()
    assert not await line.journal("call.connected")


async def outcomes(line: Line, call_id: str = "a-1-1") -> list[object]:
    left = await line.journal("caller.left")
    return [entry.data["outcome"] for entry in left if entry.data["call_id"] == call_id]


@pytest.mark.parametrize("end", ["logout", "delete_member", "expiry"])
async def test_a_talk_the_line_had_called_off_is_taken_back(line: Line, end: str) -> None:
    """The bridge was there already, and its Connect on the way: it comes too late."""
    await line.queue("sales", timeout=1, retry=60)
    await line.agent("101", sales=0)
    await line.agent("102", sales=0)
    a = await line.box("a", "101", "102")
    rank = int((await a.join("1")).data["rank"])
    (ring,) = await a.rings()
    if end == "logout":
        await line.engine.logout("101")
    elif end == "delete_member":
        await line.engine.delete_member("sales", "101")
    else:
        line.wait(4)
        await line.engine.heartbeat("a", a.link)
        line.wait(2)
        await line.engine.tick()
    (other,) = await a.rings()
    assert other.agent == "102"
    assert (await a.connect(ring)).code == "stale_offer"
    await a.attach()
    caller = WaitingCall(join=a.call("1"), age_us=0, rank=rank)
    devices = {"PJSIP/101": "INUSE", "PJSIP/102": "NOT_INUSE"}
    await a.snapshot([caller], [talk(ring), talk(other, talking=False)], devices)
    assert (await line.order(), await outcomes(line)) == ([], ["answered"])
    await a.ended(other)
    assert (await line.state("101"), await line.state("102")) == ("talking", "available")
    assert await a.commands() == [Cancel(offer_id=other.offer_id)]
    await a.device("101")
    assert (await a.complete(ring)).code == "ok"
    assert len(await line.journal("call.completed")) == 1
    assert await outcomes(line) == ["answered"]
    assert await line.state("101") == ("offline" if end == "logout" else "available")
    assert audit(await line.journal()).violations == []


async def test_the_talk_of_one_who_was_withdrawn_is_let_run(line: Line) -> None:
    await line.queue("sales")
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    rank = int((await a.join("1")).data["rank"])
    (ring,) = await a.rings()
    await line.engine.withdraw("a-1-1")
    assert (await a.connect(ring)).code == "stale_offer"
    await a.attach()
    caller = WaitingCall(join=a.call("1"), age_us=0, rank=rank)
    await a.snapshot([caller], [talk(ring)], {"PJSIP/101": "INUSE"})
    assert await line.order() == []
    line.wait(1)
    await line.engine.tick()
    assert await line.state("101") == "in_use"
    kinds = [command.kind for command in await a.commands()]
    assert kinds == ["release"], "for the box to remember; nobody is hung up"
    assert (await a.complete(ring)).code == "stale_offer"
    assert (await outcomes(line), await line.journal("call.connected")) == (["withdrawn"], [])


async def test_a_talk_with_an_agent_who_is_gone_goes_on_outside_the_line(line: Line) -> None:
    await line.queue("sales")
    for agent in ("101", "102"):
        await line.agent(agent, sales=0)
    a = await line.box("a", "101")
    rank = int((await a.join("1")).data["rank"])
    (ring,) = await a.rings()
    await line.engine.logout("101")
    line.wait(1)  # told to stop, it may ring on for a moment
    await line.engine.tick()
    await line.engine.delete_agent("101")
    caller = WaitingCall(join=a.call("1"), age_us=0, rank=rank)
    for _ in "12":
        await a.attach()
        a.after = "0"
        await a.snapshot([caller], [talk(ring)], {"PJSIP/102": "NOT_INUSE"})
        assert (await line.order(), await outcomes(line)) == ([], ["redirected"])
        assert (await a.commands(), await line.state("102")) == ([], "available")
    assert len(await line.journal("caller.joined")) == 1


async def test_a_restored_talk_keeps_its_times(line: Line) -> None:
    await line.queue("sales")
    await line.agent("101", sales=0)
    a, _ = await line.box("a"), await line.box("c", "101")
    line.wait(100)
    await line.engine.pause("101")
    ghost = LiveOffer(
        offer_id="gvq-7", fence=7, call_id="a-1-1", queue="sales", agent="101", talking=True,
        age_us=40 * SECOND,
    )  # fmt: skip
    await a.attach()
    await a.snapshot([WaitingCall(join=a.call("1"), age_us=60 * SECOND, rank=5)], [ghost])
    line.wait(10)
    await line.engine.complete(a.origin(), "gvq-7", 7, "agent")
    (done,) = await line.journal("call.completed")
    assert (done.data["hold_us"], done.data["talk_us"]) == (20 * SECOND, 50 * SECOND)


async def test_after_restored_callers_a_new_one_of_the_box_comes_behind(line: Line) -> None:
    await line.queue("sales")
    a = await line.box("a")
    await a.attach()
    await a.snapshot([WaitingCall(join=a.call("old"), age_us=0, rank=line.now + 2 * SECOND)])
    await a.join("new")
    assert await line.order() == ["a-old-1", "a-new-1"]


async def test_a_changed_priority_is_written_on_the_channel(line: Line) -> None:
    await line.queue("sales")
    a = await line.box("a")
    rank = int((await a.join("1")).data["rank"])
    await line.engine.change_priority("a-1-1", 7)
    assert await a.commands() == [
        KeepTicket(call_id="a-1-1", uniqueid="a-1", priority=7, rank=rank)
    ]


async def test_an_agent_whose_box_died_is_rung_where_the_phone_is_registered_too(
    line: Line,
) -> None:
    await line.queue("sales")
    await line.agent("101", sales=0)
    await line.box("b", "101")
    a = await line.box("a", "101")
    assert (await line.engine.agent("101")).home == "a"
    for _ in range(6):
        line.wait(1)
        await line.engine.heartbeat("b", "adapter-b-1")
        await line.engine.tick()
    assert (await line.engine.agent("101")).home == "b"
    assert await line.state("101") == "available"
    assert a.name == "a"


async def test_a_box_that_was_lost_does_not_take_back_a_phone_that_moved(line: Line) -> None:
    await line.queue("sales")
    await line.agent("101", sales=0)
    b = await line.box("b", "101")
    a = await line.box("a", "101")
    await a.join("1")
    while await line.order():
        line.wait(4)
        await line.engine.heartbeat("b", b.link)
        await line.engine.tick()
    (left,) = await line.journal("caller.left")
    assert left.data["outcome"] == "box_lost"
    await a.attach()
    await a.snapshot(devices={"PJSIP/101": "NOT_INUSE"})
    assert (await line.engine.agent("101")).home == "b"


async def test_a_pause_reason_survives_a_login(line: Line) -> None:
    await line.queue("sales")
    await line.agent("101", sales=0)
    await line.box("a", "101")
    await line.engine.pause("101", "lunch")
    await line.engine.login("101")
    assert (await line.engine.agent("101")).reason == "lunch"


async def test_a_call_that_ends_after_its_queue_was_deleted_leaves_no_key(line: Line) -> None:
    await line.queue("sales")
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    await a.join("1")
    (ring,) = await a.rings()
    await a.connect(ring)
    await line.engine.delete_queue("sales")
    await a.complete(ring)
    assert not await line.redis.exists(f"gvq:{{{line.tenant}}}:queue:sales")
