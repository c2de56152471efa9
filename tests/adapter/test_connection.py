"""panoramisk's traps, byte by byte over TCP: each test is named after the trap it closes."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ami_adapter.actions import MAX_LINE, MAX_LINES, UnsafeAction, Values, check
from ami_adapter.connection import (
    MAX_MESSAGE,
    AmiClosed,
    AmiRefused,
    AmiSession,
    Peer,
    _Protocol,
    connect,
)
from ami_adapter.headers import Headers
from tests.adapter.conftest import now_us
from tests.adapter.support.asterisk import CHALLENGE, SECRET, Conversation, Manager, message
from tests.waiting import eventually


@asynccontextmanager
async def session(asterisk: Manager, peer: Peer) -> AsyncIterator[tuple[AmiSession, Conversation]]:
    """A session, logged in, and Asterisk's side of it. FullyBooted has been taken."""
    opening = asyncio.create_task(connect(peer, now_us))
    box = await asterisk.accept()
    await box.log_in()
    ami = await opening
    assert (await ami.events.get()).headers["event"] == "FullyBooted"
    try:
        yield ami, box
    finally:
        await ami.close()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> bytearray:
    """What the adapter has read of its peer so far."""
    read = bytearray()
    take = _Protocol.data_received

    def taken(protocol: _Protocol, data: bytes) -> None:
        read.extend(data)
        take(protocol, data)

    monkeypatch.setattr(_Protocol, "data_received", taken)
    return read


async def apart(box: Conversation, data: bytes, reads: bytearray) -> None:
    """Sends bytes and returns when they have been read, so that what follows is another read."""
    wanted = len(reads) + len(data)
    box.write(data)

    async def read() -> bool:
        return len(reads) >= wanted

    await eventually(read)


async def ended(ami: AmiSession) -> str:
    """Why the session ended."""
    with pytest.raises(AmiClosed) as error:
        await ami.wait_ended()
    return str(error.value)


# ── (1) never re-sent ───────────────────────────────────────────────────────────────────────────


async def test_unanswered_actions_are_not_sent_again(
    asterisk: Manager, peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "panoramisk")
    async with session(asterisk, peer) as (ami, box):
        answer = ami.send("Originate", {"Channel": "PJSIP/101", "Async": "true"})
        await box.expect("Originate")
        box.hang_up()
        with pytest.raises(AmiClosed, match="the peer closed it"):
            await answer
    async with session(asterisk, peer) as (ami, box):
        pong = ami.send("Ping")
        box.answer(await box.read())
        assert (await pong).success
    assert [action["Action"] for action in box.actions] == ["Challenge", "Login", "Ping"]
    assert asterisk.waiting == 0, "panoramisk has reconnected by itself"
    assert "awaiting" not in caplog.text


async def test_an_ended_session_takes_no_action(asterisk: Manager, peer: Peer) -> None:
    async with session(asterisk, peer) as (ami, box):
        box.hang_up()
        await ended(ami)
        with pytest.raises(AmiClosed):
            ami.send("Ping")


async def test_shutdown_of_asterisk_ends_the_session(asterisk: Manager, peer: Peer) -> None:
    async with session(asterisk, peer) as (ami, box):
        box.event("Shutdown", Shutdown="Cleanly", Restart="True")
        assert "Asterisk shuts down" in await ended(ami)


# ── (2) whole messages ──────────────────────────────────────────────────────────────────────────


async def test_utf8_split_across_reads_is_kept(
    asterisk: Manager, peer: Peer, reads: bytearray
) -> None:
    async with session(asterisk, peer) as (ami, box):
        for byte in message({"Event": "Hangup", "CallerIDName": "Żółć 李 👩"}):
            await apart(box, bytes([byte]), reads)
        assert (await ami.events.get()).headers["calleridname"] == "Żółć 李 👩"


async def test_several_events_in_one_read_keep_their_order(asterisk: Manager, peer: Peer) -> None:
    async with session(asterisk, peer) as (ami, box):
        box.write(b"".join(message({"Event": "Hangup", "N": str(n)}) for n in range(500)))
        read = [(await ami.events.get()).headers["n"] for _ in range(500)]
        assert read == [str(n) for n in range(500)]


async def test_a_message_without_end_ends_the_session(asterisk: Manager, peer: Peer) -> None:
    async with session(asterisk, peer) as (ami, box):
        box.write(b"Event: Hangup\r\nCause-txt: " + b"x" * (MAX_MESSAGE + 1))
        assert "a message is longer" in await ended(ami)


async def test_a_greeting_split_from_its_first_event_loses_nothing(
    asterisk: Manager, peer: Peer, reads: bytearray
) -> None:
    opening = asyncio.create_task(connect(peer, now_us))
    box = await asterisk.accept()
    await apart(box, b"Asterisk Call Manager/1", reads)
    box.write(b"3.0.0\r\n" + message({"Event": "Early"}))
    box.answer(await box.expect("Challenge"), Challenge=CHALLENGE)
    box.answer(await box.expect("Login"))
    box.event("FullyBooted")
    ami = await opening
    assert (await ami.events.get()).headers["event"] == "Early"
    await ami.close()


async def test_bad_utf8_is_shown_not_dropped(asterisk: Manager, peer: Peer) -> None:
    async with session(asterisk, peer) as (ami, box):
        box.write(b"Event: Hangup\r\nCallerIDName: M\xfcller\r\nCause: 16\r\n\r\n")
        headers = (await ami.events.get()).headers
        assert (headers["calleridname"], headers["cause"]) == ("M�ller", "16")


async def test_a_header_repeated_in_another_spelling_counts_as_repeated(
    asterisk: Manager, peer: Peer
) -> None:
    async with session(asterisk, peer) as (ami, box):
        box.write(b"Event: UserEvent\r\nUniqueid: 1.1\r\nuniqueid: 6.6\r\n\r\n")
        assert (await ami.events.get()).headers["uniqueid"] == ["1.1", "6.6"]


async def test_an_event_with_two_names_is_dropped_and_the_session_lives(
    asterisk: Manager, peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    async with session(asterisk, peer) as (ami, box):
        box.write(b"Event: Hangup\r\nCallerIDNum: x\r\nEvent: Hangup\r\n\r\n")
        box.event("BridgeEnter")
        assert (await ami.events.get()).headers["event"] == "BridgeEnter"
        assert "header Event came 2 times" in caplog.text


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(junk=st.binary(max_size=200).filter(lambda b: b"Shutdown" not in b))
async def test_no_bytes_between_messages_end_the_session(
    asterisk: Manager, peer: Peer, junk: bytes
) -> None:
    async with session(asterisk, peer) as (ami, box):
        box.write(junk + b"\r\n\r\n")
        box.event("After")
        headers: Headers = {}
        while headers.get("event") != "After":
            headers = (await ami.events.get()).headers


# ── (3) order ───────────────────────────────────────────────────────────────────────────────────


async def test_events_and_answers_come_in_one_order(asterisk: Manager, peer: Peer) -> None:
    """A coroutine callback would see both events after the answer."""
    async with session(asterisk, peer) as (ami, box):
        answer = ami.send("Ping")
        action = await box.read()
        box.event("Hangup", N="1")
        box.answer(action)
        box.event("Hangup", N="2")
        await answer
        assert [(await ami.events.get()).headers["n"] for _ in "12"] == ["1", "2"]


# ── (4) nothing is injected ─────────────────────────────────────────────────────────────────────

UNSAFE: list[tuple[str, Values, str]] = [
    ("Setvar", {"Channel": "a", "Value": "x\r\nAction: Command"}, "line break"),
    ("Setvar", {"Channel": "a", "Value": "x\nAction: Command"}, "line break"),
    ("Setvar", {"Channel": "a", "Value": "x\ry"}, "line break"),
    ("Setvar", {"Channel": "a", "Value": "x\0y"}, "NUL"),
    ("Ping\r\nAction: Logoff", {}, "line break"),
    ("Originate", {"Variable": ["A=1", "B=2\n"]}, "line break"),
    ("Originate", {"Bad: Name": "1"}, "no header name"),
    ("Originate", {"Ünlaut": "1"}, "no header name"),
    ("Originate", {"CallerID": "x" * MAX_LINE}, "1024 are taken"),
    ("Originate", {"CallerID": "ü" * 510}, "1024 are taken"),
    ("Originate", {"CallerID": "\ud800"}, "not text"),
    ("Originate", {"Variable": ["A=1"] * MAX_LINES}, "128 are taken"),
    ("Hangup", {"Channel": "/.*/"}, "begins|beginning"),
    ("Hangup", {"Channel": " /.*/"}, "beginning"),
    ("Hangup", {}, "needs a channel"),
    ("Hangup", {"Channel": ["a", "b"]}, "several channels"),
    ("Setvar", {"Variable": "X", "Value": "1"}, "needs a channel"),
    ("Setvar", {"Channel": " ", "Variable": "X", "Value": "1"}, "needs a channel"),
]


@pytest.mark.parametrize(("action", "values", "why"), UNSAFE)
async def test_unsafe_actions_are_refused_before_anything_is_written(
    asterisk: Manager, peer: Peer, action: str, values: Values, why: str
) -> None:
    async with session(asterisk, peer) as (ami, box):
        with pytest.raises(UnsafeAction, match=why):
            ami.send(action, values)
        ami.send("Ping")
        assert (await box.read())["Action"] == "Ping"


@given(value=st.text(), name=st.text(min_size=1, max_size=30))
def test_what_is_taken_is_one_line(name: str, value: str) -> None:
    try:
        check("UserEvent", {name: value})
    except UnsafeAction:
        return
    line = f"{name}: {value}\r\n".encode()
    assert line.count(b"\n") == line.count(b"\r") == 1
    assert len(line) <= MAX_LINE


async def test_a_global_needs_its_own_method(asterisk: Manager, peer: Peer) -> None:
    async with session(asterisk, peer) as (ami, box):
        ami.set_global("GVQ_KEY", "abc")
        action = await box.expect("Setvar")
        assert (action["Variable"], action["Value"]) == ("GVQ_KEY", "abc")
        assert not action.all("Channel")


async def test_a_channel_named_twice_or_by_regex_is_not_hung_up(
    asterisk: Manager, peer: Peer
) -> None:
    async with session(asterisk, peer) as (ami, _):
        with pytest.raises(UnsafeAction, match="ends every channel it matches"):
            ami.hangup("/gvq-.*/", 16)


# ── (5) a dead peer ─────────────────────────────────────────────────────────────────────────────


async def test_a_peer_without_pong_ends_the_session(asterisk: Manager, peer: Peer) -> None:
    async with session(asterisk, replace(peer, ping_s=0.01, deadline_s=0.2)) as (ami, box):
        await box.read()
        assert "no answer to Ping within 0.2 s" in await ended(ami)
        await box.closed()


async def test_pings_go_on_while_they_are_answered(asterisk: Manager, peer: Peer) -> None:
    async with session(asterisk, replace(peer, ping_s=0.01, deadline_s=2.0)) as (_, box):
        for _ in range(5):
            box.answer(await box.read(), Ping="Pong")
        assert [action["Action"] for action in box.actions[2:]] == ["Ping"] * 5


# ── (6) the login ───────────────────────────────────────────────────────────────────────────────


async def test_a_refused_login_is_an_error(asterisk: Manager, peer: Peer) -> None:
    opening = asyncio.create_task(connect(replace(peer, secret="wrong"), now_us))
    box = await asterisk.accept()
    box.greet()
    box.answer(await box.expect("Challenge"), Challenge=CHALLENGE)
    box.answer(await box.expect("Login"), "Error", Message="Authentication failed")
    with pytest.raises(AmiRefused, match=r"refused the login: Authentication failed\.$"):
        await opening
    await box.closed()


async def test_the_secret_is_never_sent(asterisk: Manager, peer: Peer) -> None:
    async with session(asterisk, peer) as (_, box):
        sent = b"".join(action.raw for action in box.actions)
    assert SECRET.encode() not in sent
    assert "Secret" not in sent.decode()


async def test_without_a_challenge_the_secret_is_not_told(asterisk: Manager, peer: Peer) -> None:
    opening = asyncio.create_task(connect(peer, now_us))
    box = await asterisk.accept()
    box.greet()
    box.answer(await box.expect("Challenge"), "Error", Message="Must specify AuthType")
    with pytest.raises(AmiRefused, match="offers no MD5 challenge"):
        await opening
    assert await box.closed() == b""


@pytest.mark.parametrize("banner", [b"SSH-2.0-OpenSSH_9.6\r\n", b"x" * 2000])
async def test_a_wrong_banner_is_refused(asterisk: Manager, peer: Peer, banner: bytes) -> None:
    opening = asyncio.create_task(connect(peer, now_us))
    box = await asterisk.accept()
    box.write(banner)
    with pytest.raises(AmiRefused, match="not as Asterisk"):
        await opening
    assert await box.closed() == b""


async def test_a_peer_that_does_not_greet_is_given_up(asterisk: Manager, peer: Peer) -> None:
    with pytest.raises(AmiClosed, match="No greeting"):
        await connect(replace(peer, deadline_s=0.05), now_us)


async def test_a_peer_that_closes_before_its_greeting(asterisk: Manager, peer: Peer) -> None:
    opening = asyncio.create_task(connect(peer, now_us))
    (await asterisk.accept()).hang_up()
    with pytest.raises(AmiClosed, match="the peer closed it"):
        await opening


async def test_no_manager_there(peer: Peer) -> None:
    async with asyncio.timeout(5):
        with pytest.raises(AmiClosed, match=r"There is no manager gvq@127\.0\.0\.1:1: "):
            await connect(replace(peer, port=1), now_us)


async def test_a_box_that_is_still_starting_is_waited_for(asterisk: Manager, peer: Peer) -> None:
    opening = asyncio.create_task(connect(replace(peer, deadline_s=0.2), now_us))
    box = await asterisk.accept()
    box.greet()
    box.answer(await box.expect("Challenge"), Challenge=CHALLENGE)
    box.answer(await box.expect("Login"))
    with pytest.raises(AmiClosed, match="No FullyBooted"):
        await opening


def test_the_secret_is_not_shown(peer: Peer) -> None:
    assert SECRET not in repr(peer)


# ── (7) Originate ───────────────────────────────────────────────────────────────────────────────


async def test_originate_is_answered_by_its_first_response(asterisk: Manager, peer: Peer) -> None:
    async with session(asterisk, peer) as (ami, box):
        answer = ami.send("Originate", {"Async": "true"}, action_id="gvq-1")
        action = await box.expect("Originate")
        assert action["ActionID"] == "gvq-1"
        box.answer(action, Message="Originate successfully queued")
        reply = await answer
        assert (reply.success, reply.message) == (True, "Originate successfully queued")


async def test_originate_response_is_an_event_even_while_pending(
    asterisk: Manager, peer: Peer
) -> None:
    async with session(asterisk, peer) as (ami, box):
        answer = ami.send("Originate", {"Async": "true"}, action_id="gvq-1")
        action = await box.expect("Originate")
        box.event("OriginateResponse", ActionID="gvq-1", Response="Failure", Reason="5")
        assert (await ami.events.get()).headers["reason"] == "5"
        assert not answer.done()
        box.answer(action, Message="Originate successfully queued")
        assert (await answer).success
        box.event("OriginateResponse", ActionID="gvq-1", Response="Success", Reason="4")
        assert (await ami.events.get()).headers["reason"] == "4"


async def test_originate_without_async_does_not_break_the_reader(
    asterisk: Manager, peer: Peer
) -> None:
    async with session(asterisk, peer) as (ami, box):
        answer = ami.send("Originate", {})
        box.answer(await box.read(), Message="Originate successfully queued")
        assert (await answer).success


# ── (8) every action has a deadline ─────────────────────────────────────────────────────────────


async def test_an_overdue_answer_ends_the_session(asterisk: Manager, peer: Peer) -> None:
    async with session(asterisk, replace(peer, deadline_s=0.2)) as (ami, box):
        late, other = ami.send("Status", listing=True), ami.hangup("1.1", 16)
        box.answer(await box.expect("Status"), EventList="start")
        with pytest.raises(AmiClosed, match=r"within 0\.2 s"):
            await late
        with pytest.raises(AmiClosed):
            await other
        await ended(ami)


async def test_a_list_is_complete_with_its_last_event(asterisk: Manager, peer: Peer) -> None:
    async with session(asterisk, peer) as (ami, box):
        answer = ami.send("Status", listing=True)
        action = await box.expect("Status")
        box.event("Hangup", Uniqueid="9.9")
        box.list_(action, "Status", [{"Uniqueid": "1.1"}, {"Uniqueid": "1.2"}])
        reply = await answer
        assert [i.get("uniqueid") for i in reply.items] == ["1.1", "1.2", None]
        assert (await ami.events.get()).headers["uniqueid"] == "9.9"


async def test_a_refused_list_is_answered_at_once(asterisk: Manager, peer: Peer) -> None:
    async with session(asterisk, peer) as (ami, box):
        answer = ami.send("Status", listing=True)
        box.answer(await box.expect("Status"), "Error", Message="Permission denied")
        assert (await answer).message == "Permission denied"


async def test_actions_are_written_in_the_order_of_the_calls(asterisk: Manager, peer: Peer) -> None:
    async with session(asterisk, peer) as (ami, box):
        ami.set_variable("1.1", "GVQ_STATUS", "FULL")
        ami.redirect("1.1", "gvq-leave", "s")
        ami.hangup("gvq-1", 26)
        names = [(await box.read())["Action"] for _ in range(3)]
        assert names == ["Setvar", "Redirect", "Hangup"]


async def test_an_answer_nobody_asked_for_is_passed_over(
    asterisk: Manager, peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "ami_adapter")
    async with session(asterisk, peer) as (ami, box):
        box.write(message({"Response": "Success", "ActionID": "not-ours"}))
        box.event("After")
        assert (await ami.events.get()).headers["event"] == "After"
        assert "no question of ours" in caplog.text
