"""Dialplans of real boxes ask the line before they let a caller in, and write into queue_log."""

import pytest

from tests.e2e.lab_site import REAL, LabSite, SipPerson
from tests.e2e.rig import Rig
from tests.waiting import eventually

pytestmark = [
    REAL,
    pytest.mark.timeout(180, func_only=True),
    pytest.mark.asyncio(loop_scope="module"),
]


async def seen(site: LabSite, number: str, box: str = "a") -> list[str]:
    """What the dialplan has seen for this caller, once it has gone on."""
    listed: list[str] = []

    async def so() -> bool:
        listed[:] = site.variable(f"SEEN_BY_{number}", box).split("|")
        return listed != [""]

    await eventually(so)
    return listed


async def went_on(person: SipPerson) -> str:
    async def so() -> bool:
        return person.status != ""

    await eventually(so)
    return person.status


async def test_a_caller_overflows_because_three_wait_on_other_boxes(
    rig: Rig, site: LabSite
) -> None:
    """And the line that its dialplan writes stands between those of callers before and after."""
    await rig.queue()
    waiting = [await rig.call("b"), await rig.call("c"), await rig.call("b")]
    fourth = await site.comes_in("a", "overflow", "7771")
    assert await went_on(fourth) == "OVERFLOW"
    assert await seen(site, "7771") == ["FOUND", "1", "3"]
    await waiting[0].hang_up()
    assert await rig.outcome(waiting[0]) == "abandoned"
    fifth = await site.comes_in("a", "overflow", "7772")
    await rig.joined(fifth)
    assert await seen(site, "7772") == ["FOUND", "1", "2"]
    log = rig.coordinator.queue_log
    events = ["ENTERQUEUE", "ENTERQUEUE", "ENTERQUEUE", "OVERFLOW", "ABANDON", "ENTERQUEUE"]

    async def whole() -> bool:
        told = [line.split("|") for line in log.read_text("utf-8").splitlines()]
        return [fields[4] for fields in told if fields[2] == "sales"][-6:] == events

    await eventually(whole)
    [line] = [line for line in log.read_text("utf-8").splitlines() if "|OVERFLOW|" in line]
    [logged] = rig.coordinator.of("queue.logged")
    assert line.partition("|")[2] == f"{logged.data['uniqueid']}|sales|NONE|OVERFLOW|3|7771"
    assert logged.data["box"] == "a"
    await fifth.hang_up()


async def test_figures_and_a_member_of_the_whole_line(rig: Rig, site: LabSite) -> None:
    await rig.queue(maxlen=9, servicelevel=30)
    await rig.agent("101", "b")
    await rig.agent("102", "c")
    ask = rig.coordinator.ask
    await ask("PUT", "/v1/queues/sales/members/102", {"penalty": 4, "ringinuse": True})
    await ask("POST", "/v1/agents/102/pause")
    await site.comes_in("a", "figures", "7773")
    told = await seen(site, "7773")
    assert told[:5] == ["2", "1", "1", "2", "PJSIP/101,PJSIP/102"]
    assert told[5:8] == ["4", "1", "1"]
    assert told[8:] == ["9", "linear", "0", "30", ""]
    await ask("POST", "/v1/agents/102/unpause")


async def test_a_queue_that_is_not_there(rig: Rig, site: LabSite) -> None:
    person = await site.comes_in("a", "overflow", "7774")
    assert await seen(site, "7774") == ["NOSUCHQUEUE", "0", ""]
    await person.hang_up()


async def test_a_member_sets_its_penalty_at_the_phone(rig: Rig, site: LabSite) -> None:
    await rig.queue()
    await rig.agent("101", "a")
    shown: dict[str, object] = {"penalty": 0, "ringinuse": None, "paused": False}
    steps: list[tuple[str, dict[str, object]]] = [
        ("penalty*7", {"penalty": 7}), ("ringinuse*1", {"ringinuse": True}),
        ("paused*1", {"paused": True}), ("paused*0", {"paused": False}),
    ]  # fmt: skip
    results = []
    for code, change in steps:
        await site.dials("101", f"*63*{code}")
        results.append(site.variable("SAID_OF_SETTING"))
        shown |= change
        member = (await rig.coordinator.ask("GET", "/v1/agents/101"))["memberships"]["sales"]
        assert {name: member[name] for name in shown} == shown
    assert results == ["SET", "SET", "PAUSED", "UNPAUSED"]
    for code in ("penalty*-1", "penalty*x", "wrapup*1"):
        await site.dials("101", f"*63*{code}")
        assert site.variable("SAID_OF_SETTING") == "INVALID"


async def test_while_the_coordinator_is_away_the_caller_goes_on_and_a_line_for_queue_log_is_kept(
    rig: Rig, site: LabSite
) -> None:
    await rig.queue()
    await rig.coordinator.program.stop()
    person = await site.comes_in("a", "overflow", "7775")
    assert await seen(site, "7775") == ["LINEAWAY", "", ""]
    await rig.coordinator.program.start()
    await rig.coordinator.back()
    await rig.attached()
    caller = await rig.joined(person)
    assert await rig.waiting() == [caller.call_id]
    await person.hang_up()


async def test_while_the_adapter_is_away_the_caller_goes_on(rig: Rig, site: LabSite) -> None:
    await rig.queue()
    await rig.kill_adapter("a")
    person = await site.comes_in("a", "overflow", "7776")
    assert await seen(site, "7776") == ["LINEAWAY", "", ""]
    await rig.adapters["a"].start()
    await rig.attached()
    await rig.joined(person)
    await person.hang_up()
