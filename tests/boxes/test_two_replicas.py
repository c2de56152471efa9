"""Two coordinators on one Redis: a box may come back to either; what is late changes nothing."""

import asyncio

from coordinator.line.scripts import Timing
from coordinator.protocol import CLOSE_ALREADY_LINKED, CLOSE_STALE, Connect, Done, Heartbeat, Leave
from tests.boxes.conftest import Replica, Replicas
from tests.waiting import eventually


async def pair(replicas: Replicas) -> tuple[Replica, Replica]:
    one, two = replicas("one"), replicas("two")
    await one.keeper.check()
    await two.keeper.check()
    return one, two


async def test_a_box_goes_on_at_the_other_replica_where_it_was(replicas: Replicas) -> None:
    one, two = await pair(replicas)
    a = await one.linked("a")
    await a.tell(a.caller("1"))
    await a.hang_up()
    there = two.peer("a")
    assert (await there.hello()).seq == 2
    assert (await there.tell(there.caller("2"))).code == "ok"
    waiting = [caller.call_id for caller in await one.engine.callers("sales")]
    assert waiting == ["a-1-1", "a-2-1"]


async def test_late_frames_of_the_old_link_are_refused_and_change_nothing(
    replicas: Replicas,
) -> None:
    one, two = await pair(replicas)
    old = await one.linked("a")
    await old.tell(old.caller("1"))
    new = two.peer("a")
    await new.hello()
    old.post(Leave(call_id="a-1-1", outcome="abandoned"))
    code, reason = await old.closed()
    assert code == CLOSE_STALE
    assert reason.startswith("stale_link: ")
    assert [caller.call_id for caller in await two.engine.callers("sales")] == ["a-1-1"]
    # The old link's end is no end of the new one's.
    assert (await two.engine.boxes())[0].linked
    assert (await new.tell(Leave(call_id="a-1-1", outcome="abandoned"))).code == "ok"


async def test_a_heartbeat_over_the_old_link_finds_out_too(replicas: Replicas) -> None:
    one, two = await pair(replicas)
    old = await one.linked("a")
    new = two.peer("a")
    await new.hello()
    old.send(Heartbeat())
    assert (await old.closed())[0] == CLOSE_STALE
    assert (await new.tell(new.caller("1"))).code == "ok"


async def test_an_event_in_flight_on_both_links_is_taken_once(replicas: Replicas) -> None:
    one, two = await pair(replicas)
    old = await one.linked("a")
    for _ in range(20):
        new = two.peer("a")
        await new.hello()
        join = new.caller(str(new.seq))
        old.seq = new.seq
        old.post(join)
        ack = await new.tell(join)
        assert ack.code in ("ok", "duplicate")
        await old.closed()
        one, two, old = two, one, new
    calls = [caller.call_id for caller in await one.engine.callers("sales")]
    assert calls == [f"a-{seq}-1" for seq in range(1, 21)]


async def test_a_command_goes_to_the_link_that_counts(replicas: Replicas) -> None:
    one, two = await pair(replicas)
    old = await one.linked("a", "101")
    new = two.peer("a")
    await new.hello()
    new.send(Heartbeat())  # for all it knows, the first coordinator is gone: the box is awaited
    b = await one.linked("b")
    await new.tell(new.caller("1"))
    offer = await new.rung()
    connected = await new.tell(Connect(offer_id=offer.offer_id, fence=offer.fence))
    assert connected.code == "ok"
    # The late adapter carries it out as well and says so: the line believes only the new link.
    late = await old.command()
    assert late.command == offer
    old.send(Done(id=late.id))
    old.post(Connect(offer_id=offer.offer_id, fence=offer.fence))
    assert (await old.closed())[0] == CLOSE_STALE
    assert (await b.tell(b.caller("2"))).code == "ok"


async def test_another_adapter_is_refused_at_the_other_replica_as_well(
    replicas: Replicas,
) -> None:
    one, two = await pair(replicas)
    await one.linked("a")
    impostor = two.peer("a", instance="impostor")
    impostor.say('{"type":"hello","box":"a","instance":"impostor","epoch":1}')
    assert (await impostor.closed())[0] == CLOSE_ALREADY_LINKED


async def test_the_timers_of_a_dead_replica_are_met_by_the_other(replicas: Replicas) -> None:
    timing = Timing(offer_grace_s=0.0)
    one, two = replicas("one", timing), replicas("two", timing)
    await one.keeper.check()
    two.keep_time()
    a = await one.linked("a", "101", "102")
    await a.tell(a.caller("1"))
    first = await a.rung()
    await one.stop()  # nobody says how the offer ended: it expires

    async def expired() -> bool:
        ended = [e for e in await two.engine.journal() if e.type == "offer.ended"]
        return [(e.data["offer_id"], e.data["outcome"]) for e in ended][:1] == [
            (first.offer_id, "expired")
        ]

    await eventually(expired)


async def test_boxes_hop_between_replicas_at_random_and_no_caller_is_lost(
    replicas: Replicas,
) -> None:
    one, two = await pair(replicas)

    async def box_life(box: str) -> None:
        replica, other, joined = one, two, 0
        peer = await replica.linked(box)
        while joined < 10:
            peer.post(peer.caller(str(joined)))  # its ack may be lost
            replica, other = other, replica
            again = replica.peer(box)
            welcome = await again.hello()
            joined = welcome.seq - 1
            peer = again

    await asyncio.gather(*(box_life(box) for box in ("a", "b", "c", "d")))
    waiting = [caller.call_id for caller in await one.engine.callers("sales")]
    assert sorted(waiting) == sorted(f"{box}-{n}-1" for box in "abcd" for n in range(10))
    for box in "abcd":
        own = [call for call in waiting if call.startswith(box)]
        assert own == [f"{box}-{n}-1" for n in range(10)]
