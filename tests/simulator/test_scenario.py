"""Scenarios: the same people for one seed, however fast; a big one is cheap."""

import time

from ami_adapter.simulator.clock import ManualClock
from ami_adapter.simulator.dialplan import Request
from ami_adapter.simulator.network import Network
from ami_adapter.simulator.originate import Order
from ami_adapter.simulator.phones import Behaviour
from ami_adapter.simulator.scenario import Scenario, Span, furnish, play
from ami_adapter.simulator.world import World

DAY = Scenario(
    seed=7,
    boxes=("a", "b"),
    agents=("101", "102"),
    callers=50,
    rate=2.0,
    patience=Span(5.0, 60.0),
    priorities=(0, 0, 5),
    refuse=0.3,
)


def test_one_seed_is_one_day() -> None:
    assert list(DAY.arrivals()) == list(DAY.arrivals())
    first, again = DAY.behaviours("101"), DAY.behaviours("101")
    assert [next(first) for _ in range(9)] == [next(again) for _ in range(9)]


def test_agents_differ_and_live_round_the_boxes() -> None:
    assert next(DAY.behaviours("101")) != next(DAY.behaviours("102"))
    assert DAY.homes() == {"101": "a", "102": "b"}


def test_faster_is_the_same_people_in_less_time() -> None:
    slow, fast = list(DAY.arrivals()), list(DAY.faster(10).arrivals())
    assert [a.request for a in fast] == [a.request for a in slow]
    assert [round(a.at * 10, 6) for a in fast] == [round(a.at, 6) for a in slow]


async def test_a_scenario_is_played_on_a_network() -> None:
    async with World("ab") as world:
        scenario = DAY.faster(1000)
        furnish(world.network, scenario)
        await play(world.network, scenario)
        assert len(world.network.callers) == DAY.callers
        assert set(world.network.phones) == {"101", "102"}


def test_no_cost_grows_with_the_callers_who_hold() -> None:
    """Ten times the callers on fifty boxes cost about ten times as much, not a hundred times."""
    assert cost(callers=1_000) < 30 * cost(callers=100)


def cost(callers: int) -> float:
    """Processor seconds of so many callers a box, of whom an agent of each box takes one."""
    clock = ManualClock()
    network = Network(clock)
    boxes = [network.add_box(f"b{n}") for n in range(50)]
    for box in boxes:
        network.add_phone(f"{box.name}-1", box.name, Behaviour(talk=1.0))
    started = time.process_time()
    for box in boxes:
        for _ in range(callers):
            network.call(box.name, Request("sales"))
    for box in boxes:
        caller = next(iter(box.channels.values()))
        variables = (("GVQ_CALLER", caller.uniqueid), ("GVQ_CALL", f"{caller.uniqueid}-1"))
        target, offer = f"PJSIP/{box.name}-1", f"gvq-{box.name}"
        order = Order(offer, target, offer, "gvq-agent", "s", 20.0, "1", "", variables)
        network.originate(box, order)
    clock.advance(10.0)
    spent = time.process_time() - started
    assert len(network.invites) == 50
    assert all(len(box.channels) == callers - 1 for box in boxes)
    return spent
