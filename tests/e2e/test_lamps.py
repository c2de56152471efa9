"""Lamps on phones at every box: lit by the one line, and right again after whatever fails."""

import pytest

from ami_adapter.simulator.phones import Behaviour
from tests.e2e.programs import WITHIN_S
from tests.e2e.rig import Lamp, Rig
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def lamps(rig: Rig, name: str) -> list[Lamp]:
    """A key for this device at each box."""
    return [await rig.site.lamp(box, name) for box in rig.boxes]


async def show(keys: list[Lamp], state: str) -> None:
    """Wait until all of them show this."""

    async def so() -> bool:
        return {key.state for key in keys} == {state}

    try:
        await eventually(so, WITHIN_S)
    except TimeoutError:
        raise TimeoutError(f"{[key.state for key in keys]}, not {state}") from None


async def test_a_caller_on_one_box_lights_the_lamp_on_all(alone: Rig) -> None:
    await alone.queue()
    keys = await lamps(alone, "sales")
    await show(keys, "NOT_INUSE")
    caller, second = await alone.call("b"), await alone.call("c")
    await show(keys, "RINGING")
    await caller.hang_up()
    await alone.outcome(caller)
    await alone.agent("101", "a")
    assert await alone.answered_by(second) == "101"
    await show(keys, "NOT_INUSE")


async def test_the_available_lamp_follows_agents_and_their_pauses(alone: Rig) -> None:
    await alone.queue()
    free, paused = await lamps(alone, "sales_avail"), await lamps(alone, "sales_pause_101")
    await show(free, "INUSE")
    await alone.agent("101", "c", Behaviour("ignore"))
    await show(free, "NOT_INUSE")
    await alone.coordinator.ask("POST", "/v1/agents/101/pause", {"reason": "lunch"})
    await show(free, "INUSE")
    await show(paused, "INUSE")
    await alone.coordinator.ask("POST", "/v1/agents/101/unpause")
    await show(free, "NOT_INUSE")
    await show(paused, "NOT_INUSE")
    await alone.phones["101"].away()
    await show(free, "INUSE")


async def test_after_a_restart_of_the_box_its_lamps_are_right(alone: Rig) -> None:
    """Asterisk keeps a Custom state over its restart; this one is old by then."""
    await alone.queue()
    keys = await lamps(alone, "sales")
    caller = await alone.call("a")
    await show(keys, "RINGING")
    await alone.adapters["c"].stop()
    await caller.hang_up()
    await show(keys[:2], "NOT_INUSE")
    assert keys[2].state == "RINGING"
    await alone.site.restart("c")
    await alone.adapters["c"].start()
    await show(keys, "NOT_INUSE")


async def test_without_the_coordinator_for_long_they_say_so_until_it_is_back(alone: Rig) -> None:
    await alone.queue()
    keys = await lamps(alone, "sales")
    await alone.call("a")
    await show(keys, "RINGING")
    await alone.adapters["b"].kill()
    await alone.coordinator.program.kill()
    await alone.adapters["b"].start()  # it has never met the line
    await show(keys, "UNAVAILABLE")
    await alone.coordinator.start()
    await show(keys, "RINGING")
