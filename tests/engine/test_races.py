"""Races, each forced in a test named after it. I7: what is stale changes nothing."""

import pytest

from coordinator.errors import Refused
from coordinator.line.types import Origin
from coordinator.protocol import Cancel, LiveOffer, Release, WaitingCall
from tests.engine.conftest import SECOND, Box, Line


async def unchanged(line: Line, box: Box, before: dict[str, object]) -> None:
    """Nothing but the box's own sequence has changed."""
    after = await line.dump()
    own = next(key for key in before if key.endswith(f":box:{box.name}"))
    assert {k: v for k, v in after.items() if k != own} == {
        k: v for k, v in before.items() if k != own
    }


async def test_a_message_sent_twice_is_taken_once(line: Line) -> None:
    await line.queue("sales")
    a = await line.box("a")
    first = await a.join("1")
    before = await line.dump()
    again = await line.engine.join(Origin("a", a.link, a.seq), a.call("1"))
    assert again.code == "duplicate"
    assert again.data["rank"] == first.data["rank"], "the ticket is told again"
    assert await line.dump() == before


async def test_a_message_out_of_sequence_is_refused(line: Line) -> None:
    await line.queue("sales")
    a = await line.box("a")
    before = await line.dump()
    reply = await line.engine.join(Origin("a", a.link, a.seq + 2), a.call("1"))
    assert (reply.code, reply.data["expected"]) == ("out_of_sequence", str(a.seq + 1))
    assert await line.dump() == before


async def test_a_message_over_a_replaced_link_is_refused(line: Line) -> None:
    await line.queue("sales")
    a = await line.box("a")
    old, seq = a.link, a.seq
    assert (await a.attach(epoch=a.epoch)).data == {"seq": str(seq), "fresh": "0"}
    before = await line.dump()
    reply = await line.engine.join(Origin("a", old, seq + 1), a.call("1"))
    assert reply.code == "stale_link"
    assert (await line.engine.unlink("a", old)).code == "stale_link"
    assert await line.dump() == before


async def test_another_adapter_for_a_linked_box_is_refused_until_the_lease_is_over(
    line: Line,
) -> None:
    await line.box("a")
    other = Box(line, "a", instance="intruder")
    with pytest.raises(Refused, match="linked by another adapter"):
        await other.attach()
    line.wait(5.1)
    assert (await other.attach()).data["fresh"] == "1"


async def test_a_restarted_adapter_links_at_once_when_its_old_link_is_closed(line: Line) -> None:
    a = await line.box("a")
    await line.engine.unlink("a", a.link)
    assert (await Box(line, "a", instance="restarted").attach()).data["fresh"] == "1"


async def test_an_answer_after_the_offer_expired_is_refused(line: Line) -> None:
    await line.queue("sales")
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    await a.join("1")
    (offer,) = await a.rings()
    for _ in range(21):
        line.wait(1)
        await line.engine.heartbeat("a", a.link)
        await line.engine.tick()
    assert isinstance((await a.commands())[0], Cancel)
    before = await line.dump()
    assert (await a.connect(offer)).code == "stale_offer"
    await unchanged(line, a, before)
    assert await line.order() == ["a-1-1"], "the caller keeps its place"


async def test_two_agents_answer_at_once_and_only_the_first_counts(line: Line) -> None:
    await line.queue("sales", "ringall")
    for agent in ("101", "102"):
        await line.agent(agent, sales=0)
    a = await line.box("a", "101", "102")
    await a.join("1")
    first, second = await a.rings()
    assert (await a.connect(first)).code == "ok"
    assert (await a.connect(second)).code == "stale_offer"
    (cancel,) = await a.commands()
    assert cancel == Cancel(offer_id=second.offer_id, elsewhere=True)
    assert [await line.state(agent) for agent in ("101", "102")] == ["talking", "ringing"]
    assert (await a.ended(second)).code == "ok"
    assert await line.state("102") == "available"


async def test_a_phone_told_to_stop_is_rung_from_another_box_only_once_it_has(line: Line) -> None:
    """Box b's INVITE would overtake box a's CANCEL."""
    await line.queue("sales")
    await line.agent("101", sales=0)
    a, b = await line.box("a", "101"), await line.box("b")
    await a.join("1")
    await b.join("2")
    (ring,) = await a.rings()
    await a.leave("1")
    assert await b.rings() == []
    await a.ended(ring)
    assert len(await b.rings()) == 1


async def test_a_phone_whose_box_does_not_say_that_it_has_stopped_is_rung_after_a_second(
    line: Line,
) -> None:
    await line.queue("sales")
    await line.agent("101", sales=0)
    a, b = await line.box("a", "101"), await line.box("b")
    await a.join("1")
    await b.join("2")
    (ring,) = await a.rings()
    left = await a.leave("1")
    assert left.next_due_us == line.now + SECOND
    line.wait(1)
    await line.engine.tick()
    assert len(await b.rings()) == 1
    assert (await a.ended(ring)).code == "stale_offer"


async def test_the_caller_hangs_up_while_the_agent_answers(line: Line) -> None:
    await line.queue("sales")
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    await a.join("1")
    (offer,) = await a.rings()
    await a.leave("1")
    assert await a.commands() == [Cancel(offer_id=offer.offer_id)]
    assert (await a.connect(offer)).code == "stale_offer"
    assert (await a.ended(offer)).code == "ok"
    assert await line.state("101") == "available"
    (left,) = await line.journal("caller.left")
    assert left.data["outcome"] == "abandoned"


async def test_the_agent_hangs_up_between_claim_and_bridge(line: Line) -> None:
    await line.queue("sales")
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    await a.join("1")
    (offer,) = await a.rings()
    await line.engine.answer(a.origin(), offer.offer_id, offer.fence)
    assert [caller.state for caller in await line.engine.callers("sales")] == ["claimed"]
    await a.ended(offer, "rejected")
    assert [caller.state for caller in await line.engine.callers("sales")] == ["waiting"]
    assert await line.state("101") == "resting"


async def test_a_withdrawn_caller_whose_agent_answers_is_let_go(line: Line) -> None:
    await line.queue("sales")
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    await a.join("1")
    (offer,) = await a.rings()
    await line.engine.withdraw("a-1-1")
    cancelled, released = await a.commands()
    assert isinstance(released, Release)
    assert released.status == "WITHDRAW"
    assert cancelled == Cancel(offer_id=offer.offer_id)
    assert (await a.connect(offer)).code == "stale_offer"


async def test_an_offer_of_another_box_cannot_be_answered(line: Line) -> None:
    await line.queue("sales")
    await line.agent("101", sales=0)
    a, b = await line.box("a", "101"), await line.box("b")
    await a.join("1")
    (offer,) = await a.rings()
    assert (await b.connect(offer)).code == "stale_offer"
    assert (await line.engine.leave(b.origin(), "a-1-1", "abandoned")).code == "unknown_call"


async def test_a_join_seen_late_keeps_its_true_place(line: Line) -> None:
    await line.queue("sales")
    a, b = await line.box("a"), await line.box("b")
    line.wait(3)
    await b.join("young")
    await a.attach(epoch=a.epoch)
    await a.join("old", age_us=2 * SECOND)
    assert await line.order() == ["a-old-1", "b-young-1"]


async def test_an_impossible_age_is_cut_and_no_caller_lost(line: Line) -> None:
    await line.queue("sales")
    a, b = await line.box("a"), await line.box("b")
    line.wait(60)
    await b.join("honest")
    for box in (a, b):
        await line.engine.heartbeat(box.name, box.link)
    line.wait(10)
    await line.engine.heartbeat("a", a.link)
    reply = await a.join("liar", age_us=3600 * SECOND)
    assert reply.data["age_cut"] == "1"
    assert await line.order() == ["b-honest-1", "a-liar-1"]


async def test_rank_never_runs_backwards_within_a_box(line: Line) -> None:
    await line.queue("sales")
    a = await line.box("a")
    line.wait(1)
    await a.join("first")
    await a.join("second", age_us=SECOND)
    assert await line.order() == ["a-first-1", "a-second-1"]


async def test_a_box_that_comes_back_first_after_a_restart_does_not_overtake(line: Line) -> None:
    await line.engine.start("run-1")
    await line.queue("sales")
    await line.agent("101", sales=0)
    a, b = await line.box("a"), await line.box("b")
    line.wait(1)
    await line.engine.start("run-1")
    await b.attach(epoch=b.epoch)
    await b.join("young")
    await b.device("101")
    assert await b.rings() == [], "held: a is awaited"
    line.wait(0.5)
    await a.attach(epoch=a.epoch)
    await a.join("old", age_us=600_000)
    for box in (b, a):
        await line.engine.heartbeat(box.name, box.link)
    assert [ring.call_id for ring in await a.rings()] == ["a-old-1"]
    assert await b.rings() == []


async def test_an_emptied_redis_gets_the_same_line_from_the_boxes(line: Line) -> None:
    await line.queue("sales")
    a, b = await line.box("a"), await line.box("b")
    tickets = {}
    for box, name in ((a, "1"), (b, "2"), (a, "3"), (b, "4")):
        line.wait(1)
        tickets[name] = int((await box.join(name)).data["rank"])
    order = await line.order()
    async for key in line.redis.scan_iter(f"gvq:{{{line.tenant}}}:*"):
        await line.redis.delete(key)
    reply = await line.engine.start("run-2", boxes=("a", "b"))
    assert reply.data["empty"] == "1"
    with pytest.raises(Refused, match="starting"):
        await b.attach()
    await line.queue("sales")
    await line.engine.mirrored("run-2")
    for box, names in ((b, "24"), (a, "13")):
        await box.attach()
        await box.snapshot(
            [WaitingCall(join=box.call(n), age_us=0, rank=tickets[n]) for n in names]
        )
    assert await line.order() == order


async def test_a_line_emptied_under_the_same_run_id_awaits_the_boxes_again(line: Line) -> None:
    await line.engine.start("run-1", boxes=("a", "b"))
    async for key in line.redis.scan_iter(f"gvq:{{{line.tenant}}}:*"):
        await line.redis.delete(key)
    await line.queue("sales")
    await line.agent("101", sales=0)
    reply = await line.engine.start("run-1", boxes=("a", "b"))
    assert (reply.data["empty"], reply.data["restarted"]) == ("1", "0")
    await line.engine.mirrored("run-1")
    b = await line.box("b", "101")
    await b.join("young")
    await line.engine.heartbeat("b", b.link)
    assert await b.rings() == [], "held: a is awaited"


async def test_each_start_asks_for_a_mirror_until_one_was_made(line: Line) -> None:
    for server in ("run-1", "run-2"):
        asked = [(await line.engine.start(server)).data["mirror"] for _ in "ab"]
        assert asked == ["1", "1"]
        await line.engine.mirrored(server)
        assert (await line.engine.start(server)).data["mirror"] == "0"


async def test_a_talk_begun_while_the_link_was_away_is_taken_over(line: Line) -> None:
    await line.queue("sales")
    await line.agent("101", sales=0)
    a, c = await line.box("a"), await line.box("c", "101")
    await a.join("1")
    (offer,) = await a.rings()
    for _ in range(30):
        line.wait(1)
        await line.engine.heartbeat("c", c.link)
        await line.engine.tick()
    await c.device("101", "INUSE")
    assert (await line.engine.caller("a-1-1")).state == "detached"  # type: ignore[union-attr]
    await a.attach(epoch=a.epoch)
    live = LiveOffer(
        offer_id=offer.offer_id, fence=offer.fence, call_id="a-1-1", queue="sales", agent="101",
        talking=True, age_us=0,
    )  # fmt: skip
    await a.snapshot([WaitingCall(join=a.call("1"), age_us=0, rank=1)], [live])
    assert (await line.engine.caller("a-1-1")).state == "talking"  # type: ignore[union-attr]
    assert await line.state("101") == "talking"


async def test_a_lost_box_gives_up_its_callers_once(line: Line) -> None:
    await line.queue("sales")
    a = await line.box("a")
    await a.join("1")
    for seconds in (6, 299, 2):
        line.wait(seconds)
        await line.engine.tick()
    (left,) = await line.journal("caller.left")
    assert left.data["outcome"] == "box_lost"
    assert await line.order() == []


async def test_hellos_alone_do_not_keep_a_box_attached(line: Line) -> None:
    """Its phones would be rung by nobody."""
    await line.queue("sales")
    await line.agent("101", sales=0)
    a, b = await line.box("a", "101"), await line.box("b")
    for _ in range(6):
        line.wait(1)
        await a.attach()
        await line.engine.heartbeat("a", a.link)
        await line.engine.heartbeat("b", b.link)
        await line.engine.tick()
    assert {box.name: box.attached for box in await line.engine.boxes()} == {"a": False, "b": True}
    assert await line.state("101") == "unregistered"
    await a.snapshot(devices={"PJSIP/101": "NOT_INUSE"})
    line.wait(4)
    await line.engine.tick()
    assert await line.state("101") == "available"
    line.wait(1)
    await line.engine.tick()
    assert await line.state("101") == "unregistered", "silent since its snapshot"


async def test_a_live_link_without_its_snapshot_is_pushed_aside_by_no_other(line: Line) -> None:
    a, twin = await line.box("a"), Box(line, "a", "twin")
    for _ in range(4):
        line.wait(4)
        await line.engine.heartbeat("a", a.link)
        if a.epoch == 1:
            await a.attach()
    with pytest.raises(Refused, match="linked by another"):
        await twin.attach()


async def test_an_unknown_queue_lets_the_caller_go_on(line: Line) -> None:
    a = await line.box("a")
    reply = await a.join("1", queue="nosuch")
    assert reply.code == "unknown_queue"
    assert await a.commands() == [
        Release(call_id="a-1-1", uniqueid="a-1", status="UNKNOWN"),
    ]
    assert not await line.journal("caller.joined")
