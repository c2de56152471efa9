"""How queues stand, for a box's dialplan: what app_queue's functions tell, over all boxes.

Only the line is read, never SQL, so a look waits for no change by phone. The looks of a link are
answered one after the other and beside its reading: of a queue with many members the answer takes
a while, and callers' events pass by. Those that wait at the same time share one reading of a queue;
one that has waited longer than its dialplan does is not answered at all.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final

from coordinator.errors import Refused
from coordinator.line.engine import Engine
from coordinator.line.types import MemberView, QueueView, WaitingCaller
from coordinator.names import CHANNEL_PATTERN, fold
from coordinator.protocol import Figures, Look, LookResult, MemberFigures, Seen
from coordinator.redis_client import AWAY

log = logging.getLogger(__name__)

#: Looks of one box that wait: so many calls come in at once there.
WAITING: Final = 200

#: Seconds until the answer is of no use: the dialplan waits no longer (gvq.conf, [gvq-look]).
ANSWER_S: Final = 2.0

SECOND_US = 1_000_000

#: Queues as they were read for looks that waited together.
Read = dict[str, tuple[QueueView, list[MemberView]]]


class Looks:
    """The looks of one link. `answer` sends one's answer back."""

    def __init__(self, engine: Engine, box: str, answer: Callable[[Seen], Awaitable[None]]) -> None:
        self._engine = engine
        self._box = box
        self._answer = answer
        self._waiting: asyncio.Queue[tuple[Look, float]] = asyncio.Queue(WAITING)

    async def put(self, look: Look) -> None:
        """To be answered soon; LINEAWAY at once when too many wait."""
        try:
            self._waiting.put_nowait((look, asyncio.get_running_loop().time() + ANSWER_S))
        except asyncio.QueueFull:
            log.warning("box %s: %d looks wait, one more is not answered", self._box, WAITING)
            await self._answer(_unanswered(look, "LINEAWAY"))

    async def run(self) -> None:
        """Answers one after the other, for ever."""
        while True:
            await self._answer_all([await self._waiting.get(), *self._others()])

    def _others(self) -> Iterator[tuple[Look, float]]:
        while not self._waiting.empty():
            yield self._waiting.get_nowait()

    async def _answer_all(self, looks: Sequence[tuple[Look, float]]) -> None:
        read: Read = {}
        for look, until in looks:
            if asyncio.get_running_loop().time() < until:
                await self._answer(await self._seen(look, read))

    async def _seen(self, look: Look, read: Read) -> Seen:
        result: LookResult = "LINEAWAY"
        try:
            return await see(self._engine, look, read)
        except Refused:
            result = "NOSUCHQUEUE"
        except AWAY as error:
            log.warning("box %s: a look at %s failed: %s", self._box, look.queue, error)
        except Exception:
            log.exception("box %s: a look at %s failed", self._box, look.queue)
        return _unanswered(look, result)


def _unanswered(look: Look, result: LookResult) -> Seen:
    return Seen(uniqueid=look.uniqueid, number=look.number, result=result)


async def see(engine: Engine, look: Look, read: Read) -> Seen:
    """The answer by what has been `read` of the queue, else by the line as it is now.

    Raises Refused unknown_queue.
    """
    if look.queue not in read:
        read[look.queue] = await engine.queue(look.queue), await engine.members(look.queue)
    queue, members = read[look.queue]
    callers = await engine.callers(look.queue, limit=1, first=look.position)
    return Seen(
        uniqueid=look.uniqueid,
        number=look.number,
        result="FOUND",
        figures=figures(queue, members, callers),
        member=_member(look, members),
    )


def figures(
    queue: QueueView, members: Sequence[MemberView], callers: Sequence[WaitingCaller]
) -> Figures:
    """As app_queue.c counts them. `callers`: who is asked for, or nobody."""
    free = [m for m in members if m.device_shown == "NOT_INUSE" and not m.paused]
    return Figures(
        waiting=queue.callers,
        logged=sum(m.device_shown not in ("UNAVAILABLE", "INVALID") for m in members),
        free=len(free),
        ready=sum(m.state != "wrapup" for m in free),
        count=len(members),
        members=[member.interface for member in members],
        maxlen=queue.settings.maxlen,
        strategy=queue.settings.strategy,
        hold_s=queue.hold_us // SECOND_US,
        talk_s=queue.talk_us // SECOND_US,
        completed=queue.completed,
        abandoned=queue.abandoned,
        level_s=queue.settings.servicelevel,
        level_percent=queue.served_in_level,
        channel=_readable(callers[0].channel) if callers else "",
        box=callers[0].box if callers else "",
    )


def _readable(channel: str) -> str:
    """ "" for a name that a dialplan could not read as one word."""
    return channel if re.fullmatch(CHANNEL_PATTERN, channel) else ""


def _member(look: Look, members: Sequence[MemberView]) -> MemberFigures | None:
    """Interfaces are compared in any case, as in app_queue.c (interface_exists)."""
    wanted = fold(look.interface)
    for member in members:
        if fold(member.interface) == wanted:
            kept = member.membership
            return MemberFigures(
                penalty=kept.penalty, paused=member.paused, ringinuse=kept.rings_in_use
            )
    return None
