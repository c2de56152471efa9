"""The journal as events, over TCP: a whole call in order, and nothing lost or held up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy.exc import OperationalError

from coordinator.history import live as live_module
from coordinator.journal import Entry
from coordinator.line.types import Origin, QueueSettings
from coordinator.manager import server
from coordinator.manager.events import Event
from coordinator.manager.feed import Feed
from coordinator.manager.parts import Parts
from coordinator.tasks import cancel
from tests.api.lines import Box
from tests.manager.client import Ami, Message
from tests.manager.conftest import Manager
from tests.waiting import eventually


async def made(parts: Parts) -> Entry:
    """The offer that was made last."""
    return [e for e in await parts.engine.journal() if e.type == "offer.made"][-1]


async def where(parts: Parts) -> tuple[str, int]:
    data = (await made(parts)).data
    return str(data["offer_id"]), int(data["fence"])


async def heard(ami: Ami, last: str) -> list[Message]:
    """The events up to and with the first of that name."""
    messages = [await ami.read()]
    while messages[-1]["Event"] != last:
        messages.append(await ami.read())
    return messages


async def joined(ami: Ami, count: int) -> list[str]:
    """The Uniqueids of the next so many who join."""
    found: list[str] = []
    while len(found) < count:
        message = await ami.read()
        if message["Event"] == "QueueCallerJoin":
            found.append(message["Uniqueid"])
    return found


async def settled(ami: Ami, parts: Parts) -> None:
    """All that was done before has been heard: a sign of ours has come."""
    await parts.directory.put_queue("sign", QueueSettings())
    await parts.directory.put_member("sign", "alice")
    while (await ami.read()).get("Queue") != "sign":
        pass
    await parts.directory.delete_member("sign", "alice")
    await ami.event("QueueMemberRemoved")


@asynccontextmanager
async def feeding(parts: Parts, told: list[Event]) -> AsyncIterator[None]:
    """A process that begins now, and what its clients would be told."""
    feed = Feed(parts, told.append)
    await feed.begin()
    running = asyncio.create_task(feed.run())
    yield
    await cancel([running])


@pytest.fixture
async def wall(manager: Manager, parts: Parts, box: Box) -> Ami:
    """Hears everything from now on; alice is logged out."""
    ami = await manager.login("wall")
    await settled(ami, parts)
    return ami


async def test_a_whole_call(parts: Parts, box: Box, wall: Ami) -> None:
    call_id = await box.join("sales", 1, "Ann")
    await parts.directory.login("alice")
    offer = await where(parts)
    await box.connect(*offer)
    await box.complete(*offer)
    messages = await heard(wall, "AgentComplete")
    messages.append(await wall.event("QueueMemberStatus"))
    assert [m["Event"] for m in messages] == [
        "QueueCallerJoin", "QueueMemberStatus", "AgentCalled", "QueueMemberStatus",
        "QueueCallerLeave", "AgentConnect", "QueueMemberStatus", "AgentComplete",
        "QueueMemberStatus",
    ]  # fmt: skip
    join, free, called, rings, leave, connect, talking, complete, idle = messages
    assert {m["Uniqueid"] for m in (join, called, leave, connect, complete)} == {"a-1"}
    assert {m["DestUniqueid"] for m in (called, connect, complete)} == {offer[0]}
    assert (join["CallerIDName"], join["Position"], join["Count"]) == ("Ann", "1", "1")
    assert leave["Count"] == "0"
    assert [m["Status"] for m in (free, rings, talking, idle)] == ["1", "6", "2", "1"]
    assert [m["InCall"] for m in (free, rings, talking, idle)] == ["0", "0", "1", "0"]
    assert idle["CallsTaken"] == "1"
    assert complete["Reason"] == "caller"
    assert call_id == "a-1-1"


async def test_a_filtered_login_hears_only_what_it_wants(
    manager: Manager, parts: Parts, box: Box, wall: Ami
) -> None:
    """And its answers, which no filter stops; others hear all."""
    door = await manager.login("door")
    await parts.directory.put_queue("help", QueueSettings())
    await box.join("help", 1)
    await parts.directory.pause("alice", "tea")
    await box.join("sales", 2)
    await parts.engine.withdraw("a-2-1")
    told = await heard(door, "QueueCallerLeave")
    assert [(m["Event"], m["Queue"]) for m in told] == [
        ("QueueCallerJoin", "sales"), ("QueueCallerLeave", "sales"),
    ]  # fmt: skip
    assert (await door.ask("Ping"))["Response"] == "Success"
    names = {m["Event"] for m in await heard(wall, "QueueCallerLeave")}
    assert {"QueueMemberPause", "QueueCallerJoin"} <= names


async def test_no_answer_then_abandoned(parts: Parts, box: Box, wall: Ami) -> None:
    await parts.directory.login("alice")
    await box.join("sales", 1)
    offer = await where(parts)
    origin = Origin("a", "link", 3)
    await parts.engine.offer_ended(origin, *offer, "no_answer")
    await parts.engine.leave(Origin("a", "link", 4), "a-1-1", "abandoned")
    names = [m["Event"] for m in await heard(wall, "QueueCallerLeave")]
    assert names == [
        "QueueMemberStatus", "QueueCallerJoin", "AgentCalled", "QueueMemberStatus",
        "AgentRingNoAnswer", "QueueMemberStatus", "QueueCallerAbandon", "QueueCallerLeave",
    ]  # fmt: skip


async def test_dumped(parts: Parts, box: Box, wall: Ami) -> None:
    """The agent hung up while the announcement played."""
    await parts.directory.login("alice")
    await box.join("sales", 1)
    offer = await where(parts)
    await parts.engine.answer(Origin("a", "link", 3), *offer)
    await parts.engine.offer_ended(Origin("a", "link", 4), *offer, "failed")
    names = [m["Event"] for m in await heard(wall, "AgentDump")]
    assert "AgentRingNoAnswer" not in names


async def test_a_member_comes_is_paused_and_goes(manager: Manager, wall: Ami) -> None:
    boss = await manager.login("boss", events="off")
    there = {"Queue": "sales", "Interface": "PJSIP/102"}
    await boss.done("QueueAdd", MemberName="Ben Brown", Penalty="1", **there)
    await boss.done("QueuePause", Paused="1", Reason="lunch", **there)
    await boss.done("QueuePenalty", Penalty="4", **there)
    await boss.done("QueuePause", Paused="0", **there)
    await boss.done("QueueRemove", **there)
    messages = await heard(wall, "QueueMemberRemoved")
    shown = ("MemberName", "Penalty", "Paused", "PausedReason")
    assert [(m["Event"], *(m[name] for name in shown)) for m in messages] == [
        ("QueueMemberAdded", "Ben Brown", "1", "0", ""),
        ("QueueMemberPause", "Ben Brown", "1", "1", "lunch"),
        ("QueueMemberPenalty", "Ben Brown", "4", "1", "lunch"),
        ("QueueMemberPause", "Ben Brown", "4", "0", ""),
        ("QueueMemberRemoved", "Ben Brown", "4", "0", ""),
    ]


async def test_a_deleted_agent_goes_with_its_face(parts: Parts, box: Box) -> None:
    """Also one of whom nothing was heard since this process began."""
    told: list[Event] = []
    async with feeding(parts, told):
        await box.join("sales", 1)

        async def begun() -> bool:
            return bool(told)

        await eventually(begun)
        await parts.directory.delete_agent("alice")

        async def gone() -> bool:
            return told[-1].name == "QueueMemberRemoved"

        await eventually(gone)
    removed = dict(told[-1].headers)
    assert (removed["MemberName"], removed["Interface"]) == ("Alice Adams", "PJSIP/101")


async def test_one_who_joined_before_this_process_began(parts: Parts, box: Box) -> None:
    """Its facts come from history."""
    await box.join("sales", 7, "Old")
    told: list[Event] = []
    async with feeding(parts, told):
        await parts.engine.withdraw("a-7-1")

        async def both() -> bool:
            return len(told) == 2

        await eventually(both)
    assert [event.name for event in told] == ["QueueCallerAbandon", "QueueCallerLeave"]
    assert dict(told[0].headers)["CallerIDName"] == "Old"


HEIR = ("PJSIP/desk-00000009", "a-9", "9", "Zoe")


def who(headers: Message | dict[str, str]) -> tuple[str, ...]:
    """Who is in the place, by an event."""
    names = ("Channel", "Uniqueid", "CallerIDNum", "CallerIDName")
    return tuple(headers[name] for name in names)


async def test_after_an_attended_transfer_events_name_who_is_there_now(
    parts: Parts, box: Box, wall: Ami
) -> None:
    """Who waited is replaced; who is in the place then is rung for, talks and is replaced too."""
    call_id = await box.join("sales", 1, "Ann")
    await box.replace(call_id, 9, "Zoe")
    await parts.directory.login("alice")
    offer = await where(parts)
    await box.connect(*offer)
    await box.replace(call_id, 8, "Yan")
    await box.complete(*offer)
    told = {message["Event"]: message for message in await heard(wall, "AgentComplete")}
    assert who(told["QueueCallerJoin"])[1] == "a-1"
    for name in ("AgentCalled", "QueueCallerLeave", "AgentConnect"):
        assert who(told[name]) == HEIR
    assert told["AgentConnect"]["DestConnectedLineNum"] == "9"
    assert who(told["AgentComplete"]) == ("PJSIP/desk-00000008", "a-8", "8", "Yan")


async def test_who_was_put_in_a_place_before_this_process_began(parts: Parts, box: Box) -> None:
    """By history as far as the entry that is told, though it is further on."""
    call_id = await box.join("sales", 7, "Old")
    await box.replace(call_id, 9, "Zoe")
    told: list[Event] = []
    feed = Feed(parts, told.append)
    await feed.begin()
    await parts.directory.login("alice")
    await box.replace(call_id, 8, "Yan")
    await parts.engine.withdraw(call_id)
    running = asyncio.create_task(feed.run())

    async def left() -> bool:
        return any(event.name == "QueueCallerLeave" for event in told)

    await eventually(left)
    await cancel([running])
    by_name = {event.name: dict(event.headers) for event in told}
    assert who(by_name["AgentCalled"]) == HEIR
    for name in ("QueueCallerAbandon", "QueueCallerLeave"):
        assert who(by_name[name]) == ("PJSIP/desk-00000008", "a-8", "8", "Yan")


async def test_all_hear_the_same_in_the_same_order(
    parts: Parts, box: Box, manager: Manager, wall: Ami
) -> None:
    other = await manager.login("wall")
    await settled(other, parts)
    for number in range(1, 30):
        await box.join("sales", number)
    expected = [f"a-{number}" for number in range(1, 30)]
    assert await joined(wall, 29) == await joined(other, 29) == expected


async def test_who_asks_for_no_events_gets_none(parts: Parts, box: Box, manager: Manager) -> None:
    hearing, deaf = await manager.login("wall"), await manager.login("wall", events="off")
    await box.join("sales", 1)
    await heard(hearing, "QueueCallerJoin")
    assert "Ping" in await deaf.ask("Ping")
    assert (await hearing.ask("Events", EventMask="off"))["Events"] == "Off"
    await box.join("sales", 2)
    await settled(await manager.login("wall"), parts)
    assert "Ping" in await hearing.ask("Ping")


async def test_who_does_not_read_is_cut_off_alone(
    parts: Parts, box: Box, manager: Manager, wall: Ami,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr(server, "MOST_BYTES", 100_000)
    slow = await manager.login("wall")
    slow.stop_reading()
    number = 0
    while "does not read its events" not in caplog.text:
        number += 1
        await box.join("sales", number, "x" * 200)
        while (await wall.read()).get("Event") != "QueueCallerJoin":
            pass

    async def one_left() -> bool:
        return len(manager.clients.connected) == 1

    await eventually(one_left)
    assert (await wall.ask("Ping"))["Ping"] == "Pong"


async def test_who_does_not_read_its_answers_is_cut_off(
    box: Box, manager: Manager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server, "STUCK_S", 0.2)
    for number in range(1, 200):
        await box.join("sales", number, "x" * 200)
    slow = await manager.login("wall", events="off")
    slow.stop_reading()
    with suppress(ConnectionError):
        await slow.send_bytes(b"Action: QueueStatus\r\n\r\n" * 400)

    async def gone() -> bool:
        return not manager.clients.connected

    await eventually(gone)
    assert "does not read its answers" in caplog.text


async def test_events_wait_until_a_list_is_complete(
    parts: Parts, box: Box, manager: Manager, wall: Ami
) -> None:
    """`listed` fails when one comes into the middle."""
    for number in range(1, 100):
        await box.join("sales", number)
    await settled(wall, parts)

    async def busy() -> None:
        for number in range(100, 160):
            await box.join("sales", number)

    talking = asyncio.create_task(busy())
    await wall.send(Action="QueueStatus")
    seen: list[str] = []
    while seen[-1:] != ["QueueStatusComplete"]:
        message = await wall.read()
        seen.append(message.get("Event", "Response"))
    inside = seen[seen.index("Response") :]
    assert set(inside) == {
        "Response", "QueueParams", "QueueMember", "QueueEntry", "QueueStatusComplete",
    }  # fmt: skip
    await talking


async def test_a_feed_that_fell_behind_goes_on_without_a_gap(
    parts: Parts, box: Box, wall: Ami, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "BEHIND", 3)
    for number in range(1, 60):
        await box.join("sales", number)
    assert await joined(wall, 59) == [f"a-{number}" for number in range(1, 60)]


async def test_a_defect_costs_one_entry_its_events(
    parts: Parts, box: Box, wall: Ami, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caller = Feed._caller

    async def broken(feed: Feed, entry: Entry) -> object:
        if entry.data.get("call_id") == "a-1-1":
            raise ZeroDivisionError
        return await caller(feed, entry)

    monkeypatch.setattr(Feed, "_caller", broken)
    await box.join("sales", 1)
    await box.join("sales", 2)
    assert (await wall.event("QueueCallerJoin"))["Uniqueid"] == "a-2"
    assert "no events of the journal's entry" in caplog.text


async def test_while_sql_is_away_events_wait(
    parts: Parts, box: Box, wall: Ami, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    asked = type(parts.directory).agent
    tries = []

    async def away(directory: object, agent: str) -> object:
        tries.append(agent)
        if len(tries) < 3:
            raise OperationalError("", {}, Exception("gone"))
        return await asked(parts.directory, agent)

    monkeypatch.setattr(type(parts.directory), "agent", away)
    await parts.engine.login("alice")
    status = await wall.event("QueueMemberStatus")
    assert (status["MemberName"], status["Status"]) == ("Alice Adams", "1")
    assert "the manager's events wait" in caplog.text
