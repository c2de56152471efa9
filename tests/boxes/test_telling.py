"""An adapter asks over its link; the answer is the line's place and the queue's settings."""

from coordinator.line.types import QueueSettings
from coordinator.protocol import Ask, Connect, Heartbeat, Meeting
from tests.boxes.conftest import Replica

SPEAKING = QueueSettings(
    strategy="linear",
    announce_frequency=30,
    announce_to_first_user=True,
    context="keys",
    musicclass="jazz",
    ringing=True,
    announce="beep&hello",
    memberdelay=2,
    reportholdtime=True,
    queue_callerannounce="connecting",
)


async def test_the_answer_is_the_lines(one: Replica) -> None:
    a = await one.linked("a")
    await one.engine.put_queue("sales", SPEAKING)
    for name in ("1", "2", "3"):
        await a.tell(a.caller(name))
    told = await a.asks(Ask(call_id="a-3-1"))
    assert (told.call_id, told.uniqueid) == ("a-3-1", "a-3")
    assert told.words == ["queue-thereare", "#3", "queue-callswaiting", "queue-thankyou"]
    assert (told.again_s, told.context, told.musicclass, told.ringing) == (15, "keys", "jazz", True)
    again = await a.asks(Ask(call_id="a-3-1", heard=told.heard))
    assert (again.words, again.heard) == ([], told.heard)


async def test_what_is_heard_before_the_talk_goes_with_the_offer(one: Replica) -> None:
    a = await one.linked("a", "101")
    await one.engine.put_queue("sales", SPEAKING)
    await a.tell(a.caller("1"))
    assert (await a.rung()).meeting == Meeting(
        announce="beep&hello",
        memberdelay=2,
        reportholdtime=True,
        queue_reporthold="queue-reporthold",
        queue_minutes="queue-minutes",
        queue_seconds="queue-seconds",
        queue_callerannounce="connecting",
    )


async def test_a_place_may_be_on_another_box(one: Replica) -> None:
    a, b = await one.linked("a"), await one.linked("b")
    await one.engine.put_queue("sales", SPEAKING)
    await b.tell(b.caller("1"))
    await a.tell(a.caller("1"))
    assert "#2" in (await a.asks(Ask(call_id="a-1-1"))).words


async def test_the_hold_time_is_the_queues_average(one: Replica) -> None:
    a = await one.linked("a", "101")
    await one.engine.put_queue("sales", SPEAKING)
    await a.tell(a.caller("1"), age_us=1_000_000)
    offer = await a.rung()
    await a.tell(Connect(offer_id=offer.offer_id, fence=offer.fence))
    hold_us = 600_000_000
    await one.redis.hset(one.engine._key("queue", "sales"), "hold_us", hold_us)
    for name in ("2", "3"):
        await a.tell(a.caller(name))
    told = await a.asks(Ask(call_id="a-3-1"))
    assert told.words[3:6] == ["queue-holdtime", "#10", "queue-minutes"]


async def test_a_change_of_settings_is_for_those_who_wait_too(one: Replica) -> None:
    a = await one.linked("a")
    await a.tell(a.caller("1"))
    assert (await a.asks(Ask(call_id="a-1-1"))).context == ""
    await one.engine.put_queue("sales", SPEAKING)
    assert (await a.asks(Ask(call_id="a-1-1"))).context == "keys"


async def test_who_does_not_wait_here_gets_no_answer_and_nothing_is_lost(one: Replica) -> None:
    a, b = await one.linked("a", "101"), await one.linked("b")
    await a.tell(a.caller("1"))
    offer = await a.rung()
    await a.tell(Connect(offer_id=offer.offer_id, fence=offer.fence))
    await b.tell(b.caller("1"))
    for call_id in ("a-1-1", "b-1-1", "a-9-1"):  # talks, waits on another box, never was
        a.send(Ask(call_id=call_id))
    a.send(Heartbeat())
    assert (await a.tell(a.caller("2"))).code == "ok"
    assert (await a.asks(Ask(call_id="a-2-1"))).call_id == "a-2-1"
