"""Who may join and who may stay, in the reference model: maxlen, joinempty, leavewhenempty."""

from coordinator.protocol import Join
from tests.model.calls import depart
from tests.model.matching import admits, effective_penalty, line_of
from tests.model.state import Agent, Caller, Member, State, agent_state, call_state

#: What a phone shows that has not noticed yet what it is used for.
SILENT = ("", "NOT_INUSE", "UNKNOWN")


def refusal(state: State, join: Join) -> str:
    """Why a newcomer gets no place; empty when there is one."""
    settings = state.queues[join.queue].settings
    if settings.joinempty and not _anybody(state, join, set(settings.joinempty.split(","))):
        return "join_empty"
    if 0 < settings.maxlen <= len(line_of(state, join.queue)):
        return "full"
    return ""


def sweep(state: State) -> None:
    """Whoever waits for nobody leaves; not while boxes are awaited."""
    for caller in list(state.callers.values()) if not state.awaited else []:
        queue = state.queues[caller.queue] if call_state(state, caller) == "waiting" else None
        if queue is None or not queue.settings.leavewhenempty:
            continue
        if not _anybody(state, caller, set(queue.settings.leavewhenempty.split(","))):
            depart(state, caller, "leave_empty")


def _anybody(state: State, join: Join | Caller, conditions: set[str]) -> bool:
    members = state.queues[join.queue].members.values()
    at_work = [member for member in members if state.agents[member.agent].logged_in]
    return any(not conditions & _holds(state, join, member) for member in at_work)


def _holds(state: State, join: Join | Caller, member: Member) -> set[str]:
    agent: Agent = state.agents[member.agent]
    shown, device = agent_state(state, agent), state.device_of(agent)
    known = any(
        box.devices.get(agent.phone, "INVALID") != "INVALID" for box in state.boxes.values()
    )
    found = {
        "paused": bool(agent.paused or member.paused),
        "penalty": not admits(state, join, effective_penalty(state, member, join)),
        "unavailable": shown == "unregistered" and known,
        "invalid": shown == "unregistered" and not known,
        "inuse": device == "INUSE" or (device in SILENT and shown == "talking"),
        "ringing": device == "RINGING" or (device in SILENT and shown == "ringing"),
        "unknown": device == "UNKNOWN",
        "wrapup": agent.wrapup_until > state.now,
    }
    return {name for name, holds in found.items() if holds}
