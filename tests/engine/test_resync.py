"""A box begins anew: what its snapshot and the line hold against each other."""

import pytest

from coordinator.protocol import Cancel, LiveOffer, Originate, WaitingCall
from tests.engine.conftest import Box, Line


def live(offer: Originate, talking: bool) -> LiveOffer:
    return LiveOffer(
        offer_id=offer.offer_id, fence=offer.fence, call_id=offer.call_id, queue=offer.queue,
        agent=offer.agent, talking=talking, age_us=0,
    )  # fmt: skip


async def done(a: Box) -> None:
    """The box has done all it was told."""
    ids = [entry_id for entry_id, _ in await a.line.engine.commands("a")]
    await a.line.engine.command_done("a", *ids)


@pytest.mark.parametrize("heard", [True, False])
async def test_an_offer_that_never_reached_the_box_costs_nobody_a_rest(
    line: Line, heard: bool
) -> None:
    await line.queue("sales", retry=5)
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    rank = int((await a.join("1")).data["rank"])
    assert len(await a.rings()) == 1
    if heard:
        await done(a)
    await a.attach()
    caller = WaitingCall(join=a.call("1"), age_us=0, rank=rank)
    await a.snapshot([caller], devices={"PJSIP/101": "NOT_INUSE"})
    (ended,) = await line.journal("offer.ended")
    if heard:
        assert (ended.data["outcome"], await line.state("101")) == ("failed", "resting")
    else:
        assert (ended.data["outcome"], await line.state("101")) == ("cancelled", "ringing")
        assert [ring.agent for ring in await a.rings()] == ["101"]


async def test_a_talk_that_its_box_takes_for_a_ring_ends_with_it(line: Line) -> None:
    """Between the end of the bridge and the hangup the agent's channel lives without a bridge."""
    await line.queue("sales")
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    rank = int((await a.join("1")).data["rank"])
    (offer,) = await a.rings()
    await a.connect(offer)
    await a.attach()
    caller = WaitingCall(join=a.call("1"), age_us=0, rank=rank)
    await a.snapshot([caller], [live(offer, talking=False)], {"PJSIP/101": "INUSE"})
    assert (await a.ended(offer)).code == "ok"
    await a.device("101")
    (completed,) = await line.journal("call.completed")
    assert completed.data["ended_by"] == "lost"
    assert await line.state("101") == "available"


async def test_an_agent_who_talks_is_not_rung_for_somebody_else(line: Line) -> None:
    """Called off as the agent picked up, then rung from another box before we heard of the talk."""
    await line.queue("sales")
    await line.queue("support")
    await line.agent("101", sales=0, support=0)
    a, b = await line.box("a", "101"), await line.box("b")
    rank = int((await a.join("1")).data["rank"])
    await b.join("2", "support")
    (offer,) = await a.rings()
    await line.engine.delete_member("sales", "101")
    line.wait(1)
    await line.engine.tick()
    (other,) = await b.rings()
    assert (await a.connect(offer)).code == "stale_offer"
    await a.attach()
    caller = WaitingCall(join=a.call("1"), age_us=0, rank=rank)
    await a.snapshot([caller], [live(offer, talking=True)], {"PJSIP/101": "INUSE"})
    assert await line.state("101") == "talking"
    assert await b.commands() == [Cancel(offer_id=other.offer_id)]
    assert await line.order("support") == ["b-2-1"]
    assert [e.data["outcome"] for e in await line.journal("caller.left")] == ["answered"]
