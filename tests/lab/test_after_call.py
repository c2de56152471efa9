"""What becomes of caller and agent after the talk, and the variables of it, on real boxes."""

import time
from typing import Any
from urllib.parse import quote, unquote

import pytest

from tests.e2e.rig import Rig
from tests.lab.desks import call_to, desk, onlooker
from tests.waiting import eventually

pytestmark = [
    pytest.mark.lab,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120, func_only=True),
]


async def ready(rig: Rig, **settings: Any) -> None:
    """A queue and agent 101; nothing was seen at box a so far."""
    await rig.queue(**settings)
    await rig.agent("101", "a")
    onlooker(rig).events.clear()


async def a_while_after(moment: float) -> None:
    """Long enough that a time which was not measured differs from one that was."""

    async def passed() -> bool:
        return time.time() > moment + 1.5

    await eventually(passed)


def between(low_s: float, variables: str, high_s: float) -> bool:
    """SECONDS/MILLISECONDS say the same, and a time within these bounds.

    The dialplan reads its clock in whole ms, twice, and drops what is less of the difference.
    """
    seconds, milliseconds = (int(part) for part in variables.split("/"))
    return seconds == milliseconds // 1000 and low_s - 0.002 < milliseconds / 1000 < high_s + 0.002


@pytest.mark.parametrize("extension", ["goes-on", "goes-next"])
async def test_option_f_takes_the_agent_on_when_the_caller_hangs_up(
    rig: Rig, extension: str
) -> None:
    await ready(rig)
    caller = await call_to(rig, extension)
    connected = await rig.coordinator.happens("call.connected")
    await caller.hang_up()
    survey = await onlooker(rig).wait("Survey")
    assert survey["Offer"] == survey["Uniqueid"] == connected.data["offer_id"]
    done = await rig.coordinator.happens("call.completed")
    assert done.data["ended_by"] == "caller"
    phone = desk(rig, "101")
    assert phone.active
    await rig.agent_is("101", state="in_use")
    phone.hang_up(phone.active[0])
    await rig.agent_is("101", state="available")


async def test_without_it_the_agent_is_hung_up(rig: Rig) -> None:
    await ready(rig)
    caller = await rig.call("a")
    await rig.answered_by(caller)
    await caller.hang_up()
    await desk(rig, "101").until(lambda: not desk(rig, "101").active)


async def test_option_c_goes_on_with_the_times_of_the_talk(rig: Rig) -> None:
    """Each as long as what was seen within it at least, and at most as what was seen around it."""
    await ready(rig)
    phone = desk(rig, "101")
    phone.answer_after = None
    called = time.time()
    caller = await call_to(rig, "opt-c")
    joined = time.time()
    await phone.until(lambda: bool(phone.active))
    call = phone.active[0]
    await a_while_after(joined)
    phone.answer(call)
    await rig.answered_by(caller)
    talking = time.time()
    await a_while_after(talking)
    phone.hang_up(call)
    back = await onlooker(rig).wait("Returned")
    assert (back["Status"], back["Position"], back["Abandoned"]) == ("CONTINUE", "1", "")
    assert call.answered
    assert call.ended
    assert between(call.ended - talking, back["Answered"], back.at - call.answered)
    assert between(call.answered - joined, back["Waited"], talking - called)
    assert int(call.ended) - int(joined) <= int(back["Dialed"]) <= int(back.at) - int(called)


async def test_who_leaves_unserved_has_abandoned(rig: Rig) -> None:
    await ready(rig)
    await rig.coordinator.ask("POST", "/v1/agents/101/logout")
    caller = await call_to(rig, "briefly")
    await rig.outcome(caller)
    back = await onlooker(rig).wait("Returned")
    assert (back["Status"], back["Abandoned"], back["Answered"]) == ("TIMEOUT", "TRUE", "0/0")
    assert back["Position"] == "1"
    assert back["Waited"].partition("/")[0] == "1"


async def test_who_leaves_by_a_key_had_a_position_and_has_not_abandoned(rig: Rig) -> None:
    await ready(rig, context="exits")
    await rig.coordinator.ask("POST", "/v1/agents/101/logout")
    await rig.call("b")
    caller = await call_to(rig, "opt-c")
    uniqueid = (await rig.coordinator.happens("caller.joined", box="a")).data["uniqueid"]
    ami = onlooker(rig)
    await ami.wait("MusicOnHoldStart", Uniqueid=uniqueid)
    await ami.action("PlayDTMF", Channel=uniqueid, Digit="1", Receive="true")
    assert await rig.outcome(caller) == "exit_key"
    await ami.wait("WentOut")
    assert await ami.variable(uniqueid, "QUEUEPOSITION") == "2"
    assert await ami.variable(uniqueid, "ABANDONED") == ""


async def test_who_is_withdrawn_is_told_why(rig: Rig) -> None:
    await ready(rig)
    await rig.coordinator.ask("POST", "/v1/agents/101/logout")
    await rig.call("b")
    caller = await call_to(rig, "opt-c")
    why = 'a, b: "${SHELL(x)}" $[1+1] | é\u2028' + "x" * 220
    where = f"/v1/calls/{caller.call_id}?reason={quote(why)}"
    await rig.coordinator.ask("DELETE", where)
    back = await onlooker(rig).wait("Returned")
    assert (back["Status"], back["Position"], back["Abandoned"]) == ("WITHDRAW", "2", "TRUE")
    assert unquote(back["Info"]) == why.replace("\u2028", "")[:200]


async def test_a_caller_who_hangs_up_in_the_talk_runs_the_h_extension(rig: Rig) -> None:
    await ready(rig)
    caller = await rig.call("a")
    await rig.answered_by(caller)
    talking = time.time()
    await a_while_after(talking)
    hung_up = time.time()
    await caller.hang_up()
    gone = await onlooker(rig).wait("OwnHangupExtension")
    assert (gone["Status"], gone["Abandoned"]) == ("COMPLETE", "")
    [call] = [call for call in desk(rig, "101").invites if call.caller == caller.number]
    assert call.answered
    assert between(hung_up - talking, gone["Answered"], gone.at - call.answered)
    await rig.coordinator.happens("call.completed")
    assert len(onlooker(rig).all("OwnHangupExtension")) == 1


async def served_once(rig: Rig) -> None:
    """Somebody has waited, and talked to 101, more than a second each."""
    phone = desk(rig, "101")
    phone.answer_after = None
    caller = await rig.call("a")
    await a_while_after(time.time())
    await phone.until(lambda: bool(phone.active))
    phone.answer(phone.active[0])
    await rig.answered_by(caller)
    await a_while_after(time.time())
    await caller.hang_up()
    await rig.coordinator.happens("call.completed", call_id=caller.call_id)
    phone.answer_after = 0.0


async def test_all_variables_are_on_both_channels(rig: Rig) -> None:
    """Of a second call, whose figures are not 0: it came second and is not alone."""
    given: dict[str, Any] = {"maxlen": 9, "servicelevel": 20}
    await ready(rig, setinterfacevar=True, setqueuevar=True, setqueueentryvar=True, **given)
    await rig.member("101", "a", sales=3)
    await served_once(rig)
    await rig.coordinator.ask("POST", "/v1/agents/101/logout")
    ahead = await rig.call("b")
    caller = await call_to(rig, "opt-c")
    await rig.call("b")
    await a_while_after(time.time() + 1)
    await ahead.hang_up()
    assert await rig.outcome(ahead) == "abandoned"
    shown = await rig.coordinator.ask("GET", "/v1/queues/sales")
    [before] = rig.coordinator.of("call.completed")
    await rig.coordinator.ask("POST", "/v1/agents/101/login")
    connected = await rig.coordinator.happens("call.connected", call_id=caller.call_id)
    wanted = {
        "MEMBERINTERFACE": "PJSIP/101", "MEMBERNAME": "101", "MEMBERCALLS": "1",
        "MEMBERLASTCALL": str(before.at_us // 1_000_000), "MEMBERPENALTY": "3",
        "MEMBERDYNAMIC": "1", "MEMBERREALTIME": "0",
        "QUEUENAME": "sales", "QUEUEMAX": "9", "QUEUESTRATEGY": "linear", "QUEUECALLS": "2",
        "QUEUEHOLDTIME": str(int(shown["hold_s"])), "QUEUETALKTIME": str(int(shown["talk_s"])),
        "QUEUECOMPLETED": "1", "QUEUEABANDONED": "1", "QUEUESRVLEVEL": "20",
        "QUEUESRVLEVELPERF": "100.0",
        "QEORIGINALPOS": "2",
    }  # fmt: skip
    assert "0" not in {wanted["QUEUEHOLDTIME"], wanted["QUEUETALKTIME"]}
    waited_s = connected.data["hold_us"] / 1_000_000
    for channel in (connected.data["uniqueid"], connected.data["offer_id"]):
        found = {name: await onlooker(rig).variable(channel, name) for name in wanted}
        assert found == wanted
        held = int(await onlooker(rig).variable(channel, "QEHOLDTIME"))
        assert 1 <= held <= waited_s + 1, "by a clock of whole seconds"


async def test_subroutines_run_on_each_channel_before_the_talk(rig: Rig) -> None:
    await ready(rig, membergosub="popup,a b,c", setinterfacevar=True)
    caller = await call_to(rig, "subs")
    connected = await rig.coordinator.happens("call.connected", call_id=caller.call_id)
    ami = onlooker(rig)
    assert (await ami.wait("Before", Who="caller"))["Uniqueid"] == connected.data["uniqueid"]
    assert (await ami.wait("Before", Who="agent"))["Mine"].startswith("PJSIP/101-")
    assert desk(rig, "101").active[0].caller == caller.number
    popup = await ami.wait("Popup")
    assert (popup["Args"], popup["Member"]) == ("a b-c", "101")
    assert popup["Offer"] == connected.data["offer_id"]


async def test_the_applications_subroutine_goes_before_the_queues(rig: Rig) -> None:
    await ready(rig, membergosub="popup,a,b")
    caller = await call_to(rig, "gosub")
    await rig.answered_by(caller)
    assert (await onlooker(rig).wait("Popup"))["Args"] == "-"
