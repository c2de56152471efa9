"""What callers hear and press, from the queue's settings to the box: the words are the line's."""

from typing import Any

import pytest

from ami_adapter.simulator.phones import Behaviour
from tests.e2e.rig import Caller, Rig
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEXT = ["queue-youarenext", "queue-thankyou"]


def place(position: int) -> list[str]:
    return ["queue-thereare", f"#{position}", "queue-callswaiting", "queue-thankyou"]


async def listening(rig: Rig, boxes: str, **settings: Any) -> list[Caller]:
    """A queue that speaks, and a caller on each of these boxes."""
    for box in boxes:
        await rig.site.listen(box)
    await rig.queue(**settings)
    return [await rig.call(box) for box in boxes]


async def test_callers_of_two_boxes_hear_their_places_in_the_one_line(rig: Rig) -> None:
    told = {"announce_frequency": 60, "min_announce_frequency": 1}
    first, second, third = await listening(rig, "aba", **told)
    await rig.hears(first, NEXT)
    await rig.hears(second, place(2))
    await rig.hears(third, place(3))
    await first.hang_up()
    await rig.hears(second, NEXT)
    await rig.hears(third, place(2))


async def test_periodic_announcements_in_turn(rig: Rig) -> None:
    told: dict[str, Any] = {
        "periodic_announce": "beep,beeperr", "periodic_announce_frequency": 1,
        "periodic_announce_startdelay": 0,
    }  # fmt: skip
    (caller,) = await listening(rig, "a", **told)
    await rig.hears(caller, ["beep", "beeperr", "beep"])
    assert caller.person.said[:3] == ["beep", "beeperr", "beep"]


async def test_the_hold_time_is_the_queues_average(rig: Rig) -> None:
    """One caller waits for some nine seconds; the next hears of ten."""
    told: dict[str, Any] = {
        "announce_frequency": 60,
        "announce_position": "no",
        "announce_round_seconds": 5,
    }
    (slow,) = await listening(rig, "b", **told)

    async def nine_seconds() -> bool:
        (row,) = await rig.coordinator.ask("GET", "/v1/queues/sales/callers")
        return bool(row["waited_s"] > 9)

    await eventually(nine_seconds)
    await rig.agent("101", "b", Behaviour(talk=0.2))
    assert await rig.answered_by(slow) == "101"
    await rig.coordinator.happens("call.completed", call_id=slow.call_id)
    await rig.coordinator.ask("POST", "/v1/agents/101/logout")
    await rig.site.listen("a")
    caller = await rig.call("a")
    hold = ["queue-holdtime", "#10", "queue-seconds", "queue-thankyou"]
    await rig.hears(caller, hold)
    assert slow.person.said == []
    assert caller.person.said == hold


async def test_an_agent_answers_amid_an_announcement(rig: Rig) -> None:
    (caller,) = await listening(rig, "a", announce_frequency=60)
    await rig.hears(caller, NEXT[:1])
    await rig.agent("101", "c", Behaviour(talk=0.5))
    assert await rig.answered_by(caller) == "101"
    spoken = list(caller.person.said)
    assert await rig.outcome(caller) == "answered"
    await rig.until_ended(caller)
    assert caller.person.said == spoken


async def test_a_key_leads_out_and_the_journal_says_which(rig: Rig) -> None:
    (caller,) = await listening(rig, "a", announce_frequency=60, context="keys")
    await rig.hears(caller, NEXT[:1])
    await caller.person.press("1")
    left = await rig.coordinator.happens("caller.left", call_id=caller.call_id)
    assert (left.data["outcome"], left.data["reason"]) == ("exit_key", "1")
    await rig.history_says(caller, "exit_key")
    assert caller.person.said == NEXT[:1]
    assert await rig.verify() == ""
