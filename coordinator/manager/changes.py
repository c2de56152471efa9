"""Actions that change something. They go through the directory and the line, as the API's do.

An agent who is at work is so in all its queues: an agent is one person. A name of a queue is found
in any case, as app_queue finds it.
"""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from coordinator.asterisk_config import FALSE, TRUE, is_true
from coordinator.directory.joining import Joining
from coordinator.directory.types import Agent
from coordinator.errors import Refused
from coordinator.line.types import WaitingCaller
from coordinator.manager.parts import Parts
from coordinator.manager.protocol import Action, Headers
from coordinator.manager.replies import Fault, ack
from coordinator.names import DEVICE_PATTERN, INTERFACE_LENGTH, INTERFACE_PATTERN, fold
from coordinator.protocol import MAX_PENALTY, MAX_PRIORITY, MAX_SECONDS
from coordinator.tasks import to_its_end

#: Longest free text, characters (directory/models.py).
MAX_TEXT = 256


@contextmanager
def words(**sentences: str) -> Iterator[None]:
    """Turns refusals with these codes into Asterisk's sentences."""
    try:
        yield
    except Refused as refused:
        if refused.code not in sentences:
            raise
        raise Fault(sentences[refused.code]) from None


# ── members ─────────────────────────────────────────────────────────────────────────────────


async def queue_add(parts: Parts, action: Action) -> list[Headers]:
    """Makes a member of the agent with that interface, who is at work from then on; a new agent
    where there is none. One who is a member and logged out is logged in."""
    queue = _need(action, "Queue", "'Queue' not specified.")
    interface = _interface(_need(action, "Interface", "'Interface' not specified."))
    state_interface = _state_interface(action, interface)
    penalty = _said(action, "Penalty", MAX_PENALTY)
    wrapuptime = _said(action, "Wrapuptime", MAX_SECONDS)
    name, reason = _text(action, "MemberName"), _text(action, "Reason")
    with words(unknown_queue="Unable to add interface to queue: No such queue"):
        queue = await _queue(parts, queue)
    paused = is_true(action.get("Paused")) if action.get("Paused") else None
    wanted = Joining(queue, interface, penalty, name, state_interface, wrapuptime, paused, reason)
    with words(interface_taken="Interface or StateInterface is another agent's phone."):
        if await to_its_end(parts.directory.join(wanted)) is None:
            raise Fault("Unable to add interface: Already there")
    return ack(action, "Added interface to queue")


def _state_interface(action: Action, interface: str) -> str:
    """ "" where it is the interface itself."""
    wanted = action.get("StateInterface")
    if fold(wanted) in ("", fold(interface)):
        return ""
    if not re.fullmatch(DEVICE_PATTERN, wanted) or len(wanted) > INTERFACE_LENGTH:
        raise Fault(
            "'StateInterface' must be technology/resource, Custom:name or hint:extension@context, "
            f"of at most {INTERFACE_LENGTH} characters."
        )
    return wanted


async def queue_remove(parts: Parts, action: Action) -> list[Headers]:
    """Ends the membership. A phone that rings for this queue stops; a call goes on."""
    missing = "Need 'Queue' and 'Interface' parameters."
    queue, interface = _need(action, "Queue", missing), _need(action, "Interface", missing)
    not_there = "Unable to remove interface: Not there"
    with words(unknown_queue="Unable to remove interface from queue: No such queue"):
        queue = await _queue(parts, queue)
    with words(not_a_member=not_there, unknown_agent=not_there):
        agent = await _agent(parts, interface)
        await to_its_end(parts.directory.delete_member(queue, agent.name))
    return ack(action, "Removed interface from queue")


async def queue_pause(parts: Parts, action: Action) -> list[Headers]:
    """Pauses or unpauses a member: in one queue, or in all."""
    missing = "Need 'Interface' and 'Paused' parameters."
    interface, wanted = _need(action, "Interface", missing), _need(action, "Paused", missing)
    reason = _text(action, "Reason")
    agent, queues = await _member(parts, interface, action, "Interface not found")
    paused = is_true(wanted)
    queue = queues[0] if action.get("Queue") else None
    change = parts.directory.pause if paused else parts.directory.unpause
    await to_its_end(change(agent.name, reason, queue))
    return ack(action, f"Interface {'paused' if paused else 'unpaused'} successfully")


async def queue_penalty(parts: Parts, action: Action) -> list[Headers]:
    """Another penalty, in one queue or in all."""
    missing = "Need 'Interface' and 'Penalty' parameters."
    interface, wanted = _need(action, "Interface", missing), _need(action, "Penalty", missing)
    penalty = _whole(wanted, "Penalty", 0, MAX_PENALTY)
    agent, queues = await _member(
        parts, interface, action, "Invalid interface, queuename or penalty"
    )
    for queue in queues:
        await to_its_end(parts.directory.change_member(queue, agent.name, penalty=penalty))
    return ack(action, "Interface penalty set successfully")


async def queue_member_ring_in_use(parts: Parts, action: Action) -> list[Headers]:
    """Whether a member who is in use is rung all the same, in one queue or in all."""
    missing = "Need 'Interface' and 'RingInUse' parameters."
    interface, wanted = _need(action, "Interface", missing), _need(action, "RingInUse", missing)
    if wanted.lower() not in TRUE | FALSE:
        raise Fault("'RingInUse' parameter must be a truth value (yes/no, on/off, 0/1, etc)")
    agent, queues = await _member(
        parts, interface, action, "Invalid interface, queuename, or ringinuse value"
    )
    for queue in queues:
        change = parts.directory.change_member
        await to_its_end(change(queue, agent.name, ringinuse=is_true(wanted)))
    return ack(action, "Interface ringinuse set successfully")


# ── callers and figures ─────────────────────────────────────────────────────────────────────


async def queue_change_priority_caller(parts: Parts, action: Action) -> list[Headers]:
    """Another priority for a waiting caller, at once, with or without Immediate."""
    queue = _need(action, "Queue", "'Queue' not specified.")
    caller = _need(action, "Caller", "'Caller' not specified.")
    wanted = _need(action, "Priority", "'Priority' not specified.")
    if not re.fullmatch(r"[+-]?\d{1,30}", wanted, re.ASCII):
        raise Fault("'Priority' need integer.")
    priority = _whole(wanted, "Priority", -MAX_PRIORITY, MAX_PRIORITY)
    with _no_such("Unable to change priority caller on queue: No such"):
        found = await _waiting(parts, queue, caller)
        await parts.engine.change_priority(found.call_id, priority)
    return ack(action, "Priority change for caller on queue")


async def queue_withdraw_caller(parts: Parts, action: Action) -> list[Headers]:
    """Takes a waiting caller out: it goes on in the dialplan with QUEUESTATUS WITHDRAW."""
    queue = _need(action, "Queue", "'Queue' not specified.")
    caller = _need(action, "Caller", "'Caller' not specified.")
    reason = _text(action, "WithdrawInfo")
    with _no_such("Unable to request withdraw from queue: No such"):
        found = await _waiting(parts, queue, caller)
        await parts.engine.withdraw(found.call_id, reason)
    return ack(action, "Withdraw requested successfully")


def _no_such(unable: str) -> AbstractContextManager[None]:
    """app_queue's words for a queue or a caller that is not there."""
    queue, caller = f"{unable} queue", f"{unable} caller"
    return words(unknown_queue=queue, unknown_call=caller, not_waiting=caller)


async def queue_log(parts: Parts, action: Action) -> list[Headers]:
    """A line of their own for queue_log; Message's fields are parted by |."""
    for name in ("Queue", "Event"):
        _need(action, name, "Need 'Queue' and 'Event' parameters.")
    names = ("Queue", "Event", "Uniqueid", "Interface", "Message")
    await parts.engine.log(**{name.lower(): _text(action, name) for name in names})
    return ack(action, "Event added successfully")


async def queue_reset(parts: Parts, action: Action) -> list[Headers]:
    """A queue's figures, or all queues', count from nothing."""
    queues = [queue.name for queue in await to_its_end(parts.directory.queues())]
    if action.get("Queue"):
        with words(unknown_queue="Error encountered while resetting queue stats"):
            queues = [await _queue(parts, action.get("Queue"))]
    for queue in queues:
        await parts.engine.reset_queue(queue)
    return ack(action, "Queue stats reset successfully")


# ── finding and reading ─────────────────────────────────────────────────────────────────────


async def _queue(parts: Parts, wanted: str) -> str:
    """The queue's name as it is written. Raises Refused unknown_queue."""
    names = [queue.name for queue in await to_its_end(parts.directory.queues())]
    if wanted in names:
        return wanted
    same = [name for name in names if name.casefold() == wanted.casefold()]
    if len(same) != 1:
        raise Refused("unknown_queue", queue=wanted)
    return same[0]


async def _agent(parts: Parts, interface: str) -> Agent:
    """Raises Refused unknown_agent."""
    agent = await to_its_end(parts.directory.agent_at(interface))
    if agent is None:
        raise Refused("unknown_agent", agent=interface)
    return agent


async def _queues_of(parts: Parts, agent: Agent) -> list[str]:
    queues = await to_its_end(parts.directory.queues_of(agent.name))
    return list(queues)


async def _member(
    parts: Parts, interface: str, action: Action, sentence: str
) -> tuple[Agent, list[str]]:
    """The agent and which of its queues are meant: the header Queue's, or all. Raises Fault."""
    with words(unknown_queue=sentence, unknown_agent=sentence):
        agent = await _agent(parts, interface)
        queues = await _queues_of(parts, agent)
        if action.get("Queue"):
            only = await _queue(parts, action.get("Queue"))
            queues = [queue for queue in queues if queue == only]
    if not queues:
        raise Fault(sentence)
    return agent, queues


async def _waiting(parts: Parts, queue: str, wanted: str) -> WaitingCaller:
    """A caller by its channel, Uniqueid or call id. Raises Refused unknown_queue, unknown_call.

    Boxes number their channels alike: one name may be two callers', then Fault.
    """
    callers = await parts.engine.callers(await _queue(parts, queue))
    found = [c for c in callers if wanted in (c.channel, c.uniqueid, c.call_id)]
    if not found:
        raise Refused("unknown_call", call_id=wanted)
    if len(found) > 1:
        ids = ", ".join(caller.call_id for caller in found)
        raise Fault(f"Several callers are on a channel of that name; say which as Caller: {ids}")
    return found[0]


def _need(action: Action, name: str, sentence: str) -> str:
    value = action.get(name)
    if not value:
        raise Fault(sentence)
    return value


def _text(action: Action, name: str) -> str:
    value = action.get(name)
    if len(value) > MAX_TEXT:
        raise Fault(f"'{name}' may have at most {MAX_TEXT} characters.")
    return value


def _interface(value: str) -> str:
    if not re.fullmatch(INTERFACE_PATTERN, value) or len(value) > INTERFACE_LENGTH:
        raise Fault(
            f"'Interface' must be technology/resource, such as PJSIP/101, of at most "
            f"{INTERFACE_LENGTH} characters."
        )
    return value


def _said(action: Action, name: str, high: int) -> int | None:
    """None where the action does not say it."""
    value = action.get(name)
    return _whole(value, name, 0, high) if value else None


def _whole(value: str, name: str, low: int, high: int) -> int:
    if not re.fullmatch(r"[+-]?\d{1,30}", value, re.ASCII) or not low <= int(value) <= high:
        raise Fault(f"'{name}' must be a whole number from {low} to {high}.")
    return int(value)
