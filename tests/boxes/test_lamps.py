"""Lamps on every box: what shows when, that changes only are told, and what outages do to them."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from coordinator.boxes import lamps
from coordinator.boxes.lamps import Board
from coordinator.line.scripts import Timing
from coordinator.line.types import QueueSettings
from coordinator.protocol import Connect, Leave
from coordinator.tasks import cancel
from tests.boxes.conftest import Replica, Replicas
from tests.waiting import eventually

IDLE = {"sales": "NOT_INUSE", "sales_avail": "NOT_INUSE"}


@pytest.fixture
async def lit(one: Replica) -> Replica:
    one.light()
    return one


async def test_a_new_link_is_told_all_lamps_and_then_that_these_are_all(lit: Replica) -> None:
    a = await lit.linked("a", "101")
    await a.shows(**IDLE, sales_pause_101="NOT_INUSE", sales_pause_102="NOT_INUSE")
    assert len(a.lamps) == 4


async def test_a_caller_on_one_box_lights_the_lamp_on_all(lit: Replica) -> None:
    a, b = await lit.linked("a"), await lit.linked("b")
    await a.shows(sales="NOT_INUSE")
    await a.tell(a.caller("1"))
    for box in (a, b):
        await box.shows(sales="RINGING")
    await a.tell(Leave(call_id="a-1-1", outcome="abandoned"))
    for box in (a, b):
        await box.shows(sales="NOT_INUSE")


async def test_a_caller_who_is_rung_for_waits_until_the_talk(lit: Replica) -> None:
    a = await lit.linked("a", "101")
    await a.tell(a.caller("1"))
    offer = await a.rung()
    await a.shows(sales="RINGING", sales_avail="INUSE")
    await a.tell(Connect(offer_id=offer.offer_id, fence=offer.fence))
    await a.shows(sales="NOT_INUSE", sales_avail="INUSE")


async def test_the_available_lamp_follows_the_agents(lit: Replica) -> None:
    a = await lit.linked("a", "101")
    await a.shows(sales_avail="NOT_INUSE")
    await lit.engine.logout("101")
    await a.shows(sales_avail="INUSE")
    await lit.engine.login("101")
    await a.shows(sales_avail="NOT_INUSE")
    await lit.engine.pause("101", "lunch")
    await a.shows(sales_avail="INUSE", sales_pause_101="INUSE", sales_pause_102="NOT_INUSE")
    await lit.engine.unpause("101")
    await a.shows(sales_avail="NOT_INUSE", sales_pause_101="NOT_INUSE")


async def test_a_pause_in_a_talk_shows_at_once(lit: Replica) -> None:
    """It changes no state: the journal tells it otherwise than by agent.state."""
    a = await lit.linked("a", "101")
    await a.tell(a.caller("1"))
    offer = await a.rung()
    await a.tell(Connect(offer_id=offer.offer_id, fence=offer.fence))
    await lit.engine.pause("101", "soon")
    await a.shows(sales_pause_101="INUSE")


async def test_an_agent_whose_box_is_silent_is_not_available(replicas: Replicas) -> None:
    one = replicas(timing=Timing(lease_s=0.3))
    one.light()
    a = await one.linked("a", "101")
    await a.shows(sales_avail="NOT_INUSE")
    one.keep_time()
    await a.shows(sales_avail="INUSE")


async def test_what_is_made_gets_lamps_and_what_is_gone_is_invalid(lit: Replica) -> None:
    a = await lit.linked("a", "101")
    await lit.engine.put_queue("support", QueueSettings())
    await a.shows(support="NOT_INUSE", support_avail="INUSE")
    await lit.engine.put_member("support", "101")
    await a.shows(support_avail="NOT_INUSE", support_pause_101="NOT_INUSE")
    await lit.engine.delete_member("support", "101")
    await a.shows(support_avail="INUSE", support_pause_101="INVALID")
    await lit.engine.delete_queue("support")
    await a.shows(support="INVALID", support_avail="INVALID")
    await lit.engine.delete_agent("102")
    await a.shows(sales_pause_102="INVALID")


async def test_nothing_is_told_while_nothing_changes(lit: Replica) -> None:
    a = await lit.linked("a", "101")
    await a.shows(**IDLE)
    frames = len(a.lamp_frames)
    await lit.engine.logout("102")  # not available before: no lamp shows it
    await lit.engine.put_queue("last", QueueSettings())
    await a.shows(last="NOT_INUSE")
    told = [name for frame in a.lamp_frames[frames:] for name in frame.states]
    assert sorted(told) == ["Queue:last", "Queue:last_avail"]


async def test_a_queue_that_flips_is_told_at_its_pace_and_ends_right(
    lit: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = asyncio.Event()
    look = lit.lamps._look_at

    async def watched(queues: set[str], agents: set[str]) -> None:
        await look(queues, agents)
        looked.set()

    a = await lit.linked("a")
    await a.shows(sales="NOT_INUSE")
    monkeypatch.setattr(lit.lamps, "_look_at", watched)
    await a.tell(a.caller("0"))
    await looked.wait()  # the next look is half a second from now
    for n in range(1, 100):
        await a.tell(Leave(call_id=f"a-{n - 1}-1", outcome="abandoned"))
        await a.tell(a.caller(str(n)))
    await a.tell(Leave(call_id="a-99-1", outcome="abandoned"))
    await a.shows(sales="NOT_INUSE")
    told = [frame for frame in a.lamp_frames if "Queue:sales" in frame.states]
    assert len(told) < 20


async def test_a_link_that_takes_nothing_is_kept_one_state_a_lamp(lit: Replica) -> None:
    a, b = await lit.linked("a"), await lit.linked("b")
    for box in (a, b):
        await box.shows(sales="NOT_INUSE")
    a.wire.stuck = True
    for n in range(3):
        await b.tell(b.caller(str(n)))
        await b.shows(sales="RINGING")
        await b.tell(Leave(call_id=f"b-{n}-1", outcome="abandoned"))
        await b.shows(sales="NOT_INUSE")
    assert all(len(watch._states) <= 2 for watch in lit.lamps._watches)


async def test_many_lamps_come_in_several_frames_the_last_of_which_says_so(
    lit: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lamps, "IN_A_FRAME", 3)
    a = await lit.linked("a")
    await a.shows(sales="NOT_INUSE", sales_pause_101="NOT_INUSE", sales_pause_102="NOT_INUSE")
    b = await lit.linked("b")
    await b.shows(sales="NOT_INUSE", sales_avail="INUSE")
    assert [(len(f.states), f.complete) for f in b.lamp_frames] == [(3, False), (1, True)]
    await b.tell(b.caller("1"))
    await b.shows(sales="RINGING")
    assert not b.lamp_frames[-1].complete


async def test_each_replica_tells_its_own_links(replicas: Replicas) -> None:
    one, two = replicas("one"), replicas("two")
    for replica in (one, two):
        replica.light()
    a = await one.linked("a")
    b = await two.linked("b")
    await b.shows(sales="NOT_INUSE")
    await a.tell(a.caller("1"))
    for box in (a, b):
        await box.shows(sales="RINGING")


async def test_a_link_that_ends_is_forgotten(lit: Replica) -> None:
    a = await lit.linked("a")
    await a.shows(sales="NOT_INUSE")
    await a.hang_up()
    assert not lit.lamps._watches


async def test_an_outage_of_redis_is_made_up_for(
    lit: Replica, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lamps, "BLOCK_MS", 50)
    a = await lit.linked("a")
    await a.shows(sales="NOT_INUSE")
    with monkeypatch.context() as patch:

        async def away(*_: object) -> None:
            raise RedisConnectionError("gone")

        patch.setattr(lit.engine, "journal", away)
        patch.setattr(lit.engine, "newest_entry", away)
        await eventually(_logged(caplog, "lamps wait"))
        await a.tell(a.caller("1"))
    await a.shows(sales="RINGING")
    assert caplog.text.count("lamps wait") == 1


async def test_an_emptied_redis_puts_the_lamps_out(
    lit: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing follows the last entry then: the journal begins anew."""
    monkeypatch.setattr(lamps, "BLOCK_MS", 50)
    a = await lit.linked("a")
    await a.tell(a.caller("1"))
    await a.shows(sales="RINGING")
    await lit.engine._redis.delete(*await lit.engine._redis.keys(f"gvq:{{{lit.engine._tenant}}}:*"))
    await a.shows(sales="INVALID", sales_pause_101="INVALID")


@pytest.mark.parametrize(
    ("level", "names"), [("off", set()), ("queues", {"Queue:sales", "Queue:sales_avail"})]
)
async def test_the_operator_chooses_which_there_are(
    one: Replica, level: lamps.Level, names: set[str]
) -> None:
    await one.keeper.check()
    board = Board(one.engine, level)
    running = [asyncio.create_task(board.run())] if level != "off" else []
    async with aclosing(board.follow()) as frames:
        first = await anext(frames)
        assert (set(first.states), first.complete) == (names, True)
        if names:
            await one.engine.pause("101")
            await one.engine.put_queue("support", QueueSettings())
            assert set((await anext(frames)).states) == {"Queue:support", "Queue:support_avail"}
    await cancel(running)


async def test_a_name_too_long_for_asterisk_has_no_lamp(lit: Replica) -> None:
    a = await lit.linked("a")
    await a.shows(sales="NOT_INUSE")
    await lit.engine.put_queue("q" * 64, QueueSettings())
    await lit.engine.put_member("q" * 64, "101")
    await lit.engine.put_queue("last", QueueSettings())
    await a.shows(**{"q" * 64: "NOT_INUSE", "last": "NOT_INUSE"})
    assert not [name for name in a.lamps if name.startswith(f"Queue:{'q' * 64}_")]


def _logged(caplog: pytest.LogCaptureFixture, text: str) -> Callable[[], Awaitable[bool]]:
    async def logged() -> bool:
        return text in caplog.text

    return logged
