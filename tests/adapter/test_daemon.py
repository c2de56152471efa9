"""The adapter's process: sessions, snapshots, fallback and its end, over real sockets."""

import asyncio
import logging
import os
import signal
import time
from http import HTTPStatus

import pytest

from ami_adapter import fallback
from ami_adapter.backoff import Backoff
from ami_adapter.connection import AmiClosed
from ami_adapter.daemon import run, serve
from ami_adapter.epoch import DIALPLAN
from ami_adapter.link import Link
from ami_adapter.translate import Translator
from coordinator.protocol import CLOSE_ALREADY_LINKED, Device, Leave, Snapshot
from tests.adapter.support.adapter import running, serving, settings, settle
from tests.adapter.support.asterisk import CHALLENGE, Lines, Manager, channel, message
from tests.adapter.support.coordinator import Coordinator
from tests.adapter.support.events import (
    OFFER_ID,
    bridged,
    hung_up,
    joined,
    left,
    originate,
    state,
)
from tests.waiting import eventually

WAITING = {"GVQ_STATE": "waiting", "GVQ_JOIN": "sales|1763848134.5|||||||||||1"}
OFFERED = {
    "GVQ_OFFER": OFFER_ID, "GVQ_FENCE": "1763848134123456", "GVQ_CALL": "a-17.1-1",
    "GVQ_QUEUE": "sales", "GVQ_AGENT": "ann",
}  # fmt: skip


async def test_a_call_from_join_to_its_end(asterisk: Manager, line: Coordinator) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.command("1-0", originate())
        here.box.answer(await here.box.expect("Originate"))
        for event in (bridged(), hung_up(OFFER_ID), hung_up("a-17.1")):
            here.asterisk_says(dict(event))
        kinds = [(await here.link.event()).event.kind for _ in range(2)]
        assert kinds == ["connect", "complete"]


async def test_the_snapshot_is_what_the_box_holds(asterisk: Manager, line: Coordinator) -> None:
    channels = [channel("a-17.1", **WAITING, GVQ_TICKET="0,5"), channel("a-9.9")]
    devices: list[Lines] = [{"Device": "PJSIP/101", "State": "NOT_INUSE"}]
    async with serving(settings(asterisk, line.url)):
        here = await settle(asterisk, line, channels, devices)
        (call,) = here.snapshot.calls
        assert (call.join.call_id, call.rank) == ("a-17.1-1", 5)
        assert here.snapshot.devices == {"PJSIP/101": "NOT_INUSE"}


async def test_events_between_login_and_snapshot_are_neither_lost_nor_doubled(
    asterisk: Manager, line: Coordinator
) -> None:
    async with serving(settings(asterisk, line.url)):
        box = await asterisk.accept()
        await box.log_in()
        key = await box.expect("Setvar")
        box.answer(key)
        again = {name.capitalize(): value for name, value in joined(key=key["Value"]).items()}
        box.event(**{k: v for k, v in again.items() if k != "Event"}, name="UserEvent")
        box.event("DeviceStateChange", Device="PJSIP/101", State="INUSE")
        box.list_(await box.expect("Status"), "Status", [channel("a-17.1", **WAITING)])
        box.event("Hangup", Uniqueid="a-17.1", Cause="16")
        box.list_(await box.expect("DeviceStateList"), "DeviceStateChange", [])
        box.list_(await box.expect("ExtensionStateList"), "ExtensionStatus", [])
        link = await line.accept()
        events = [(await link.event()).event for _ in range(3)]
        assert isinstance(events[0], Snapshot)
        assert isinstance(events[1], Device)
        assert isinstance(events[2], Leave)


async def test_a_phone_that_rings_for_nobody_is_hung_up(
    asterisk: Manager, line: Coordinator
) -> None:
    async with serving(settings(asterisk, line.url)):
        here = await settle(asterisk, line, [channel(OFFER_ID, **OFFERED)])
        assert here.snapshot == Snapshot()
        assert (await here.box.expect("Hangup"))["Channel"] == OFFER_ID


async def test_a_second_adapter_that_the_line_refuses_changes_nothing_on_the_box(
    asterisk: Manager, line: Coordinator
) -> None:
    """It has the first one's token: the same service, started twice."""
    async with (
        running(asterisk, line, **FALLBACK) as here,
        serving(settings(asterisk, line.url)),
    ):
        box = await asterisk.accept()
        await box.log_in()
        orphan = channel(OFFER_ID, **OFFERED)
        assert await box.resync([orphan]) == here.key
        refused = await line.arrival()
        await refused.close(CLOSE_ALREADY_LINKED, "box_already_linked")
        forged = {name.capitalize(): text for name, text in joined(key="guess").items()}
        box.write(message(forged))
        await box.expect("Getvar")  # after all that was written before
        assert box.variables == {}
        await here.join()
        await here.link.command("1-0", originate())
        await here.box.expect("Originate")


async def test_a_lost_session_ends_the_link_and_a_new_epoch_begins(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        here.box.hang_up()
        await here.link.ended()
        again = await settle(asterisk, line, [channel("a-17.1", **WAITING)])
        assert again.link.hello.epoch > here.link.hello.epoch
        assert [call.join.call_id for call in again.snapshot.calls] == ["a-17.1-1"]
        assert again.key == here.key


async def test_nothing_is_said_to_live_while_the_manager_is_away(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        here.box.hang_up()
        await here.link.ended()
        box = await asterisk.accept()
        await box.log_in()
        tries = line.tries
        assert tries == 1, "linked before the snapshot"
        await box.resync()
        await line.accept()


async def test_a_refused_login_is_one_clear_sentence(
    asterisk: Manager, line: Coordinator, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse() -> None:
        box = await asterisk.accept()
        box.greet()
        box.answer(await box.expect("Challenge"), Challenge=CHALLENGE)
        box.answer(await box.expect("Login"), "Error", Message="Authentication failed")
        await box.closed()

    async with serving(settings(asterisk, line.url, refused_retry_s=0.01)):
        for _ in range(3):
            await refuse()
        await settle(asterisk, line)
    errors = [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]
    where = f"manager gvq@127.0.0.1:{asterisk.port}"
    assert errors == [f"The {where} refused the login: Authentication failed."]


async def test_a_user_without_rights_is_told_which(
    asterisk: Manager, line: Coordinator, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(settings(asterisk, line.url)):
        box = await asterisk.accept()
        await box.log_in()
        box.answer(await box.expect("Setvar"))
        box.answer(await box.expect("Status"), "Error", Message="Permission denied")
        box.list_(await box.expect("DeviceStateList"), "DeviceStateChange", [])
        box.list_(await box.expect("ExtensionStateList"), "ExtensionStatus", [])
        await box.closed()
        await settle(asterisk, line)
    assert "refused Status: Permission denied." in caplog.text


async def test_a_box_without_our_dialplan_is_said(
    asterisk: Manager, line: Coordinator, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(asterisk, line):
        assert "dialplan" not in caplog.text
    async with serving(settings(asterisk, line.url)):
        box = await asterisk.accept()
        box.channels[DIALPLAN] = "0"
        await box.log_in()
        await box.resync()
        await line.accept()
    assert "Box a has not this release's dialplan" in caplog.text


async def test_forged_events_are_dropped_and_said(
    asterisk: Manager, line: Coordinator, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(asterisk, line) as here:
        here.asterisk_says({**joined(), "key": "guess"})
        here.box.answer(await here.box.expect("Getvar"), Variable="GVQ_KEY", Value=here.key)
        here.asterisk_says(dict(state("PJSIP/101", "INUSE")))
        assert isinstance((await here.link.event()).event, Device)
    assert "GvqJoin dropped: it does not carry our key" in caplog.text
    assert here.key not in caplog.text


async def test_a_box_that_forgot_our_key_is_looked_at_anew(
    asterisk: Manager, line: Coordinator, caplog: pytest.LogCaptureFixture
) -> None:
    """`dialplan reload` with clearglobalvars=yes; the caller's join carries no key any more."""
    async with running(asterisk, line) as here:
        here.asterisk_says({**joined(), "key": ""})
        here.box.answer(await here.box.expect("Getvar"), Variable="GVQ_KEY", Value="")
        await here.box.closed()
        again = await settle(asterisk, line, [channel("a-17.1", **WAITING)])
        assert [call.join.call_id for call in again.snapshot.calls] == ["a-17.1-1"]
        assert again.key == here.key
    assert "the box has forgotten our key" in caplog.text


async def test_a_caller_in_mid_air_is_looked_for_again(
    asterisk: Manager, line: Coordinator
) -> None:
    agent = channel(OFFER_ID, **OFFERED, GVQ_CALLER="a-17.1")
    async with serving(settings(asterisk, line.url)):
        box = await asterisk.accept()
        await box.log_in()
        await box.resync([channel("a-17.1"), agent])
        box.list_(
            await box.expect("Status"),
            "Status",
            [channel("a-17.1", **WAITING | {"GVQ_STATE": "talking"}), agent | {"BridgeID": "x"}],
        )
        box.list_(await box.expect("DeviceStateList"), "DeviceStateChange", [])
        box.list_(await box.expect("ExtensionStateList"), "ExtensionStatus", [])
        first = (await (await line.accept()).event()).event
        assert isinstance(first, Snapshot)
        assert [live.talking for live in first.offers] == [True]


async def test_a_fault_of_ours_costs_an_epoch_not_the_daemon(
    asterisk: Manager, line: Coordinator, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    async with running(asterisk, line) as here:
        with monkeypatch.context() as patch:
            patch.setattr(Translator, "take", lambda *_: 1 / 0)
            here.box.event("Hangup")
            await here.box.closed()
        await settle(asterisk, line)
    assert "ZeroDivisionError" in caplog.text


async def test_it_stops_on_sigterm(asterisk: Manager, line: Coordinator) -> None:
    stopping = asyncio.create_task(run(settings(asterisk, line.url)))
    here = await settle(asterisk, line)
    os.kill(os.getpid(), signal.SIGTERM)
    await stopping
    await here.link.ended()
    await here.box.closed()


async def test_it_stops_although_the_manager_is_lost_in_the_same_moment(
    asterisk: Manager, line: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Race: SIGTERM to box and adapter at once, as when a machine shuts down."""

    async def lost_and_told_to_stop(link: Link) -> None:
        stopping.cancel()
        raise AmiClosed("lost")

    monkeypatch.setattr(Link, "run", lost_and_told_to_stop)
    stopping = asyncio.create_task(serve(settings(asterisk, line.url)))
    box = await asterisk.accept()
    await box.log_in()
    await box.resync()
    async with asyncio.timeout(5):
        await asyncio.wait({stopping})
    assert stopping.cancelled()


async def test_it_stops_while_everything_is_away(asterisk: Manager, line: Coordinator) -> None:
    before = signal.getsignal(signal.SIGINT)
    stopping = asyncio.create_task(run(settings(asterisk, line.url, ami_port=1)))

    async def listens() -> bool:
        return signal.getsignal(signal.SIGINT) is not before

    await eventually(listens)
    os.kill(os.getpid(), signal.SIGINT)
    await stopping


# ── whether the line is there ───────────────────────────────────────────────────────────────────

FALLBACK = {"fallback_after_s": 5, "fallback_context": "local-queues"}


async def test_the_box_is_told_what_to_do_without_us_before_it_is_told_that_we_live(
    asterisk: Manager, line: Coordinator
) -> None:
    async with serving(settings(asterisk, line.url, **FALLBACK)):
        box = await asterisk.accept()
        await box.log_in()
        await box.resync()
        link = await line.accept()
        await link.event()
        assert await box.told("GVQ_FALLBACK_AFTER") == "5"
        assert box.variables == {"GVQ_FALLBACK_CONTEXT": "local-queues", "GVQ_FALLBACK_AFTER": "5"}
        assert abs(int(await box.told("GVQ_ALIVE")) - time.time()) < 5


async def test_a_line_that_never_takes_the_snapshot_is_no_sign_of_life(
    asterisk: Manager, line: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It welcomes and fails, again and again: callers are to be sent on, links to become rarer."""
    resets: list[Backoff] = []
    monkeypatch.setattr(Backoff, "reset", lambda self: resets.append(self))
    async with serving(settings(asterisk, line.url, **FALLBACK)):
        box = await asterisk.accept()
        await box.log_in()
        key = await box.resync()
        for _ in range(3):
            link = await line.accept()
            await link.event(ack=False)
            await link.close(1011)
        link = await line.accept()
        await link.event(ack=False)
        forged = {name.capitalize(): text for name, text in joined(key="guess").items()}
        box.write(message(forged))
        box.answer(await box.expect("Getvar"), Value=key)  # after all that was written before
        assert "GVQ_ALIVE" not in box.variables
        assert resets == []
        await link.ack(1)
        await box.told("GVQ_ALIVE")
        assert resets


async def test_the_box_is_told_that_we_live_while_the_link_stands(
    asterisk: Manager, line: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fallback, "ALIVE_S", 0.01)
    async with running(asterisk, line, **FALLBACK) as here:
        for _ in range(3):
            await here.box.told("GVQ_ALIVE")
        line.refuse = HTTPStatus.SERVICE_UNAVAILABLE
        await here.link.close(1012)
        await eventually(lambda: _tried(line, 5))
        here.box.actions.clear()
        await eventually(lambda: _tried(line, 10))
        here.asterisk_says({**joined(), "key": "guess"})  # answered by a Getvar, after all else
        await here.box.expect("Getvar")
        signs = [a["Variable"] for a in here.box.actions if a["Action"] == "Setvar"]
        assert len(signs) <= 1, "but for one that was on its way"
        line.refuse = None
        await line.accept(seq=1)
        await here.box.told("GVQ_ALIVE")


async def _tried(line: Coordinator, times: int) -> bool:
    return line.tries > times


async def test_a_box_that_is_to_keep_holding_is_told_so(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        here.asterisk_says({**joined(), "key": "guess"})
        await here.box.expect("Getvar")
        told = {"GVQ_FALLBACK_CONTEXT": "", "GVQ_FALLBACK_AFTER": "0", "GVQ_ALIVE": ""}
        assert here.box.variables == told


async def test_nobody_is_rung_for_a_caller_who_left_while_the_line_was_away(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.command("1-0", originate())
        here.box.answer(await here.box.expect("Originate"))
        assert await here.link.done() == "1-0"
        line.refuse = HTTPStatus.SERVICE_UNAVAILABLE
        await here.link.close(1012)
        here.dialplan(dict(left()))
        assert (await here.box.expect("Hangup"))["Channel"] == OFFER_ID
