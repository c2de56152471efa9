"""What agents change by phone: logging in and out, pauses, memberships.

It goes the API's way, through the directory, so it is in SQL and lasts. What a box may change, and
why no more: docs/decisions/0008. The changes of a link are made one after the other and beside its
reading, which SQL must not hold up; what could not be begun in time is not made at all, for the
phone has been told by then that it failed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from coordinator.directory import Directory
from coordinator.directory.joining import Joining
from coordinator.directory.types import Agent
from coordinator.errors import Refused
from coordinator.line.engine import Engine
from coordinator.protocol import AgentChange, Change, Changed, ChangeResult
from coordinator.redis_client import AWAY
from coordinator.tasks import to_its_end

log = logging.getLogger(__name__)

#: Seconds until a change is begun; the dialplan waits five (gvq.conf, [gvq-change]).
BEGIN_S: Final = 3.0

#: Changes of one box that wait. People dial these codes: more is no people's doing.
WAITING: Final = 50

#: The directory's refusals in app_queue's words; of a member's own all of them are NOTFOUND there.
_REFUSED: dict[str, ChangeResult] = {
    "unknown_queue": "NOSUCHQUEUE",
    "unknown_agent": "NOTFOUND",
    "not_a_member": "NOTINQUEUE",
    "agent_taken": "INVALID",
    "interface_taken": "INVALID",
}


class Changes:
    """The changes of one link; `answer` sends what came of one back over it."""

    def __init__(
        self,
        engine: Engine,
        directory: Directory,
        box: str,
        answer: Callable[[Changed], Awaitable[None]],
    ) -> None:
        self._engine = engine
        self._directory = directory
        self._box = box
        self._answer = answer
        self._waiting: asyncio.Queue[tuple[Change, float]] = asyncio.Queue(WAITING)

    async def put(self, change: Change) -> None:
        """To be made soon; LINEAWAY at once when too many wait."""
        try:
            self._waiting.put_nowait((change, asyncio.get_running_loop().time() + BEGIN_S))
        except asyncio.QueueFull:
            log.warning("box %s: %d changes by phone wait, one more is dropped", self._box, WAITING)
            await self._say(change, "LINEAWAY")

    async def run(self) -> None:
        """Makes one after the other, for ever."""
        while True:
            change, until = await self._waiting.get()
            if asyncio.get_running_loop().time() < until:
                await self._say(change, await self._result(change))

    async def _say(self, change: Change, result: ChangeResult) -> None:
        await self._answer(Changed(uniqueid=change.uniqueid, number=change.number, result=result))

    async def _result(self, change: Change) -> ChangeResult:
        try:
            return await to_its_end(self._make(change))
        except Refused as refused:
            if refused.code in _REFUSED:
                member = change.what not in ("add", "remove")
                return "NOTFOUND" if member else _REFUSED[refused.code]
            log.warning("box %s: %s by phone: %s", self._box, change.what, refused)
        except (*AWAY, SQLAlchemyError) as error:
            log.warning("box %s: %s by phone failed: %s", self._box, change.what, error)
        except Exception:
            log.exception("box %s: %s by phone failed", self._box, change.what)
        return "LINEAWAY"

    async def _make(self, change: Change) -> ChangeResult:
        directory = self._directory.asked("phone", change.uniqueid)
        agent = await directory.agent_at(change.interface)
        state = agent.state_interface if agent else change.state_interface
        if not await self._engine.reports(self._box, state or change.interface):
            return "NOTHERE"
        if change.what == "add":
            return await _add(directory, change)
        if change.what == "remove":
            return await _remove(directory, agent, change)
        return await _STEPS[change.what](directory, agent, change) if agent else "NOTFOUND"


async def _log_in(directory: Directory, agent: Agent, change: Change) -> ChangeResult:
    if agent.logged_in:
        return "MEMBERALREADY"
    await directory.login(agent.name)
    return "ADDED"


async def _log_out(directory: Directory, agent: Agent, change: Change) -> ChangeResult:
    if not agent.logged_in:
        return "NOTINQUEUE"
    await directory.logout(agent.name)
    return "REMOVED"


async def _pause(directory: Directory, agent: Agent, change: Change) -> ChangeResult:
    await directory.pause(agent.name, change.reason, change.queue or None)
    return "PAUSED"


async def _unpause(directory: Directory, agent: Agent, change: Change) -> ChangeResult:
    await directory.unpause(agent.name, change.reason, change.queue or None)
    return "UNPAUSED"


async def _set_penalty(directory: Directory, agent: Agent, change: Change) -> ChangeResult:
    return await _set(directory, agent, change, penalty=change.penalty or 0)


async def _set_ringinuse(directory: Directory, agent: Agent, change: Change) -> ChangeResult:
    return await _set(directory, agent, change, ringinuse=change.ringinuse)


async def _set(
    directory: Directory, agent: Agent, change: Change, **fields: int | bool
) -> ChangeResult:
    queues = [change.queue] if change.queue else await directory.queues_of(agent.name)
    for queue in queues:
        await directory.change_member(queue, agent.name, **fields)
    return "SET" if queues else "NOTFOUND"


_STEPS: dict[AgentChange, Callable[[Directory, Agent, Change], Awaitable[ChangeResult]]] = {
    "login": _log_in,
    "logout": _log_out,
    "pause": _pause,
    "unpause": _unpause,
    "penalty": _set_penalty,
    "ringinuse": _set_ringinuse,
}


async def _add(directory: Directory, change: Change) -> ChangeResult:
    """A membership, and the agent at work; a new agent where nobody has this phone."""
    wanted = Joining(
        queue=change.queue,
        interface=change.interface,
        penalty=change.penalty,
        name=change.name,
        state_interface=change.state_interface,
        wrapuptime=change.wrapuptime,
        paused=change.paused or None,
        reason=change.reason,
    )
    return "ADDED" if await directory.join(wanted) else "MEMBERALREADY"


async def _remove(directory: Directory, agent: Agent | None, change: Change) -> ChangeResult:
    await directory.queue(change.queue)
    if agent is None:
        return "NOTINQUEUE"
    await directory.delete_member(change.queue, agent.name)
    return "REMOVED"
