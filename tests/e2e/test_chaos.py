"""Each part is killed while twenty callers wait: none is lost, and the order stays.

Each test is named after what is killed, or after the race. The phones, not the journal, say in
which order callers were rung: one agent takes one after the other.
"""

import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from ami_adapter.simulator.phones import Behaviour
from tests.e2e.programs import WITHIN_S
from tests.e2e.rig import Caller, Rig
from tests.waiting import eventually

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240, func_only=True),
]

CALLERS = 20


async def _twenty(rig: Rig) -> list[Caller]:
    """Twenty callers who wait on three boxes, in order."""
    await rig.queue(strategy="leastrecent")
    return [await rig.call("abc"[n % 3]) for n in range(CALLERS)]


async def _all_are_served_in_order(rig: Rig, callers: list[Caller]) -> None:
    """An agent comes; everybody is answered, in the order of joining, nobody rung twice."""
    await rig.agent("101", "b", Behaviour(talk=0.05))
    for caller in callers:
        assert await rig.outcome(caller) == "answered"
    rung = [ring.number for ring in rig.first_rings()]
    told = [*rig.coordinator.of("box.detached"), *rig.coordinator.of("offer.made")[:3]]
    why = "\n".join(str(entry.to_json()) for entry in told)
    assert rung == [caller.number for caller in callers], why
    assert rig.double_invites() == []
    assert await rig.verify() == ""


async def _line_is(rig: Rig, callers: list[Caller]) -> None:
    """Wait until the line holds exactly these callers, in this order."""
    wanted = [caller.call_id for caller in callers]
    there: list[str] = []

    async def so() -> bool:
        there[:] = await rig.waiting()
        return there == wanted

    with suppress(TimeoutError):
        await eventually(so, WITHIN_S)
    joined = "\n".join(str(entry.to_json()) for entry in rig.coordinator.of("caller.joined"))
    assert there == wanted, joined


async def kill_an_adapter(rig: Rig) -> None:
    await rig.kill_adapter("b")
    await rig.coordinator.happens("box.detached", box="b")
    await rig.adapters["b"].start()


async def kill_every_adapter(rig: Rig) -> None:
    for box in rig.boxes:
        await rig.kill_adapter(box)
    for box in rig.boxes:
        await rig.adapters[box].start()


async def kill_the_coordinator(rig: Rig) -> None:
    await rig.coordinator.program.kill()
    await rig.coordinator.start()


async def kill_redis(rig: Rig) -> None:
    os.kill(rig.coordinator.valkey_pid(), signal.SIGKILL)
    await rig.coordinator.back()


async def kill_everything(rig: Rig) -> None:
    for box in rig.boxes:
        await rig.adapters[box].kill()
    await kill_the_coordinator(rig)
    for box in rig.boxes:
        await rig.adapters[box].start()


@pytest.mark.parametrize(
    "kill",
    [kill_an_adapter, kill_every_adapter, kill_the_coordinator, kill_redis, kill_everything],
)
async def test_twenty_waiting_callers_keep_their_order(
    alone: Rig, kill: Callable[[Rig], Awaitable[None]]
) -> None:
    callers = await _twenty(alone)
    await kill(alone)
    await alone.attached()
    await _line_is(alone, callers)
    await _all_are_served_in_order(alone, callers)


async def test_a_caller_who_joins_while_the_adapter_is_away_keeps_the_true_place(
    alone: Rig,
) -> None:
    """Joined on b with no adapter there, much later another on a: b's caller is the first."""
    await alone.queue()
    await alone.kill_adapter("b")
    early = await alone.dial("b")
    await alone.coordinator.happens("box.detached", box="b")
    late = await alone.call("a")
    await alone.adapters["b"].start()
    await _line_is(alone, [await alone.joined(early), late])


async def test_callers_who_join_while_the_coordinator_is_away_keep_their_order(alone: Rig) -> None:
    """Race: one box keeps joins back, another's adapter starts and has a snapshot to keep back.

    Both are told at once when the coordinator is there again, and only their ages say who was
    first. Starting an adapter takes seconds, more than the ages may err.
    """
    await alone.queue()
    await alone.coordinator.program.kill()
    for box in "bc":
        await alone.adapters[box].kill()
    people = [await alone.dial("a")]
    await _starts_again(alone, "c", callers=0)
    people.append(await alone.dial("b"))
    await _starts_again(alone, "b", callers=1)
    people.append(await alone.dial("a"))
    await alone.coordinator.start()
    await _line_is(alone, [await alone.joined(person) for person in people])


async def _starts_again(rig: Rig, box: str, callers: int) -> None:
    """Start the adapter and wait until it has looked at its box."""
    program = rig.adapters[box]
    program.log.write_text("")
    await program.start()
    await program.says(f"Box {box} has {callers} callers")


async def test_a_caller_who_hangs_up_while_the_adapter_is_away_leaves(alone: Rig) -> None:
    await alone.queue()
    gone, stays = await alone.call("b"), await alone.call("b")
    await alone.kill_adapter("b")
    await gone.hang_up()
    await alone.adapters["b"].start()
    await alone.outcome(gone)
    await _line_is(alone, [stays])


async def test_an_adapter_killed_while_a_phone_rings_costs_no_second_invite(alone: Rig) -> None:
    """Race: the phone answers while nobody listens; the snapshot shows the two talking."""
    await alone.queue()
    await alone.agent("101", "c", Behaviour(after=2.0))
    caller = await alone.call("b")
    await alone.coordinator.happens("offer.made", call_id=caller.call_id)

    async def rings() -> bool:
        return len(alone.rings()) == 1

    await eventually(rings, WITHIN_S)
    await alone.kill_adapter("b")
    await alone.adapters["b"].start()
    assert await alone.answered_by(caller) == "101"
    assert len(alone.rings()) == 1


async def test_a_coordinator_killed_while_two_talk_knows_them_afterwards(alone: Rig) -> None:
    await alone.queue()
    phone = await alone.agent("101", "c")
    caller, waiting = await alone.call("b"), await alone.call("a")
    assert await alone.answered_by(caller) == "101"
    await kill_the_coordinator(alone)
    await _line_is(alone, [waiting])
    phone.hang_up()
    assert await alone.answered_by(waiting) == "101"
    assert await alone.verify() == ""
