"""Autopause in the reference model, from the words of coordinator/README.md."""

from coordinator.line.types import QueueSettings
from tests.model.state import SECOND, Agent, Offer, State


def missed(state: State, offer: Offer, outcome: str) -> None:
    """The box says that a phone which rang was not answered."""
    queue, agent = state.queues.get(offer.queue), state.agents[offer.agent]
    if queue is None or queue.settings.autopause == "no":
        return
    if outcome not in _counted(queue.settings) or _too_soon(state, agent, queue.settings):
        return
    agent.misses += 1
    if agent.misses < queue.settings.autopause_after:
        return
    if queue.settings.autopause == "all":
        agent.paused = agent.paused or "autopause"
    elif agent.name in queue.members:
        member = queue.members[agent.name]
        member.paused = member.paused or "autopause"


def _counted(settings: QueueSettings) -> set[str]:
    busy = {"busy"} if settings.autopausebusy else set()
    unavailable = {"failed"} if settings.autopauseunavail else set()
    return {"no_answer", "rejected"} | busy | unavailable


def _too_soon(state: State, agent: Agent, settings: QueueSettings) -> bool:
    since = state.now - agent.last_call_us
    return agent.last_call_us > 0 and since < settings.autopausedelay * SECOND
