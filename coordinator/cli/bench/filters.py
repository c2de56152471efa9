"""What the shipped manager.conf keeps from the adapter, on a real box.

Callers come and are served while two more logins listen: one as the adapter's, with its filters,
and one with all rights and none. Events and bytes of both, for each call.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ami_adapter import lab
from ami_adapter.lab.callers import Callers
from ami_adapter.lab.phones import Phone
from ami_adapter.simulator.messages import render
from coordinator.cli.bench.findings import Findings, Options, Say
from coordinator.cli.bench.load import QUEUE
from coordinator.cli.bench.programs import PATIENCE_S, site, until
from coordinator.cli.bench.real import adapter_settings, real_boxes
from coordinator.cli.bench.valkey import valkey
from coordinator.tasks import cancel

CALLS, SHORT_CALLS, PER_S, TALK_S = 60, 6, 6.0, 0.2
PHONES = ("101", "102", "103", "104")

#: The login of somebody who looks on (ami_adapter/lab/templates/manager.conf.in).
ONLOOKER = "lab"


@dataclass
class _Ear:
    """What one login is told."""

    messages: int = 0
    size: int = 0

    async def listen(self, reader: asyncio.StreamReader) -> None:
        while message := await reader.readuntil(b"\r\n\r\n"):
            self.messages += 1
            self.size += len(message)


async def measure(options: Options, found: Findings, say: Say) -> None:
    """Adds to what was found of simulated boxes."""
    calls = SHORT_CALLS if options.short else CALLS
    async with AsyncExitStack() as stack:
        box = await _furnish(stack, say)
        say(f"{calls} calls at a real box, two more logins listening")
        filtered = await stack.enter_async_context(_listening(box, box.adapter_username))
        everything = await stack.enter_async_context(_listening(box, ONLOOKER))
        async with Callers(box, QUEUE, calls, per_second=PER_S) as group:
            await group.finished(PATIENCE_S + calls / PER_S)
            served = sum(call.answered is not None for call in group.calls.values())
        found.check("callers at the real box whom nobody answered", calls - served, 0)
        for name, ear in (("filtered", filtered), ("all of its events", everything)):
            found.add(f"real box: {name}", "events", "a call", ear.messages / calls)
            found.add(f"real box: {name}", "bytes", "a call", ear.size / calls)


async def _furnish(stack: AsyncExitStack, say: Say) -> lab.Box:
    """A box with phones whose agents are at work."""
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="gvq-bench-")))
    [box] = await stack.enter_async_context(real_boxes(folder, 1, say))
    server = await stack.enter_async_context(valkey())
    place = await stack.enter_async_context(site(folder, server.url))
    await place.serve()
    await place.ask("put", "queues", QUEUE, body={})
    for agent in PHONES:
        await stack.enter_async_context(Phone(agent, box.sip, talk=TALK_S))
        await place.ask("put", "agents", agent, body={"interface": f"PJSIP/{agent}"})
        await place.ask("put", "queues", QUEUE, "members", agent, body={})
        await place.ask("post", "agents", agent, "login", body={})
    await place.adapter(box.name, adapter_settings(box))
    await place.attached(1)
    await place.available(len(PHONES))
    return box


@asynccontextmanager
async def _listening(box: lab.Box, username: str) -> AsyncIterator[_Ear]:
    """Logged in, and told nothing more of the login itself."""
    host, _, port = box.ami.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(render((("Action", "Login"), ("Username", username), ("Secret", box.ami_secret))))
    ear = _Ear()
    listening = asyncio.create_task(ear.listen(reader))
    await until(lambda: _greeted(ear), "the box does not let us in", PATIENCE_S)
    ear.messages = ear.size = 0
    try:
        yield ear
    finally:
        await cancel([listening])
        writer.close()


async def _greeted(ear: _Ear) -> bool:
    """Answered, and FullyBooted."""
    return ear.messages >= 2
