"""gvq.conf on real boxes: SIPp callers join, are held, and leave. No adapter, no coordinator."""

import pytest

from ami_adapter.lab import Box
from ami_adapter.lab.callers import Callers
from ami_adapter.lab.phones import Phone
from tests.lab.ami import Ami
from tests.lab.by_hand import offer, release, waits_on

# Building the lab's root folder, once, is not the first test's own time.
pytestmark = [pytest.mark.lab, pytest.mark.timeout(120, func_only=True)]


async def test_a_join_tells_all_the_line_needs(ami: Ami, a: Box) -> None:
    async with Callers(a, "bounded"):
        join = await ami.wait("GvqJoin")
        kept = await ami.variable(join["Uniqueid"], "GVQ_JOIN")
    told = {name: join[name] for name in ("Visit", "Queue", "Prio", "CallerNum", "CallerName")}
    assert told == {
        "Visit": "1",
        "Queue": "sales.vip-2",
        "Prio": "7",
        "CallerNum": "5550001",
        "CallerName": "Caller%200001",
    }
    assert (join["MinPenalty"], join["MaxPenalty"], join["RaisePenalty"]) == ("1", "9", "r3")
    assert join["Rule"] == "rule_2.0-a"
    assert (join["Position"], join["Timeout"], join["Once"]) == ("3", "90", "1")
    assert join["Key"] == "the-key"
    assert abs(join.at - float(join["Since"])) < 1
    assert kept == f"sales.vip-2|{join['Since']}|7|1|9|r3|rule_2.0-a|3|90|1|5550001|Caller%200001|1"


async def test_no_header_of_our_events_comes_twice(ami: Ami, a: Box) -> None:
    async with Callers(a, "briefly"):
        await ami.wait("GvqLeave")
    for event in [*ami.all("GvqJoin"), *ami.all("GvqLeave")]:
        names = [name for name, _ in event.headers]
        assert len(names) == len(set(names))


async def test_without_wishes_there_are_none(ami: Ami, a: Box) -> None:
    async with Callers(a, "own-music"):
        join = await ami.wait("GvqJoin")
    assert (join["Position"], join["Timeout"], join["Once"]) == ("", "", "0")


async def test_one_status_action_finds_who_waits(ami: Ami, a: Box) -> None:
    async with Callers(a, "sales"):
        join = await ami.wait("GvqJoin")
        names = "GVQ_STATE,GVQ_JOIN,GVQ_TICKET"
        (found,) = await ami.listed("Status", Variables=names)
    variables = [value for name, value in found.headers if name == "Variable"]
    assert found["Uniqueid"] == join["Uniqueid"]
    assert "GVQ_STATE=waiting" in variables
    assert any(value.startswith(f"GVQ_JOIN=sales|{join['Since']}|") for value in variables)


async def test_the_caller_hears_music(ami: Ami, a: Box) -> None:
    async with (
        Phone("120", a.sip, audio=True) as ear,
        Callers(a, "sales", media_port=ear.audio_port),
    ):
        await ear.until(lambda: ear.heard > 10)
        assert ami.all("MusicOnHoldStart")[0]["Class"] == "default"


async def test_a_digit_costs_no_place(ami: Ami, a: Box) -> None:
    async with Callers(a, "sales"):
        caller = (await ami.wait("GvqJoin"))["Uniqueid"]
        await ami.action("PlayDTMF", Channel=caller, Digit="5", Receive="true")
        await ami.wait("Newexten", Uniqueid=caller, Exten="5")
        await waits_on(ami, caller)
        assert await ami.variable(caller, "GVQ_STATE") == "waiting"


async def test_the_timeout_comes_back_as_queuestatus(ami: Ami, a: Box) -> None:
    async with Callers(a, "briefly"):
        join = await ami.wait("GvqJoin")
        left = await ami.wait("GvqLeave")
        returned = await ami.wait("Returned")
    assert (left["Outcome"], left["Reason"], left["Visit"]) == ("timeout", "TIMEOUT", "1")
    assert left["Key"] == "the-key"
    assert 1 <= left.at - float(join["Since"]) < 2
    assert returned["Status"] == "TIMEOUT"


async def test_a_released_caller_goes_on_with_the_status(ami: Ami, a: Box) -> None:
    async with Callers(a, "continue"):
        join = await ami.wait("GvqJoin")
        await release(ami, join, "WITHDRAW")
        left, returned = await ami.wait("GvqLeave"), await ami.wait("Returned")
    assert (left["Outcome"], left["Reason"]) == ("redirected", "WITHDRAW")
    assert returned["Status"] == "WITHDRAW"


async def test_hanging_up_runs_the_operators_own_h_extension_once(ami: Ami, a: Box) -> None:
    async with Callers(a, "sales") as callers:
        caller = (await ami.wait("GvqJoin"))["Uniqueid"]
        await callers.hang_up()
        await ami.wait("Hangup", Uniqueid=caller)
    assert len(ami.all("OwnHangupExtension", Uniqueid=caller)) == 1
    assert not ami.all("GvqLeave")


async def test_a_caller_released_out_of_option_b_goes_on_behind_the_queue(ami: Ami, a: Box) -> None:
    async with Callers(a, "released"):
        join = await ami.wait("GvqJoin")
        await ami.wait("Slow")
        await release(ami, join, "WITHDRAW")
        returned = await ami.wait("Returned")
    assert returned["Status"] == "WITHDRAW"
    assert not ami.all("Newexten", Context="gvq-wait", Application="UserEvent")


@pytest.mark.parametrize(("extension", "runs"), [("first-without-h", 1), ("then-without-h", 0)])
async def test_the_h_extension_is_of_the_context_that_called_last(
    ami: Ami, a: Box, extension: str, runs: int
) -> None:
    """Hung up while it talks, in the second queue of two."""
    async with Phone("101", a.sip) as phone, Callers(a, extension) as callers:
        join = await ami.wait("GvqJoin", 2)
        offer_id = await offer(ami, join, "PJSIP/101", visit=2)
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
        ami.events.clear()
        await callers.hang_up()
        await ami.wait("Hangup", Uniqueid=join["Uniqueid"])
        await phone.until(lambda: not phone.active)
    assert len(ami.all("OwnHangupExtension", Uniqueid=join["Uniqueid"])) == runs
    assert not ami.all("Newexten", Context="gvq-gone", AppData="without-h,h,1")
