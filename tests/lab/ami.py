"""A small AMI client for tests: it sees every event with the time it came, and hides nothing."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ami_adapter.lab import Box

_ids = itertools.count(1)


@dataclass(frozen=True)
class Event:
    """Headers in order, so that a header that came twice is seen twice."""

    at: float
    headers: tuple[tuple[str, str], ...]

    def __getitem__(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    @property
    def name(self) -> str:
        return self["UserEvent"] or self["Event"]


class Ami:
    """One session. Events stay in `events`, in order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.events: list[Event] = []
        self._reader, self._writer = reader, writer
        self._responses: dict[str, Event] = {}
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        await self._reader.readline()
        while block := await self._block():
            pairs = tuple((key, value.strip()) for key, _, value in block)
            event = Event(time.time(), pairs)
            if event["Event"]:  # an OriginateResponse has a Response header too
                self.events.append(event)
            else:
                self._responses[event["ActionID"]] = event
            self._changed.set()

    async def _block(self) -> list[tuple[str, str, str]]:
        try:
            text = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return []
        return [line.partition(":") for line in text.decode().split("\r\n") if line]

    async def action(self, action: str, *variables: str, **headers: str) -> Event:
        """Send it and return the response."""
        number = headers.pop("ActionID", f"t{next(_ids)}")
        lines = [f"Action: {action}", f"ActionID: {number}"]
        lines += [f"{key}: {value}" for key, value in headers.items()]
        lines += [f"Variable: {variable}" for variable in variables]
        self._writer.write("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        await self.until(lambda: number in self._responses)
        return self._responses[number]

    async def until(self, condition: Callable[[], object], seconds: float = 30.0) -> None:
        """Wait until the condition holds. TimeoutError else."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def all(self, name: str, **headers: str) -> list[Event]:
        """Events of this name (a UserEvent by its own name) with these headers."""
        return [
            event
            for event in self.events
            if event.name == name and all(event[key] == value for key, value in headers.items())
        ]

    async def wait(self, name: str, count: int = 1, **headers: str) -> Event:
        """The count-th such event, waiting for it."""
        await self.until(lambda: len(self.all(name, **headers)) >= count)
        return self.all(name, **headers)[count - 1]

    async def listed(self, action: str, **headers: str) -> list[Event]:
        """The events an action answers with, the closing one left out."""
        number = f"l{next(_ids)}"
        await self.action(action, ActionID=number, **headers)

        def mine() -> list[Event]:
            return [event for event in self.events if event["ActionID"] == number]

        await self.until(lambda: any(event["EventList"] == "Complete" for event in mine()))
        return mine()[:-1]

    async def variable(self, channel: str, name: str) -> str:
        """A channel's variable."""
        return (await self.action("Getvar", Channel=channel, Variable=name))["Value"]

    async def idle(self) -> None:
        """Wait until the box has no channel left, and forget what has been."""
        async with asyncio.timeout(30):
            while channels := await self.listed("CoreShowChannels"):
                for channel in channels:
                    # By name: a forged caller's number cuts the event before its Uniqueid.
                    await self.action("Hangup", Channel=channel["Channel"])
        self.events.clear()

    async def close(self) -> None:
        self._writer.close()
        await self._task


@asynccontextmanager
async def connect(box: Box, username: str = "") -> AsyncIterator[Ami]:
    """A session on this box, as the onlooker or as another user with the same secret."""
    host, _, port = box.ami.partition(":")
    ami = Ami(*await asyncio.open_connection(host, int(port)))
    secret = box.ami_secret
    answer = await ami.action("Login", Username=username or box.ami_username, Secret=secret)
    assert answer["Response"] == "Success", answer
    await ami.wait("FullyBooted")
    try:
        yield ami
    finally:
        await ami.close()
