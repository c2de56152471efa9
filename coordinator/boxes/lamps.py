"""The lamps on phones: device states for hints, the same on every box.

    Queue:sales              RINGING while somebody waits in sales, else NOT_INUSE
    Queue:sales_avail        INUSE while no agent is available there, else NOT_INUSE
    Queue:sales_pause_101    INUSE while agent 101 is paused there, else NOT_INUSE

Names and states are app_queue's (`ast_devstate_changed` in app_queue.c), but for the agent's name
in place of an interface: astdb, which keeps Custom states, takes a '/' for the end of a family.
What is gone is INVALID. A name too long for Asterisk has no lamp.

    journal ─► whom to look at ─► one read of the line ─► what differs ─► each link's own pace

The journal only tells where to look: what a lamp shows is read, never counted, so a missed or
doubled entry mends itself. A round takes all that came in `ROUND_S`, so a queue that flips a
hundred times a second costs two reads and at most two changes a second, and the last state is
always sent. A link that takes nothing keeps one state per lamp.
"""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Iterable, Mapping
from itertools import islice
from typing import Final, Literal

from coordinator.journal import Entry, stream_position
from coordinator.line.engine import Engine
from coordinator.line.types import AgentView
from coordinator.names import LAMP_PATTERN
from coordinator.protocol import DeviceState, Lamps
from coordinator.redis_client import AWAY

log = logging.getLogger(__name__)

#: Which lamps there are: none, a queue's two, or those of its members too.
Level = Literal["off", "queues", "members"]

#: Seconds between two looks at the line, and so between two changes of a lamp.
ROUND_S: Final = 0.5

#: Entries a read of the journal takes, and how long it waits for one, ms.
PAGE: Final = 1_000
BLOCK_MS: Final = 4_000

#: Seconds until another try when Redis is away.
RETRY_S: Final = 0.5

#: Lamps a frame holds: it stays far below protocol.MAX_FRAME.
IN_A_FRAME: Final = 5_000

States = Mapping[str, DeviceState]

_LAMP: Final = re.compile(LAMP_PATTERN)


class _Watch:
    """What one link has yet to be told: of each lamp its last state."""

    def __init__(self, states: States) -> None:
        self._states = dict(states)
        self._complete = False
        self._wake = asyncio.Event()
        self._wake.set()

    def put(self, changes: States) -> None:
        self._states |= changes
        self._wake.set()

    async def next(self) -> Lamps:
        await self._wake.wait()
        part = dict(islice(self._states.items(), IN_A_FRAME))
        for name in part:
            del self._states[name]
        if self._states:
            return Lamps(states=part)
        self._wake.clear()
        first, self._complete = not self._complete, True
        return Lamps(states=part, complete=first)


class Board:
    """The lamps as this replica last read them, for the links that stand here."""

    def __init__(self, engine: Engine, level: Level) -> None:
        self._engine = engine
        self._level = level
        #: Of each queue ("queue", name) and each agent ("agent", name).
        self._lamps: dict[tuple[str, str], States] = {}
        self._watches: set[_Watch] = set()
        self._lit = asyncio.Event()
        if level == "off":
            self._lit.set()  # there are none, and those of former days go out
        self._last = ""
        self._well = True

    async def follow(self) -> AsyncGenerator[Lamps, None]:
        """All lamps as soon as they are known, then what changes, for ever."""
        await self._lit.wait()
        watch = _Watch(dict(lamp for some in self._lamps.values() for lamp in some.items()))
        self._watches.add(watch)
        try:
            while True:
                yield await watch.next()
        finally:
            self._watches.discard(watch)

    async def run(self) -> None:
        """Keeps the lamps true to the line, for ever, through every outage of Redis."""
        while True:
            try:
                await self._look_at_all()
                while await self._round():
                    pass
            except AWAY as error:
                if self._well:
                    log.error("lamps wait: %r", error)
                self._well = False
                await asyncio.sleep(RETRY_S)

    async def _look_at_all(self) -> None:
        self._last = await self._engine.newest_entry()
        agents = await self._engine.agents() if self._level == "members" else []
        shown = _shown(await self._engine.counts(), agents)
        self._show({whose: shown.get(whose, {}) for whose in {*self._lamps, *shown}})
        self._lit.set()
        self._well = True

    async def _round(self) -> bool:
        """Waits for a change and shows it. False: another journal has taken this one's place."""
        entries = await self._engine.journal(self._last, PAGE, BLOCK_MS)
        queues, agents = set[str](), set[str]()
        while entries:
            queues |= _named(entries, "queue")
            agents |= _named(entries, "agent")
            self._last = entries[-1].id
            entries = await self._engine.journal(self._last, PAGE) if len(entries) == PAGE else []
        if queues or agents:
            await self._look_at(queues, agents)
            await asyncio.sleep(ROUND_S)
            return True
        newest = await self._engine.newest_entry()
        return stream_position(newest) >= stream_position(self._last)

    async def _look_at(self, queues: set[str], agents: set[str]) -> None:
        """What the entries named, and all queues of the agents among it."""
        found = await self._engine.agents(agents)
        queues = queues.union(*(agent.memberships for agent in found))
        shown = _shown(await self._engine.counts(queues), found)
        asked = {("queue", name) for name in queues} | {("agent", name) for name in agents}
        if self._level == "queues":
            asked = {whose for whose in asked if whose[0] == "queue"}
        self._show({whose: shown.get(whose, {}) for whose in asked})

    def _show(self, lamps: Mapping[tuple[str, str], States]) -> None:
        changes: dict[str, DeviceState] = {}
        for whose, states in lamps.items():
            before = self._lamps.pop(whose, {})
            changes |= dict.fromkeys(before.keys() - states.keys(), "INVALID")
            changes |= dict(states.items() - before.items())
            if states:
                self._lamps[whose] = states
        for watch in self._watches if changes else ():
            watch.put(changes)


def _shown(
    queues: Mapping[str, tuple[int, int]], agents: Iterable[AgentView]
) -> dict[tuple[str, str], States]:
    """What the lamps of these show."""
    shown = {("queue", name): _of_queue(name, *counts) for name, counts in queues.items()}
    return shown | {("agent", agent.name): _of_agent(agent) for agent in agents}


def _of_queue(queue: str, callers: int, available: int) -> States:
    return _possible(
        {
            f"Queue:{queue}": "RINGING" if callers else "NOT_INUSE",
            f"Queue:{queue}_avail": "NOT_INUSE" if available else "INUSE",
        }
    )


def _of_agent(agent: AgentView) -> States:
    states: dict[str, DeviceState] = {}
    for queue, member in agent.memberships.items():
        paused = agent.paused or member.paused
        states[f"Queue:{queue}_pause_{agent.name}"] = "INUSE" if paused else "NOT_INUSE"
    return _possible(states)


def _possible(states: States) -> States:
    return {name: state for name, state in states.items() if _LAMP.match(name)}


def _named(entries: Iterable[Entry], field: str) -> set[str]:
    return {entry.data[field] for entry in entries if entry.data.get(field)}
