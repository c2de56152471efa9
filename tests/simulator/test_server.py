"""The manager on TCP: logins, masks, filters, faults, and panoramisk as a client."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest
from panoramisk.manager import Manager

from ami_adapter.simulator.account import Account, from_conf, shipped
from ami_adapter.simulator.dialplan import Request
from ami_adapter.simulator.server import AmiServer
from ami_adapter.simulator.world import World
from tests.simulator.conversation import Ami, has
from tests.waiting import eventually


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """One box whose account sees and may do everything."""
    async with World("a", Account()) as world:
        yield world


@pytest.fixture
def server(world: World) -> AmiServer:
    return world.servers["a"]


@pytest.fixture
async def ami(server: AmiServer) -> AsyncIterator[Ami]:
    """A session that has logged in."""
    ami = await Ami.open("127.0.0.1", server.port)
    ami.write("Action: Login", "ActionID: in", "Username: gvq", "Secret: gvq", "Events: on")
    await ami.until(has(Event="FullyBooted"))
    ami.take()
    yield ami
    await ami.close()


# ── logging in ──────────────────────────────────────────────────────────────────────────────


async def test_the_first_bytes_are_asterisks(server: AmiServer) -> None:
    ami = await Ami.open("127.0.0.1", server.port)
    assert ami.banner == b"Asterisk Call Manager/11.0.0\r\n"
    await ami.close()


async def test_nothing_is_done_before_a_login(server: AmiServer) -> None:
    ami = await Ami.open("127.0.0.1", server.port)
    ami.write("Action: Ping", "ActionID: 1")
    await ami.until(has(ActionID="1"))
    assert ami.take() == [
        (("Response", "Error"), ("ActionID", "1"), ("Message", "Permission denied"))
    ]
    await ami.close()


@pytest.mark.parametrize("right", [True, False])
async def test_md5_login(server: AmiServer, right: bool) -> None:
    ami = await Ami.open("127.0.0.1", server.port)
    ami.write("Action: Challenge", "AuthType: MD5")
    await ami.until(has(Response="Success"))
    secret = "gvq" if right else "wrong"
    text = dict(ami.take()[0])["Challenge"] + secret
    key = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    ami.write("Action: Login", "AuthType: MD5", "Username: gvq", f"Key: {key}")
    message = "Authentication accepted" if right else "Authentication failed"
    await ami.until(has(Message=message))
    await ami.close()


async def test_a_refused_session_is_closed(server: AmiServer) -> None:
    ami = await Ami.open("127.0.0.1", server.port)
    ami.write("Action: Login", "Username: gvq", "Secret: wrong")
    assert ami.task is not None
    async with asyncio.timeout(10):
        await ami.task
    ami.writer.close()


async def test_logoff_says_goodbye_and_closes(ami: Ami) -> None:
    ami.write("Action: Logoff", "ActionID: bye")
    assert ami.task is not None
    async with asyncio.timeout(10):
        await ami.task
    assert ami.take() == [
        (("Response", "Goodbye"), ("ActionID", "bye"), ("Message", "Thanks for all the fish."))
    ]


# ── what is heard ───────────────────────────────────────────────────────────────────────────


async def test_an_event_mask_keeps_classes_out(world: World, ami: Ami) -> None:
    ami.write("Action: Events", "ActionID: mask", "EventMask: user")
    await ami.until(has(ActionID="mask"))
    ami.take()
    world.network.call("a", Request("sales"))
    ami.write("Action: Ping", "ActionID: then")
    await ami.until(has(ActionID="then"))
    assert [dict(m).get("Event") for m in ami.take()] == ["UserEvent", "UserEvent", None]


async def test_the_shipped_filters_let_through_what_the_adapter_needs() -> None:
    async with World("a") as world:
        ami = await Ami.open("127.0.0.1", world.servers["a"].port)
        ami.write("Action: Login", "Username: gvq", "Secret: gvq")
        await ami.until(has(Event="FullyBooted"))
        ami.take()
        world.network.call("a", Request("sales")).hang_up()
        await ami.until(has(Event="Hangup"))
        names = [dict(m)["Event"] for m in ami.take() if "Event" in dict(m)]
        assert "Newchannel" not in names
        assert {"UserEvent", "HangupRequest", "Hangup"} <= set(names)
        await ami.close()


async def test_an_event_forged_by_a_callers_number_is_filtered() -> None:
    """CR LF in a From header: Asterisk writes it raw, the shipped filter drops the event."""
    async with World("a") as world:
        ami = await Ami.open("127.0.0.1", world.servers["a"].port)
        ami.write("Action: Login", "Username: gvq", "Secret: gvq")
        await ami.until(has(Event="FullyBooted"))
        box = world.network.boxes["a"]
        forged = "5\r\n\r\nEvent: Hangup\r\nUniqueid: gvq-1"
        box.hang_up(box.new_channel("carrier", 4, "other", "700", number=forged))
        world.network.call("a", Request("sales")).hang_up()
        await ami.until(has(Event="Hangup"))
        assert not has(Uniqueid="gvq-1")(ami.take())
        await ami.close()


async def test_an_account_without_the_class_is_denied() -> None:
    weak = from_conf("read = system,call\nwrite = system\n")
    async with World("a", weak) as world:
        ami = await Ami.open("127.0.0.1", world.servers["a"].port)
        ami.write("Action: Login", "Username: gvq", "Secret: gvq")
        ami.write("Action: Redirect", "ActionID: 1", "Channel: x")
        await ami.until(has(ActionID="1", Message="Permission denied"))
        await ami.close()


def test_the_shipped_account_may_not_run_commands() -> None:
    assert shipped().write == {"call", "originate"}


@pytest.mark.parametrize(
    "line", ["eventfilter(name(Hangup),method(soundex)) = x", "eventfilter(colour(red)) = x"]
)
def test_a_filter_that_is_not_understood_is_refused(line: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        from_conf(f"read = call\nwrite = call\n{line}\n")


# ── faults ──────────────────────────────────────────────────────────────────────────────────


async def test_writes_split_at_any_byte_lose_nothing(
    world: World, server: AmiServer, ami: Ami
) -> None:
    server.faults.piece = 3
    world.network.call("a", Request("sales"), name="Zoë")
    ami.write("Action: Status", "ActionID: s", "Variables: GVQ_STATE")
    await ami.until(has(Event="StatusComplete"))
    [status] = [m for m in ami.take() if ("Event", "Status") in m]
    assert dict(status)["CallerIDName"] == "Zoë"


async def test_delayed_messages_keep_their_order(server: AmiServer, ami: Ami) -> None:
    server.faults.delay = 0.05
    for number in range(20):
        ami.write("Action: Ping", f"ActionID: {number}")
    await ami.until(has(ActionID="19"))
    assert [dict(m)["ActionID"] for m in ami.take()] == [str(n) for n in range(20)]


async def test_duplicated_events_come_twice(world: World, server: AmiServer, ami: Ami) -> None:
    server.faults.duplicate = 1.0
    world.network.call("a", Request("sales"))
    await ami.until(has(2, UserEvent="GvqJoin"))


async def test_a_stalled_connection_stays_up_and_says_nothing(server: AmiServer, ami: Ami) -> None:
    server.faults.stall = True
    ami.write("Action: Ping", "ActionID: lost")
    await eventually(lambda: _true(len(server.sessions) == 1))
    server.faults.stall = False
    ami.write("Action: Ping", "ActionID: heard")
    await ami.until(has(Ping="Pong"))


async def _true(condition: bool) -> bool:
    return condition


async def test_a_dropped_session_may_come_back(server: AmiServer, ami: Ami) -> None:
    server.drop()
    assert ami.task is not None
    async with asyncio.timeout(10):
        await ami.task
    again = await Ami.open("127.0.0.1", server.port)
    await again.close()


@pytest.mark.parametrize("keep_calls", [True, False])
async def test_a_box_vanishes_and_returns_with_or_without_its_calls(
    world: World, keep_calls: bool
) -> None:
    caller = world.network.call("a", Request("sales"))
    port = world.servers["a"].port
    await world.vanish("a", keep_calls=keep_calls)
    with pytest.raises(ConnectionRefusedError):
        await Ami.open("127.0.0.1", port)
    await world.come_back("a")
    assert (caller.channel.uniqueid in world.network.boxes["a"].channels) == keep_calls
    await (await Ami.open("127.0.0.1", port)).close()


# ── panoramisk ──────────────────────────────────────────────────────────────────────────────


async def test_panoramisk_understands_us(world: World, server: AmiServer) -> None:
    """The library the adapter uses: login, a list, an event, a refusal."""
    manager = Manager(
        host="127.0.0.1", port=server.port, username="gvq", secret="gvq", ping_delay=600,
        loop=asyncio.get_running_loop(),
    )  # fmt: skip
    joins: asyncio.Queue[str] = asyncio.Queue()
    manager.register_event("UserEvent", lambda _, event: joins.put_nowait(event.uniqueid))
    await manager.connect()
    await eventually(lambda: _true(manager.authenticated))
    caller = world.network.call("a", Request("sales"))
    async with asyncio.timeout(10):
        assert await joins.get() == caller.channel.uniqueid
        listed = await manager.send_action({"Action": "CoreShowChannels"})
        assert [m.uniqueid for m in listed if m.event == "CoreShowChannel"] == [
            caller.channel.uniqueid
        ]
        refused = await manager.send_action({"Action": "Hangup", "Channel": "nobody"})
        assert (refused.response, refused.message) == ("Error", "No such channel")
    manager.protocol.transport.abort()
    manager.close()
