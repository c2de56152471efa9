"""Coming in, what is heard, and what a stranger may cost us; over TCP."""

import asyncio
import logging
from hashlib import md5

import pytest

from coordinator.manager import server, session
from tests.manager.client import Ami
from tests.manager.conftest import Manager
from tests.waiting import eventually


@pytest.fixture(autouse=True)
def no_penalty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failed logins are answered at once."""
    monkeypatch.setattr(session, "LOGIN_PENALTY_S", 0)


async def test_by_secret(manager: Manager) -> None:
    ami = await manager.connect()
    answer = await ami.ask("login", ActionID="7", username="wall", Secret="seen")
    assert answer.pairs == [
        ("Response", "Success"), ("ActionID", "7"), ("Message", "Authentication accepted"),
    ]  # fmt: skip
    booted = await ami.read()
    assert list(booted) == ["Event", "Privilege", "Uptime", "LastReload", "Status"]
    assert (booted["Event"], booted["Status"]) == ("FullyBooted", "Fully Booted")
    assert await ami.done("Login", Username="wall", Secret="seen") == "Already authenticated"


async def _challenge(ami: Ami) -> str:
    return (await ami.ask("Challenge", AuthType="md5"))["Challenge"]


async def test_by_challenge(manager: Manager) -> None:
    ami = await manager.connect()
    challenge = await _challenge(ami)
    assert challenge.isdigit()
    assert await _challenge(ami) == challenge
    key = md5(f"{challenge}seen".encode()).hexdigest()
    sentence = await ami.done("Login", AuthType="MD5", Username="wall", Key=key)
    assert sentence == "Authentication accepted"


async def test_a_challenge_is_another_for_everybody(manager: Manager) -> None:
    challenges = {await _challenge(await manager.connect()) for _ in range(3)}
    assert len(challenges) == 3


@pytest.mark.parametrize(
    "headers",
    [
        {"Username": "wall", "Secret": "seem"},
        {"Username": "wall", "Secret": ""},
        {"Username": "wall"},
        {"Username": "nobody", "Secret": "seen"},
        {"Secret": "seen"},
        {"Username": "wall", "AuthType": "MD5", "Key": md5(b"seen").hexdigest()},
        {"Username": "wall", "AuthType": "MD5", "Secret": "seen"},
    ],
)
async def test_a_failed_login_is_logged_and_ends_the_connection(
    manager: Manager, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    ami = await manager.connect()
    assert await ami.refused("Login", **headers) == "Authentication failed"
    assert await ami.ended()
    (logged,) = [record.getMessage() for record in caplog.records if "login" in record.message]
    assert logged.endswith("from 127.0.0.1 refused")
    assert "see" not in caplog.text, "no secret, right or wrong"


async def test_only_a_challenge_that_was_given_counts(manager: Manager) -> None:
    ami = await manager.connect()
    key = md5(b"seen").hexdigest()
    sentence = await ami.refused("Login", AuthType="MD5", Username="wall", Key=key)
    assert sentence == "Authentication failed"


async def test_before_the_login(manager: Manager) -> None:
    ami = await manager.connect()
    for action in ("Ping", "QueueStatus", "Events", "ListCommands", "Nonsense"):
        assert await ami.refused(action) == "Permission denied"
    assert await ami.refused("Challenge", AuthType="plain") == "Must specify AuthType"
    await ami.send_bytes(b"ActionID: 3\r\n\r\n")
    answer = await ami.read()
    assert answer.pairs == [
        ("Response", "Error"), ("ActionID", "3"), ("Message", "Missing action in request"),
    ]  # fmt: skip
    assert (await ami.ask("Logoff"))["Response"] == "Goodbye"
    assert await ami.ended()


async def test_who_does_not_log_in_is_cut_off(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server, "LOGIN_S", 0.05)
    ami = await manager.connect()
    assert await ami.ended()
    assert "did not log in within 0.05 s" in caplog.text


async def test_who_is_logged_in_may_stay(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LOGIN_S", 0.05)
    ami = await manager.connect()
    await ami.done("Login", Username="wall", Secret="seen", Events="off")
    stranger = await manager.connect()
    assert await stranger.ended(), "so much time has passed for the other too"
    assert (await ami.ask("Ping"))["Ping"] == "Pong"


async def test_strangers_are_bounded_and_those_logged_in_do_not_count(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server, "MOST_STRANGERS", 2)
    known = await manager.login("wall")
    strangers = [await manager.connect() for _ in range(2)]
    reader, writer = await asyncio.open_connection("127.0.0.1", manager.port)
    assert await Ami(reader, writer).ended()
    writer.close()
    assert "came while 2 others were about to log in" in caplog.text
    await strangers[0].close()

    async def gone() -> bool:
        return len(manager.clients.connected) == 2

    await eventually(gone)
    await manager.login("wall")
    assert (await known.ask("Ping"))["Response"] == "Success"


async def test_a_user_from_elsewhere(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coordinator.manager.users.User.may_come_from", lambda user, address: False)
    ami = await manager.connect()
    assert await ami.refused("Login", Username="wall", Secret="seen") == "Authentication failed"


async def test_ping_and_logoff(manager: Manager) -> None:
    ami = await manager.login("wall")
    pong = await ami.ask("PING", ActionID="x")
    assert list(pong) == ["Response", "ActionID", "Ping", "Timestamp"]
    goodbye = await ami.ask("Logoff", ActionID="y")
    assert goodbye.pairs == [
        ("Response", "Goodbye"), ("ActionID", "y"), ("Message", "Thanks for all the fish."),
    ]  # fmt: skip
    assert await ami.ended()


@pytest.mark.parametrize(
    ("mask", "answer"),
    [
        ("off", "Off"), ("on", "On"), ("call", "On"), ("agent,system", "On"), ("0", "Off"),
        ("32", "On"), ("nonsense", "Off"), ("all", "On"),
    ],
)  # fmt: skip
async def test_events(manager: Manager, mask: str, answer: str) -> None:
    ami = await manager.login("wall")
    assert (await ami.ask("Events", EventMask=mask))["Events"] == answer


async def test_events_without_a_mask(manager: Manager) -> None:
    ami = await manager.login("wall")
    assert await ami.refused("Events") == "Invalid event mask"


@pytest.mark.parametrize(
    ("headers", "heard"),
    [
        ({"Events": "off"}, set()), ({"Events": "call,agent"}, {"agent"}),
        ({"Events": "33"}, {"agent", "system"}), ({}, {"agent", "system"}),
        ({"Events": "2"}, set()), ({"Events": "no"}, set()), ({"Events": "1"}, {"system"}),
    ],
)  # fmt: skip
async def test_what_a_login_hears(
    manager: Manager, headers: dict[str, str], heard: set[str]
) -> None:
    """Of what it asks for only what it may read: all classes but these two are no event's here."""
    ami = await manager.connect()
    await ami.done("Login", Username="wall", Secret="seen", **headers)
    (client,) = manager.clients.connected
    assert client.session.mask == heard


async def test_what_asterisk_does_not_have_and_what_is_not_here(manager: Manager) -> None:
    ami = await manager.login("boss")
    for action in ("Command", "originate", "QueueReload", "Getvar", "Filter"):
        assert await ami.refused(action, Command="core stop now") == "Permission denied"
    assert await ami.refused("Frobnicate") == (
        "Invalid/unknown command: Frobnicate. Use Action: ListCommands to show available commands."
    )


async def test_the_list_of_commands(manager: Manager) -> None:
    ami = await manager.login("wall")
    listed = await ami.ask("ListCommands")
    assert listed["QueueStatus"] == "Show queue status. (Priv: <none>)"
    assert listed["QueueAdd"] == "Add interface to queue. (Priv: agent)"


async def test_bytes_that_are_no_action(manager: Manager) -> None:
    """Each costs an answer, none the connection."""
    ami = await manager.login("wall")
    await ami.send_bytes(b"Action: Ping\r\nReason: " + b"x" * 10_000_000 + b"\r\n\r\n")
    assert (await ami.read())["Message"] == "Failed to parse message: line too long"
    await ami.send_bytes(b"Action: Ping\r\n" + b"A: b\r\n" * 200 + b"\r\n")
    assert (await ami.read())["Message"] == "Too many lines in message or allocation failure"
    await ami.send_bytes(b"Action: Ping\x00\r\n\r\n")
    assert "control characters" in (await ami.read())["Message"]
    for byte in "Action: Ping\r\nActionID: ü\r\n\r\n".encode():
        await ami.send_bytes(bytes([byte]))
    assert (await ami.read())["ActionID"] == "ü"


async def test_many_actions_at_once_are_answered_in_order(manager: Manager) -> None:
    ami = await manager.login("wall")
    await ami.send_bytes(
        b"".join(b"Action: Ping\r\nActionID: %d\r\n\r\n" % n for n in range(2_000))
    )
    assert [(await ami.read())["ActionID"] for _ in range(2_000)] == [str(n) for n in range(2_000)]


async def test_who_hangs_up_leaves_nothing_behind(
    manager: Manager, caplog: pytest.LogCaptureFixture
) -> None:
    ami = await manager.login("wall")
    await ami.send_bytes(b"Action: QueueSta")
    ami.writer.transport.abort()

    async def gone() -> bool:
        return not manager.clients.connected

    await eventually(gone)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
