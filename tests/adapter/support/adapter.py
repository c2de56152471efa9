"""The adapter as it runs, between a manager and a coordinator the test plays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from ami_adapter.daemon import serve
from ami_adapter.settings import Settings
from coordinator.protocol import EventFrame, Snapshot
from tests.adapter.support.asterisk import SECRET, Conversation, Lines, Manager, message
from tests.adapter.support.coordinator import Coordinator, Linked
from tests.adapter.support.events import joined


def settings(asterisk: Manager, url: str, **changes: Any) -> Settings:
    """An adapter of box a on loopback: short pauses, patient deadlines."""
    values: dict[str, Any] = {
        "coordinator_url": url, "box": "a", "token": "t0ken", "ami_port": asterisk.port,
        "ami_secret": SECRET, "ami_ping_s": 60.0, "ami_deadline_s": 10.0,
        "reconnect_min_s": 0.01, "reconnect_max_s": 0.05, "refused_retry_s": 0.05,
        "link_timeout_s": 10.0,
    }  # fmt: skip
    return Settings(**values | changes)


@dataclass
class Running:
    """A running adapter, linked: both its peers and what it began with."""

    asterisk: Manager
    line: Coordinator
    box: Conversation
    link: Linked
    key: str
    first: EventFrame

    @property
    def snapshot(self) -> Snapshot:
        """What the epoch began with."""
        assert isinstance(self.first.event, Snapshot)
        return self.first.event

    def dialplan(self, event: dict[str, Any]) -> None:
        """An event of the dialplan, with the adapter's key."""
        self.box.write(message({_header(k): v for k, v in (event | {"key": self.key}).items()}))

    def asterisk_says(self, event: dict[str, Any]) -> None:
        """An event of Asterisk's own."""
        self.box.write(message({_header(k): v for k, v in event.items()}))

    async def join(self, uniqueid: str = "a-17.1") -> None:
        """A caller joins, and the line takes it."""
        self.dialplan(dict(joined(uniqueid)))
        await self.link.event()


def _header(name: str) -> str:
    return name.capitalize()


@asynccontextmanager
async def serving(config: Settings) -> AsyncIterator[asyncio.Task[None]]:
    """The adapter, until the test is over."""
    task = asyncio.create_task(serve(config))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def settle(
    asterisk: Manager,
    line: Coordinator,
    channels: list[Lines] | None = None,
    devices: list[Lines] | None = None,
) -> Running:
    """Plays login, snapshot and welcome; the line takes the snapshot."""
    box = await asterisk.accept()
    await box.log_in()
    key = await box.resync(channels, devices)
    link = await line.accept()
    return Running(asterisk, line, box, link, key, await link.event())


@asynccontextmanager
async def running(asterisk: Manager, line: Coordinator, **changes: Any) -> AsyncIterator[Running]:
    """An adapter of an empty box, linked."""
    async with serving(settings(asterisk, line.url, **changes)):
        yield await settle(asterisk, line)
