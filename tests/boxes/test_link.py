"""One link: hello, events in order and once, commands until done, and each way it can end."""

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from coordinator.protocol import (
    CLOSE_ALREADY_LINKED,
    CLOSE_BAD_FRAME,
    CLOSE_OUT_OF_SEQUENCE,
    CLOSE_RESYNC,
    CLOSE_STALE,
    CLOSE_UNAVAILABLE,
    CLOSE_WRONG_BOX,
    Connect,
    Done,
    EventFrame,
    Heartbeat,
    Leave,
    Release,
    Ticket,
)
from tests.boxes.conftest import Replica, Replicas
from tests.boxes.peer import Peer
from tests.waiting import eventually


async def test_a_caller_gets_a_ticket_an_agent_and_a_record(one: Replica) -> None:
    a = await one.linked("a", "101")
    ack = await a.tell(a.caller("1", caller_id_num="5551"))
    assert ack.code == "ok"
    assert isinstance(ack.ticket, Ticket)
    assert (ack.ticket.call_id, ack.ticket.priority, ack.ticket.position) == ("a-1-1", 0, 1)
    offer = await a.rung()
    assert (offer.agent, offer.call_id, offer.caller_id_num) == ("101", "a-1-1", "5551")
    connected = await a.tell(Connect(offer_id=offer.offer_id, fence=offer.fence))
    assert (connected.code, connected.ticket) == ("ok", None)
    assert await one.engine.callers("sales") == []


async def test_events_sent_in_one_go_are_taken_in_order(one: Replica) -> None:
    a = await one.linked("a")
    for name in range(50):
        a.post(a.caller(str(name)))
    positions = [ack.ticket.position for _ in range(50) if (ack := await a.ack()).ticket]
    assert positions == list(range(1, 51))
    waiting = [caller.call_id for caller in await one.engine.callers("sales")]
    assert waiting == [f"a-{name}-1" for name in range(50)]


async def test_an_event_whose_ack_was_lost_is_acked_again_with_the_same_ticket(
    one: Replica,
) -> None:
    a = await one.linked("a")
    first = await a.tell(a.caller("1"))
    await a.hang_up()
    again = one.peer("a")
    assert (await again.hello()).seq == 2
    again.seq = 1
    second = await again.tell(again.caller("1"))
    assert second.code == "duplicate"
    assert second.ticket == first.ticket
    assert len(await one.engine.callers("sales")) == 1


async def test_a_gap_ends_the_link_and_the_welcome_says_where_to_go_on(one: Replica) -> None:
    a = await one.linked("a")
    a.send(EventFrame(seq=a.seq + 2, event=a.caller("1")))
    code, reason = await a.closed()
    assert code == CLOSE_OUT_OF_SEQUENCE
    assert reason.startswith("out_of_sequence: Box 'a' sent message 3; expected 2.")
    assert (await one.peer("a").hello()).seq == 1


async def test_an_unknown_queue_is_refused_and_the_caller_released(one: Replica) -> None:
    a = await one.linked("a")
    ack = await a.tell(a.caller("1", queue="nowhere"))
    assert (ack.code, ack.ticket) == ("unknown_queue", None)
    assert ack.detail == "There is no queue named 'nowhere'."
    frame = await a.command()
    assert frame.command == Release(call_id="a-1-1", uniqueid="a-1", status="UNKNOWN")


async def test_who_leaves_is_told_its_last_position_and_who_is_withdrawn_also_why(
    one: Replica,
) -> None:
    a = await one.linked("a")
    for name in "123":
        await a.tell(a.caller(name))
    left = await a.tell(Leave(call_id="a-2-1", outcome="timeout"))
    assert (left.code, left.position) == ("ok", 2)
    assert (await a.tell(Leave(call_id="a-2-1", outcome="timeout"))).position == 0
    await one.engine.withdraw("a-3-1", "bad\r\n\0" + "x" * 300)
    frame = await a.command()
    wanted = {"status": "WITHDRAW", "position": 2, "info": "bad" + "x" * 197}
    assert frame.command == Release(call_id="a-3-1", uniqueid="a-3", **wanted)


async def test_a_refused_event_is_taken_and_the_link_goes_on(one: Replica) -> None:
    a = await one.linked("a")
    stale = await a.tell(Connect(offer_id="gvq-1", fence=1))
    assert (stale.code, stale.detail) == ("stale_offer", "Offer 'gvq-1' with fence 1 is over.")
    assert (await a.tell(a.caller("1"))).code == "ok"


async def test_a_command_not_done_is_sent_to_the_next_link_one_done_is_not(one: Replica) -> None:
    a = await one.linked("a", "101", "102")
    for name in "12":
        await a.tell(a.caller(name))
    first, second = await a.command(), await a.command()
    a.send(Done(id=first.id))
    a.send(Heartbeat())
    await a.tell(Leave(call_id="a-9-1", outcome="abandoned"))
    await a.hang_up()
    again = one.peer("a")
    await again.hello()
    assert await again.command() == second


async def test_commands_wait_for_the_snapshot(one: Replica) -> None:
    a = await one.linked("a", "101")
    await a.tell(a.caller("1"))
    ringing = (await a.command()).command
    await a.hang_up()
    # A new epoch: the snapshot has no such phone, so what was asked before is void.
    b = one.peer("a", epoch=2)
    await b.hello()
    kept = await b.snapshot("101")
    assert kept.code == "ok"
    await b.tell(b.caller("2"))
    offer = await b.rung()
    assert offer != ringing
    assert offer.call_id == "a-2-1"


async def test_an_epoch_that_is_over_is_told_to_begin_anew(one: Replica) -> None:
    a = one.peer("a")
    await a.hello()
    a.seq = 41
    a.post(a.caller("1"))
    code, reason = await a.closed()
    assert code == CLOSE_RESYNC
    assert reason == "snapshot_required: Box 'a' must begin with a snapshot."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not json", "bad_frame: Frame refused: Invalid JSON"),
        ("[1]", "bad_frame: Frame refused:"),
        ('{"type":"dance"}', "bad_frame: Frame refused:"),
        ('{"type":"heartbeat","extra":1}', "bad_frame: Frame refused: heartbeat.extra: Extra"),
        ('{"type":"event","seq":0,"event":{"kind":"join"}}', "bad_frame: Frame refused: event.seq"),
        ('{"type":"done","id":"*"}', "bad_frame: Frame refused: done.id"),
        ("[" * 100_000, "bad_frame: Frame refused: Invalid JSON"),
        ('{"type":"hello","box":"a","instance":"i","epoch":1}', "bad_frame: Frame refused: a sec"),
        ("x" * (4 * 1024 * 1024 + 1), "frame_too_large: A frame may have at most 4194304 bytes."),
    ],
)
async def test_a_frame_that_is_none_ends_the_link(one: Replica, text: str, reason: str) -> None:
    a = await one.linked("a")
    a.say(text)
    code, said = await a.closed()
    assert code == CLOSE_BAD_FRAME
    assert said.startswith(reason)
    assert len(said.encode()) <= 123


@pytest.mark.parametrize(
    ("text", "close", "reason"),
    [
        ('{"type":"heartbeat"}', CLOSE_BAD_FRAME, "bad_frame: Frame refused: the first frame is"),
        (
            '{"type":"hello","version":1,"box":"a","instance":"i","epoch":1,"old":true}',
            CLOSE_BAD_FRAME,
            "unsupported_version: Protocol version 1 is not spoken here; use 2.",
        ),
        (
            '{"type":"hello","box":"b","instance":"i","epoch":1}',
            CLOSE_WRONG_BOX,
            "wrong_box: This token is for box 'a', not for 'b'.",
        ),
        (
            '{"type":"hello","box":"a\\r\\nx","instance":"i","epoch":1}',
            CLOSE_BAD_FRAME,
            "bad_frame: Frame refused: hello.box: String should match",
        ),
        ('{"type":"hello","version":"ü"}', CLOSE_BAD_FRAME, "bad_frame:"),
        ("{" * 1000, CLOSE_BAD_FRAME, "bad_frame:"),
    ],
)
async def test_a_hello_that_is_none_is_refused(
    one: Replica, text: str, close: int, reason: str
) -> None:
    a = one.peer("a")
    a.say(text)
    code, said = await a.closed()
    assert code == close
    assert said.startswith(reason)
    assert one.links.boxes == []


async def test_reasons_in_many_bytes_are_cut_between_characters(one: Replica) -> None:
    a = one.peer("a")
    a.say('{"type":"' + "ü" * 300 + '"}')
    _, said = await a.closed()
    assert len(said.encode()) <= 123


async def test_another_adapter_of_a_linked_box_is_refused(one: Replica) -> None:
    a = await one.linked("a")
    other = one.peer("a", instance="impostor")
    other.say('{"type":"hello","box":"a","instance":"impostor","epoch":1}')
    code, reason = await other.closed()
    assert code == CLOSE_ALREADY_LINKED
    assert reason == "box_already_linked: Box 'a' is linked by another adapter."
    assert (await a.tell(a.caller("1"))).code == "ok"


async def test_a_newer_link_of_the_adapter_takes_over_at_once(one: Replica) -> None:
    old = await one.linked("a")
    new = one.peer("a")
    await new.hello()
    assert await old.closed() == (
        CLOSE_STALE,
        "stale_link: This link of box 'a' has been replaced by a newer one.",
    )
    assert one.links.boxes == ["a"]
    assert (await new.tell(new.caller("1"))).code == "ok"


async def test_a_peer_silent_for_the_lease_is_gone(replicas: Replicas) -> None:
    one = replicas(lease_s=0.2)
    a = await one.linked("a")
    code, reason = await a.closed()
    assert (code, reason) == (1001, "the adapter sends nothing for 0.2 s")
    assert not (await one.engine.boxes())[0].linked


async def test_a_peer_that_reads_nothing_is_gone(replicas: Replicas) -> None:
    one = replicas(lease_s=0.5)
    a = await one.linked("a")
    a.wire.stuck = True
    a.post(a.caller("1"))
    code, reason = await a.closed()
    assert (code, reason) == (1001, "the adapter takes nothing for 0.5 s")
    assert len(await one.engine.callers("sales")) == 1


async def test_a_lost_connection_is_told_to_the_line(one: Replica) -> None:
    a = await one.linked("a")
    await a.hang_up()
    assert one.links.boxes == []
    box = (await one.engine.boxes())[0]
    assert (box.linked, box.attached) == (False, True)


async def test_a_line_that_is_away_ends_the_link_and_loses_nothing(
    one: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = await one.linked("a")

    async def away(*_: object) -> None:
        raise RedisConnectionError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(one.engine, "join", away)
        a.post(a.caller("1"))
        code, reason = await a.closed()
        assert code == CLOSE_UNAVAILABLE
        assert reason.startswith("line_unavailable: The line's Redis does not answer")
    again = one.peer("a")
    assert (await again.hello()).seq == 1
    assert (await again.tell(again.caller("1"))).code == "ok"


async def test_stop_ends_every_link_and_refuses_new_ones(one: Replica) -> None:
    peers = [await one.linked(box) for box in "abc"]
    await one.links.stop()
    for peer in [*peers, one.peer("d")]:
        code, _ = await peer.closed()
        assert code == 1012
    assert not any(box.linked for box in await one.engine.boxes())


async def test_two_hundred_boxes_are_each_told_of_their_caller(
    one: Replica, redis: "Redis"
) -> None:
    peers: list[Peer] = [one.peer(f"box{number}") for number in range(200)]
    await asyncio.gather(*(peer.hello() for peer in peers))
    await asyncio.gather(*(peer.snapshot() for peer in peers))
    for peer in peers:
        peer.post(peer.caller("1", queue="nowhere"))
    frames = await asyncio.gather(*(peer.command() for peer in peers))
    assert [frame.command.kind for frame in frames] == ["release"] * 200

    async def all_wait() -> bool:
        clients = await redis.client_list()
        return sum(client["cmd"] == "xread" for client in clients) >= 200

    await eventually(all_wait)
