"""The real line on a real Valkey against the reference model: same steps, same outcomes.

Every step is done to both by world.py, which compares the answer, the decisions in order, the
lines, the agents, and I1–I6 on what the line shows. Staleness (I7) is rules of its own.
A shorter way to a difference than hypothesis prints is not to be had: copy its lines into a test.
"""

from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import LineMachine


def test_line_against_model(valkey: str) -> None:
    """Every strategy, several queues and boxes, shared agents, in any order of events."""
    machine = type("Machine", (LineMachine,), {"url": valkey})
    run_state_machine_as_test(machine)
