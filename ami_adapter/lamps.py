"""The lamps on phones: what the line says, written into the box's Custom device states.

    exten => sales,hint,Custom:Queue:sales        the operator's; the rest is done here

A Custom state outlives Asterisk (astdb), so it may be an old one: each epoch begins with what the
box has, and only what differs is written. A few at a time, so that a thousand lamps do not stand
before one Originate. What the line has no lamp for any more becomes INVALID.

While the line is away for long nobody knows who waits: the lamps say UNAVAILABLE. Not where another
adapter may have this box, for it has the lamps too.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final

from ami_adapter.connection import AmiSession, Reply
from ami_adapter.headers import Headers, one
from coordinator.protocol import Lamps

log = logging.getLogger(__name__)

#: What stands before a lamp's name in its device's.
CUSTOM: Final = "Custom:"

#: Device states that are written before the answers to them are waited for.
AT_ONCE: Final = 20


def lamp(device: Headers) -> str:
    """The name of the lamp that a listed device is; "" for any other. Raises Unreadable."""
    name = one(device, "device")
    return name.removeprefix(CUSTOM) if name.startswith(f"{CUSTOM}Queue:") else ""


class LampBoard:
    """The lamps of a box in one AMI session.

    away_s: how long the line may be away, seconds. contested: another adapter may have this box.
    """

    def __init__(self, session: AmiSession, away_s: float, contested: Callable[[], bool]) -> None:
        self._session = session
        self._away_s = away_s
        self._contested = contested
        #: What the box shows, what it is to show, and what the line has named on this link.
        self._lit: dict[str, str] = {}
        self._wanted: dict[str, str] = {}
        self._named: set[str] = set()
        self._wake = asyncio.Event()
        self._here = asyncio.Event()
        self._gone = asyncio.Event()
        self._gone.set()
        self._well = True

    def begin(self, found: Mapping[str, str]) -> None:
        """Begins with what the box shows."""
        self._lit = dict(found)

    def linked(self, here: bool) -> None:
        """A link stands, or has ended."""
        self._named.clear()
        now, before = (self._here, self._gone) if here else (self._gone, self._here)
        before.clear()
        now.set()

    def show(self, lamps: Lamps) -> None:
        """What the line says."""
        self._named |= lamps.states.keys()
        self._want(lamps.states)
        if lamps.complete:
            known = self._lit.keys() | self._wanted.keys()
            self._want(dict.fromkeys(known - self._named, "INVALID"))

    async def light(self) -> None:
        """Writes what is wanted, for ever. Raises AmiClosed."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._wanted:
                await self._write(dict(islice(self._wanted.items(), AT_ONCE)))

    async def watch(self) -> None:
        """Notices when the line stays away, for ever."""
        while True:
            await self._gone.wait()
            try:
                async with asyncio.timeout(self._away_s):
                    await self._here.wait()
            except TimeoutError:
                if self._contested():
                    continue
                log.warning("The line is away for %g s: lamps say UNAVAILABLE.", self._away_s)
                known = self._lit.keys() | self._wanted.keys()
                self._want(dict.fromkeys(known, "UNAVAILABLE"))
                await self._here.wait()

    def _want(self, states: Mapping[str, str]) -> None:
        self._wanted.update(states)
        self._wake.set()

    async def _write(self, states: Mapping[str, str]) -> None:
        answers = {}
        for name, state in states.items():
            del self._wanted[name]
            if self._lit.get(name) != state:
                device = f"DEVICE_STATE({CUSTOM}{name})"
                answers[name] = self._session.set_global(device, state)
        for name, answer in answers.items():
            self._written(name, states[name], await answer)

    def _written(self, name: str, state: str, reply: Reply) -> None:
        if reply.success:
            self._lit[name] = state
        elif self._well:
            self._well = False
            log.error("No lamps: %s; is func_devstate loaded?", reply.message)
