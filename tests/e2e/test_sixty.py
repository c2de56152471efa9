"""The main job at its usual size, told by the phones and callers themselves.

Sixty callers over three boxes, six agents over the same boxes with penalties 0, 0, 1, 1, 2, 2.
An agent hangs up only once the call before has been passed on, so that no two INVITEs are due
in the same millisecond and their order on the wire is the line's own, whatever the machine's load.
"""

import pytest

from tests.e2e.rig import Rig

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLERS = 60
AGENTS = {"101": ("a", 0), "102": ("b", 0), "103": ("c", 1), "104": ("a", 1), "105": ("b", 2),
          "106": ("c", 2)}  # fmt: skip


async def _answered(rig: Rig, count: int) -> None:
    await rig.coordinator.until(lambda _: len(rig.coordinator.of("call.connected")) >= count)


async def test_sixty_callers_of_three_boxes_are_rung_in_the_order_of_joining(rig: Rig) -> None:
    await rig.queue(strategy="leastrecent")
    before = len(rig.coordinator.of("call.connected"))
    callers = [await rig.call("abc"[n * 7 % 3]) for n in range(CALLERS)]
    order = [caller.number for caller in callers]
    phones = []
    for served, (agent, (box, penalty)) in enumerate(AGENTS.items(), start=1):
        phones.append(await rig.agent(agent, box, sales=penalty))
        await _answered(rig, before + served)
    for served in range(len(AGENTS) + 1, CALLERS + 1):
        phones[served % len(phones)].hang_up()
        await _answered(rig, before + served)
    first = [ring.number for ring in rig.first_rings()]
    assert first == order, "read from the INVITEs at the phones"
    assert rig.double_invites() == []
    assert [ring.number for ring in rig.rings()] == order, "nobody was rung in vain"


async def test_a_worse_penalty_rings_only_while_all_better_ones_are_busy(rig: Rig) -> None:
    await rig.queue(strategy="leastrecent")
    for agent, (box, penalty) in AGENTS.items():
        await rig.agent(agent, box, sales=penalty)
    before = len(rig.coordinator.of("call.connected"))
    for served in range(1, len(AGENTS) + 1):
        await rig.call("abc"[served % 3])
        await _answered(rig, before + served)
    penalties = [AGENTS[ring.agent][1] for ring in rig.rings()]
    assert penalties == sorted(penalties) == [0, 0, 1, 1, 2, 2]
    rig.phones["103"].hang_up()
    await rig.agent_is("103", state="available")
    await rig.call("a")
    await _answered(rig, before + len(AGENTS) + 1)
    assert rig.rings()[-1].agent == "103", "both of penalty 0 talk, so the free one of penalty 1"
