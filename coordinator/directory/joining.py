"""Joining a queue as app_queue has it: by phone, and by the virtual manager."""

from dataclasses import dataclass

from coordinator.directory.directory import Directory
from coordinator.directory.types import Agent
from coordinator.names import agent_names


@dataclass(frozen=True, slots=True)
class Joining:
    """What AddQueueMember() says. wrapuptime: s, None for the queue's. paused: why, if at all."""

    queue: str
    interface: str
    penalty: int = 0
    name: str = ""
    state_interface: str = ""
    wrapuptime: int | None = None
    paused: str | None = None


async def join(directory: Directory, wanted: Joining) -> Agent | None:
    """Makes a member of the agent with that interface, who is at work from then on; a new agent
    where there is none. None: it is a member, and at work, already.

    Raises Refused unknown_queue, interface_taken, agent_taken.
    """
    await directory.queue(wanted.queue)
    agent = await _enrol(directory, wanted)
    queues = await directory.queues_of(agent.name)
    if agent.logged_in and wanted.queue in queues:
        return None
    if not queues:  # nobody's pause of an earlier service lasts; of autopause's SQL has nothing
        await directory.unpause(agent.name)
    if wanted.paused is not None and wanted.queue in queues:
        await directory.pause(agent.name, wanted.paused, wanted.queue)
    # At work first: queue_log's ADDMEMBER of a new member is then written once, with its pause.
    await directory.login(agent.name)
    await directory.put_member(
        wanted.queue, agent.name, wanted.penalty, wanted.wrapuptime, paused=wanted.paused
    )
    return agent


async def _enrol(directory: Directory, wanted: Joining) -> Agent:
    names = agent_names(wanted.interface, wanted.name)
    state = wanted.state_interface
    return (await directory.enrol(wanted.interface, names, wanted.name, state)).record
