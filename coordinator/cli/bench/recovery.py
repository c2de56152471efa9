"""How soon the line is at work again: with many callers waiting, each part is taken away in turn.

The coordinator is killed and started anew; Redis is emptied, and the line comes back from what the
boxes hold; the adapter loses its AMI session. Coordinators and adapter are processes as in
production; of 50 boxes only the link is real (peers.py), of the one whose adapter is measured AMI
too (the simulator). An agent hangs up just before, so there is a decision to be made.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from ami_adapter.simulator.dialplan import Request
from ami_adapter.simulator.world import World
from coordinator.cli.bench.findings import Findings, Options, Say
from coordinator.cli.bench.load import QUEUE
from coordinator.cli.bench.peers import Peer
from coordinator.cli.bench.programs import PATIENCE_S, Site, site, until
from coordinator.cli.bench.simulated import ami
from coordinator.cli.bench.valkey import Server, valkey
from coordinator.line import keys
from coordinator.protocol import Complete, Connect, Device, Originate

CALLERS, BOXES, RESYNCED, RUNS = 100_000, 50, 2_000, 5
SHORT_CALLERS, SHORT_BOXES, SHORT_RESYNCED = 200, 4, 20

LINE = keys.key("default", "line", QUEUE)
COORDINATOR, REDIS, ADAPTER = "coordinator killed", "Redis emptied", "AMI session lost"


@dataclass
class _Run:
    site: Site
    server: Server
    found: Findings
    peers: list[Peer] = field(default_factory=list)
    rung: "asyncio.Queue[tuple[float, Peer, Originate]]" = field(default_factory=asyncio.Queue)

    @property
    def first(self) -> Peer:
        """Where the agent's phone is."""
        return self.peers[0]

    async def line(self) -> list[str]:
        """All places, first one first."""
        return [str(place) for place in await self.server.client.zrange(LINE, 0, -1)]

    async def decided(self) -> float:
        """Waits for the next decision at its box; the talk is over at once, the agent still busy.

        Returns when it came, on the monotonic clock.
        """
        async with asyncio.timeout(PATIENCE_S):
            at, peer, offer = await self.rung.get()
        named = {"offer_id": offer.offer_id, "fence": offer.fence}
        peer.tell(Connect(**named))
        self.phone("INUSE")
        del peer.calls[offer.call_id]
        await self._until_talks()
        peer.tell(Complete(**named, ended_by="agent"))
        await self._until_gone(offer.call_id)
        return at

    def phone(self, state: str) -> None:
        """The one agent's phone says so."""
        self.first.devices["PJSIP/agent0"] = state
        self.first.tell(Device.model_validate({"interface": "PJSIP/agent0", "state": state}))

    async def _until_talks(self) -> None:
        async def so() -> bool:
            fields = await self.server.client.hmget(
                keys.key("default", "agent", "agent0"), "device", "state"
            )
            return fields == ["INUSE", "talking"]

        await until(so, "the agent did not talk", PATIENCE_S)

    async def _until_gone(self, call_id: str) -> None:
        async def so() -> bool:
            return not await self.server.client.exists(keys.key("default", "call", call_id))

        await until(so, "the talk was not over", PATIENCE_S)


async def measure(options: Options, say: Say) -> Findings:
    """Everybody waits; then each part is taken away, again and again."""
    found = Findings()
    callers, boxes = (SHORT_CALLERS, SHORT_BOXES) if options.short else (CALLERS, BOXES)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="gvq-bench-")))
        server = await stack.enter_async_context(valkey())
        place = await stack.enter_async_context(site(folder, server.url))
        await place.serve()
        await place.queue(1, timeout=600)
        run = _Run(place, server, found)
        say(f"{callers:,} callers on {boxes} boxes")
        await _fill(stack, run, callers, boxes)
        for turn in range(options.runs(RUNS)):
            for loss in (_coordinator_killed, _redis_emptied):
                say(f"turn {turn + 1}: {loss.__name__.strip('_').replace('_', ' ')}")
                await loss(run)
        refused = [refusal for peer in run.peers for refusal in peer.refused]
        found.check("events of boxes refused", refused, [])
    await _adapters(options, found, say)
    _judge(found, callers)
    return found


async def _fill(stack: AsyncExitStack, run: _Run, callers: int, boxes: int) -> None:
    """Boxes link for the first time, with all their callers in their snapshots."""

    def rung(peer: Peer, offer: Originate) -> None:
        run.rung.put_nowait((time.monotonic(), peer, offer))

    oldest = time.time_ns() // 1000 - callers
    for n in range(boxes):
        name = f"box{n}"
        peer = Peer(name, run.site.url, await run.site.admit(name), rung)
        for number in range(n, callers, boxes):
            peer.hold(number, oldest + number)
        run.peers.append(peer)
    run.first.devices["PJSIP/agent0"] = "INUSE"
    for peer in run.peers:
        await stack.enter_async_context(peer.linked())
    run.found.check("callers in line at first", len(await run.line()), callers)


async def _in_step(run: _Run) -> None:
    async with asyncio.timeout(PATIENCE_S):
        for peer in run.peers:
            await peer.in_step.wait()


async def _coordinator_killed(run: _Run) -> None:
    """From the start of its process to the first decision at a box."""
    before = await run.line()
    await run.site.serves.pop().kill()
    run.phone("NOT_INUSE")  # kept back by the adapter until there is a link
    began = time.monotonic()
    await run.site.ready(await run.site.serve(), run.site.serves[0])
    run.found.add(COORDINATOR, "start to ready", "s", time.monotonic() - began)
    decided = await run.decided()
    run.found.add(COORDINATOR, "start to first decision", "s", decided - began)
    await _same(run, COORDINATOR, before[1:])


async def _redis_emptied(run: _Run) -> None:
    """From the loss of all keys until every caller has its place again, and to a decision."""
    before = await run.line()
    for peer in run.peers:
        peer.in_step.clear()
    began = time.monotonic()
    await run.server.empty()
    await _in_step(run)
    run.found.add(REDIS, "until the line is rebuilt", "s", time.monotonic() - began)
    await _same(run, REDIS, before)
    run.phone("NOT_INUSE")
    run.found.add(REDIS, "until the first decision", "s", await run.decided() - began)


async def _same(run: _Run, loss: str, wanted: list[str]) -> None:
    line = await run.line()
    run.found.check(f"{loss}: callers lost", len(set(wanted) - set(line)), 0)
    run.found.check(f"{loss}: the same order", line == wanted, True)


async def _adapters(options: Options, found: Findings, say: Say) -> None:
    """An adapter's AMI session breaks with many calls on its box."""
    calls = SHORT_RESYNCED if options.short else RESYNCED
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="gvq-bench-")))
        server = await stack.enter_async_context(valkey())
        place = await stack.enter_async_context(site(folder, server.url))
        world = await stack.enter_async_context(World(["a"]))
        await place.serve()
        await place.queue(0)
        await place.adapter("a", ami(world, "a"))
        await place.attached(1)
        say(f"an adapter with {calls:,} calls")
        for _ in range(calls):
            world.network.call("a", Request(QUEUE))
            await asyncio.sleep(0)

        async def joined() -> bool:
            return bool(await server.client.zcard(LINE) == calls)

        await until(joined, "not all callers had joined", PATIENCE_S)
        before = await server.client.zrange(LINE, 0, -1)
        for _ in range(options.runs(RUNS)):
            seconds = await _resynced(server, lambda: world.servers["a"].drop())
            found.add(ADAPTER, "until the line has its snapshot", "s", seconds)
            after = await server.client.zrange(LINE, 0, -1)
            found.check(f"{ADAPTER}: the same order", after == before, True)


async def _resynced(server: Server, lose: Callable[[], None]) -> float:
    """Seconds until the box is in step in another epoch."""
    box = keys.key("default", "box", "a")

    async def state() -> list[str]:
        return [str(field) for field in await server.client.hmget(box, "epoch", "fresh")]

    [epoch, _] = await state()
    began = time.monotonic()
    lose()

    async def so() -> bool:
        now, fresh = await state()
        return now != epoch and fresh == "0"

    await until(so, "the adapter had not come back", PATIENCE_S)
    return time.monotonic() - began


def _judge(found: Findings, callers: int) -> None:
    found.note(f"{callers:,} callers wait while coordinator and Redis are lost")
    found.at_most(
        "s to the first decision of a new coordinator",
        found.median(COORDINATOR, "start to first decision"), 2,
    )  # fmt: skip
    found.at_most("s to a rebuilt line", found.median(REDIS, "until the line is rebuilt"), 10)
    found.at_most(
        "s to a resynced adapter", found.median(ADAPTER, "until the line has its snapshot"), 2
    )
