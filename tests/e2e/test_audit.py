"""The journal of a real day, and what `gvq verify` and `gvq why` make of it."""

import json
from collections import Counter
from collections.abc import Sequence

import pytest

from ami_adapter.simulator.phones import Behaviour
from coordinator.journal import Entry
from tests.e2e.programs import gvq
from tests.e2e.rig import Rig
from tests.queue_log.reader import Event, read, read_line
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _a_day(rig: Rig) -> list[Entry]:
    """Callers answered, refused, abandoned, timed out, on three boxes."""
    await rig.queue(retry=1)
    callers = [await rig.call(box) for box in "abcab"]
    await callers[3].hang_up()
    short = await rig.call("c", timeout=1)
    await rig.outcome(short)
    await rig.agent("101", "a", Behaviour("decline", after=0.1))
    await rig.agent("102", "b", Behaviour(talk=0.2))
    for caller in callers:
        await rig.outcome(caller)
    await rig.coordinator.happens("call.completed", 4)
    return rig.coordinator.entries


async def _verify(entries: Sequence[Entry]) -> tuple[int, str]:
    return await gvq("verify", "-", text="\n".join(json.dumps(e.to_json()) for e in entries))


async def test_a_day_breaks_no_rule(rig: Rig) -> None:
    status, output = await _verify(await _a_day(rig))
    assert status == 0, output


async def test_its_queue_log_is_one_of_asterisks(rig: Rig) -> None:
    """Read by a reader that knows only what app_queue writes."""
    await _a_day(rig)
    log = rig.coordinator.queue_log
    calls = {joined.data["uniqueid"] for joined in rig.coordinator.of("caller.joined")}

    def lines() -> list[Event]:
        told = [read_line(line) for line in log.read_text("utf-8").splitlines()]
        return [event for event in told if event.callid in calls]

    async def complete() -> bool:
        return [event.name for event in lines()].count("COMPLETEAGENT") == 4

    await eventually(complete)
    report = read(log.read_text("utf-8"))
    assert report.members == {("sales", "PJSIP/101"), ("sales", "PJSIP/102")}
    refused = len(rig.coordinator.of("offer.ended", outcome="rejected"))
    assert Counter(event.name for event in lines()) == {
        "ENTERQUEUE": 6, "ABANDON": 1, "EXITWITHTIMEOUT": 1, "RINGNOANSWER": refused,
        "CONNECT": 4, "COMPLETEAGENT": 4,
    }  # fmt: skip


async def test_two_swapped_entries_are_found(rig: Rig) -> None:
    """A journal in which the second caller is offered the agent before the first is wrong."""
    entries = list(await _a_day(rig))
    made = [n for n, entry in enumerate(entries) if entry.type == "offer.made"]
    first, last = made[0], made[-1]
    entries[first], entries[last] = entries[last], entries[first]
    status, output = await _verify(entries)
    assert status == 1, output


async def test_why_tells_a_callers_story(rig: Rig) -> None:
    await _a_day(rig)
    call_id = rig.coordinator.of("caller.joined")[0].data["call_id"]
    story = await rig.coordinator.ask("GET", f"/v1/calls/{call_id}/why")
    assert "102" in " ".join(story["sentences"])
