"""Agents dial feature codes at real SIP phones: what they hear, and whom the line rings then."""

import pytest

from tests.e2e.lab_site import REAL, LabSite
from tests.e2e.rig import Rig
from tests.waiting import eventually

pytestmark = [
    REAL,
    pytest.mark.timeout(180, func_only=True),
    pytest.mark.asyncio(loop_scope="module"),
]

REFUSED = ["Playback feature-not-avail-line", "Busy 2"]
PAUSED = ["Playback do-not-disturb&activated"]
UNPAUSED = ["Playback do-not-disturb&de-activated"]


async def furnish(rig: Rig, name: str = "101", box: str = "a") -> None:
    """A queue with one member, who is logged out, and the phone at its box."""
    ask = rig.coordinator.ask
    await rig.queue()
    await rig.phone(name, box)
    await ask("PUT", f"/v1/agents/{name}", {"interface": f"PJSIP/{name}"})
    await ask("PUT", f"/v1/queues/sales/members/{name}", {"penalty": 0})
    await ask("POST", f"/v1/agents/{name}/logout")
    await ask("POST", f"/v1/agents/{name}/unpause")
    await rig.agent_is(name, state="offline")


async def test_who_logs_in_by_phone_gets_the_waiting_caller(rig: Rig, site: LabSite) -> None:
    await furnish(rig)
    caller = await rig.call("b")
    assert await site.dials("101", "*51") == ["Playback agent-loginok"]
    assert await rig.answered_by(caller) == "101"
    rig.phones["101"].hang_up()
    assert await site.dials("101", "*51") == ["Playback agent-loginok"]
    assert await site.dials("101", "*52") == ["Playback agent-loggedoff"]
    await rig.agent_is("101", state="offline")


async def test_no_caller_rings_a_phone_whose_person_still_hears_that_it_is_logged_in(
    rig: Rig, site: LabSite
) -> None:
    await furnish(rig)
    await rig.call("a")
    began = len(site.onlookers["a"].events)
    await site.dials("101", "*51")
    await rig.coordinator.happens("call.connected", agent="101")
    events = site.onlookers["a"].events[began:]
    names = [
        event.name
        for event in events
        if (event.name == "Hangup" and event["CallerIDNum"] == "101")
        or (event.name == "Newchannel" and event["Uniqueid"].startswith("gvq-"))
    ]
    assert names == ["Hangup", "Newchannel"]


async def test_who_pauses_by_phone_is_not_rung(rig: Rig, site: LabSite) -> None:
    await furnish(rig)
    await site.dials("101", "*51")
    assert await site.dials("101", "*531") == PAUSED
    shown = await rig.coordinator.ask("GET", "/v1/agents/101")
    assert (shown["paused"], shown["pause_reason"]) == (True, "lunch")
    caller = await rig.call("a")
    assert await rig.waiting() == [caller.call_id]
    assert rig.rung(caller) == []
    assert await site.dials("101", "*5342") == PAUSED
    assert (await rig.coordinator.ask("GET", "/v1/agents/101"))["pause_reason"] == "42"
    assert await site.dials("101", "*54") == UNPAUSED
    assert await rig.answered_by(caller) == "101"


async def test_who_pauses_in_one_queue_is_rung_for_the_other(rig: Rig, site: LabSite) -> None:
    await furnish(rig)
    await rig.queue("support")
    await rig.coordinator.ask("PUT", "/v1/queues/support/members/101", {"penalty": 0})
    await site.dials("101", "*51")
    assert await site.dials("101", "*557") == PAUSED
    waits, other = await rig.call("a"), await rig.call("b", "support")
    assert await rig.answered_by(other) == "101"
    rig.phones["101"].hang_up()
    assert await site.dials("101", "*55404") == REFUSED
    assert rig.rung(waits) == []
    assert await site.dials("101", "*567") == UNPAUSED
    assert await rig.answered_by(waits) == "101"


async def test_a_phone_of_nobody_and_a_phone_of_another_box_are_refused(
    rig: Rig, site: LabSite
) -> None:
    await furnish(rig)
    await furnish(rig, "102", "b")
    await rig.phone("103", "a")
    assert await site.dials("103", "*51") == REFUSED
    await site.dials("101", "*60")
    assert site.variable("SAID_OF_102") == "NOTHERE"
    await site.dials("102", "*60", "b")
    assert site.variable("SAID_OF_102", "b") == "ADDED"


async def test_joining_and_leaving_a_queue_by_phone(rig: Rig, site: LabSite) -> None:
    await rig.queue()
    await rig.phone("110", "a")
    await site.dials("110", "*61")
    assert site.variable("SAID_OF_ADDING") == "ADDED"
    shown = await rig.coordinator.ask("GET", "/v1/agents/Bo_B")
    assert (shown["interface"], shown["logged_in"]) == ("PJSIP/110", True)
    member = shown["memberships"]["sales"]
    assert (member["paused"], member["pause_reason"], member["penalty"]) == (True, "not yet", 4)
    await site.dials("110", "*61")
    assert site.variable("SAID_OF_ADDING") == "MEMBERALREADY"
    for word in ("REMOVED", "NOTINQUEUE"):
        await site.dials("110", "*62")
        assert site.variable("SAID_OF_REMOVING") == word
    await rig.coordinator.ask("DELETE", "/v1/agents/Bo_B")


async def test_while_the_coordinator_is_away_the_phone_is_told_so_and_afterwards_all_lasts(
    rig: Rig, site: LabSite
) -> None:
    await furnish(rig)
    assert await site.dials("101", "*51") == ["Playback agent-loginok"]
    assert await site.dials("101", "*531") == PAUSED
    await rig.coordinator.program.stop()
    assert await site.dials("101", "*54") == ["Playback im-sorry&please-try-again", "Busy 2"]
    await rig.coordinator.program.start()
    await rig.coordinator.back()
    await rig.attached()
    shown = await rig.coordinator.ask("GET", "/v1/agents/101")
    assert (shown["logged_in"], shown["paused"], shown["pause_reason"]) == (True, True, "lunch")
    assert await site.dials("101", "*54") == UNPAUSED


async def test_while_the_adapter_is_away_the_phone_is_told_so(rig: Rig, site: LabSite) -> None:
    await furnish(rig)
    await rig.kill_adapter("a")
    assert await site.dials("101", "*51") == ["Playback im-sorry&please-try-again", "Busy 2"]
    await rig.adapters["a"].start()
    await rig.attached()
    await eventually(lambda: _logs_in(site))


async def _logs_in(site: LabSite) -> bool:
    return await site.dials("101", "*51") == ["Playback agent-loginok"]
