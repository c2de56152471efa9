"""I6 No idle pair: after a step no caller and agent who may be matched are left unmatched. Pure."""

from collections.abc import Iterator

from coordinator.audit.report import Violation
from coordinator.audit.world import World


def check_step(world: World) -> Iterator[tuple[str, str]]:
    """Pairs (call, agent) that could be matched and are not; at most one for each queue.

    Called between entries of different times: one step has one time, and entries of one time
    may still belong to a step that goes on.
    """
    if world.held or world.partial or not world.free:
        return
    for name in sorted(world.waiting_queues):
        free = [agent for agent, _ in world.free_members(world.queues[name])]
        pair = _first_pair(world, name, free) if free else None
        if pair:
            yield pair


def _first_pair(world: World, queue: str, free: list[str]) -> tuple[str, str] | None:
    for caller in world.line(queue):
        for agent in free:
            if world.may_take(caller, agent):
                return caller.call_id, agent
    return None


def violation(entry_id: str, call: str, agent: str) -> Violation:
    """The pair that stayed unmatched after the step that ended with this entry."""
    return Violation(
        "I6", entry_id,
        f"Call {call} waited and agent {agent} was available, and they were not matched.",
        (call,), (agent,),
    )  # fmt: skip
