"""Keeps the line's time, and notices when its Redis is not the one it was.

**Time.** Each replica ticks when a timer it has heard of is due, and at least every `IDLE_S`: so
the timers of a replica that died are met by the others. Ticks of several replicas do no harm,
for a timer is taken out in the step that acts on it.

**Restarts.** The run id of the server that holds the line is compared at each tick, and before each
link is accepted. Another one means a restart, a failover or a new server, after which the last
moments, or everything, may be missing: the directory is mirrored where it must be, and the boxes
begin anew with a snapshot. An emptied line therefore never meets a caller before it knows its
queues. A repaired connection alone would not show this: redis-py reconnects without a word.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from coordinator.boxes.clock import Clock
from coordinator.errors import Refused
from coordinator.line.engine import Engine, TransitionFailed
from coordinator.redis_client import AWAY
from coordinator.tasks import to_its_end

log = logging.getLogger(__name__)

#: Seconds between ticks when no timer is due, and between tries while Redis is away.
IDLE_S = 1.0
RETRY_S = 0.2

#: Seconds without a tick after which Redis was out of reach of every replica.
QUIET_S = 3 * IDLE_S


class Keeper:
    """One per replica.

    `server_id` asks for the run id; `recover` is given it, and brings the line up to date with
    directory and boxes.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        server_id: Callable[[], Awaitable[str]],
        recover: Callable[[str], Coroutine[Any, Any, None]],
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._server_id = server_id
        self._recover = recover
        self._known = ""
        self._begun = False
        self._checking = asyncio.Lock()
        self._well = True

    async def check(self) -> None:
        """Recovers the line if its server is a new one. Raises what Redis or `recover` raise."""
        async with self._checking:
            found = await self._server_id()
            if found == self._known:
                return
            if self._begun:
                log.warning("the line's Redis was restarted, replaced or emptied; recovering")
            await to_its_end(self._recover(found))
            self._known, self._begun = found, True

    def distrust(self) -> None:
        """The line has lost what it must know, under the same run id: it was emptied by hand."""
        self._known = ""

    async def run(self) -> None:
        """Ticks for ever, through every outage."""
        while True:
            well = await self._beat()
            await self._clock.wait(IDLE_S if well else RETRY_S)

    async def _beat(self) -> bool:
        try:
            try:
                await self.check()
            except TransitionFailed:
                log.exception("a defect of ours in the recovery; the time goes on")
            reply = await self._engine.tick()
            self._clock.due(int(reply.data["next"]), reply.now_us)
        except (*AWAY, Refused) as error:
            if self._well:
                log.error("the line's Redis (GVQ_REDIS_URL) does not answer: %s", error)
            self._well = False
            return False
        except TransitionFailed:
            log.exception("a defect of ours; the time goes on")
        if not self._well:
            log.warning("the line answers again")
        self._well = True
        return True
