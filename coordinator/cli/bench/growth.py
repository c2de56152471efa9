"""What a decision costs as everything grows: the time Redis takes for the step that makes it.

Decisions are made one row of sizes after another: callers who wait, members of a queue, queues an
agent is in, boxes; then tenants over a Cluster of three nodes. The time is the server's own, of the
whole step (event, decision, journal, command), so neither network nor this program is in it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from coordinator.cli.bench.findings import Findings, Options, Say
from coordinator.cli.bench.load import QUEUE, Floor, Offer
from coordinator.cli.bench.valkey import Server, cluster, valkey
from coordinator.line import keys
from coordinator.line.types import MemberSettings, QueueSettings

#: Decisions a size, and of them at a time.
DECISIONS, SHORT_DECISIONS, AT_A_TIME = 200, 10, 10
RUNS = 3

WAITING, MEMBERS = "waiting callers", "members"
QUEUES, BOXES, NODES = "queues an agent", "boxes", "nodes"
SIZES: dict[str, tuple[int, ...]] = {
    WAITING: (100, 1_000, 10_000, 100_000, 1_000_000),
    MEMBERS: (10, 100, 1_000, 10_000, 100_000),
    QUEUES: (1, 2, 5, 10, 20, 50),
    BOXES: (1, 10, 50, 100, 200),
    NODES: (1, 3),
}
SHORT_SIZES: dict[str, tuple[int, ...]] = {
    WAITING: (10, 1_000), MEMBERS: (10, 30), QUEUES: (1, 3), BOXES: (1, 3), NODES: (1, 3),
}  # fmt: skip

#: With fewer callers the memory of a caller is lost in what the server takes for itself.
MANY = 1_000

#: Callers who wait where callers are not what grows: for each queue, so that none runs dry.
SOME = 50
STRATEGIES = ("leastrecent", "rrmemory", "random")

#: Tenants of the Cluster, and seconds of calls.
TENANTS, CLUSTER_S, SHORT_CLUSTER_S = 12, 5.0, 0.2

BYTES_TARGET = 1.5 * 1024


@dataclass
class _Run:
    options: Options
    server: Server
    found: Findings = field(default_factory=Findings)
    floors: int = 0

    @property
    def decisions(self) -> int:
        return SHORT_DECISIONS if self.options.short else DECISIONS

    def sizes(self, of: str) -> tuple[int, ...]:
        return (SHORT_SIZES if self.options.short else SIZES)[of]

    @asynccontextmanager
    async def floor(self, boxes: int, agents: int, strategy: str = "leastrecent",
                    ) -> AsyncIterator[Floor]:  # fmt: skip
        """A floor of its own, and Redis empty after it."""
        self.floors += 1
        floor = await Floor.furnish(
            self.server, f"growth{self.floors}", boxes, agents, strategy=strategy, timeout=600
        )
        try:
            yield floor
        finally:
            self.found.check("events refused", floor.refused, [])
            await floor.close()
            await self.server.empty()


async def measure(options: Options, say: Say) -> Findings:
    """Every row, run by run."""
    async with valkey() as server:
        run = _Run(options, server)
        for turn in range(options.runs(RUNS)):
            for row in (_waiting, _members, _queues, _boxes):
                say(f"run {turn + 1}: {row.__name__.strip('_')}")
                await row(run)
    for turn in range(options.runs(RUNS)):
        say(f"run {turn + 1}: tenants over a Cluster")
        await _nodes(run)
    _judge(run)
    return run.found


async def _waiting(run: _Run) -> None:
    for size in run.sizes(WAITING):
        async with run.floor(1, AT_A_TIME) as floor:
            offers = await _busy(floor)
            before = await _without_journal(run.server, floor)
            await floor.wait(size)
            taken = (await _without_journal(run.server, floor) - before) / size
            if size >= MANY:
                run.found.add("line", "memory", "bytes a waiting caller", taken, size, WAITING)
            await _completes(run, floor, offers, "line", size, WAITING)


async def _without_journal(server: Server, floor: Floor) -> int:
    """Bytes of all keys; the journal goes, which no caller holds on to."""
    await server.client.delete(keys.key(floor.tenant, "journal"))
    return await server.memory()


async def _members(run: _Run) -> None:
    for strategy in STRATEGIES:
        for size in run.sizes(MEMBERS):
            async with run.floor(1, size, strategy) as floor:
                await _joins(run, floor, strategy, size)


async def _queues(run: _Run) -> None:
    for size in run.sizes(QUEUES):
        async with run.floor(1, AT_A_TIME) as floor:
            offers = await _busy(floor)
            names = [QUEUE, *(f"queue{n}" for n in range(1, size))]
            for name in names[1:]:
                await floor.engine.put_queue(name, QueueSettings(strategy="leastrecent"))
                await floor.engine.put_members(
                    (name, f"agent{n}", MemberSettings()) for n in range(AT_A_TIME)
                )
            for name in names:
                await floor.boxes[0].transit([floor.boxes[0].join(name) for _ in range(SOME)])
            await _completes(run, floor, offers, "line", size, QUEUES, SOME)


async def _boxes(run: _Run) -> None:
    for size in run.sizes(BOXES):
        async with run.floor(size, AT_A_TIME) as floor:
            offers = await _busy(floor)
            await floor.wait(run.decisions + AT_A_TIME)
            await _completes(run, floor, offers, "line", size, BOXES)


async def _busy(floor: Floor) -> list[Offer]:
    """All agents talk."""
    await floor.wait(AT_A_TIME)
    return await _connected(floor)


async def _connected(floor: Floor) -> list[Offer]:
    """Whoever is rung answers at once."""
    answered = []
    for box in floor.boxes:
        offers, done = await box.offers(block_ms=1)
        events = [box.connect(offer) for offer in offers]
        answers = await box.pipe.ask([*events, *box.done(done)])
        box.refused += [a[0] for a in answers[: len(events)] if a[0] != "ok"]
        answered += offers
    return answered


async def _timed(server: Server, steps: Callable[[], Awaitable[int]]) -> tuple[float, int]:
    """The server's time for these steps, µs, and how many they were."""
    await server.forget()
    made = await steps()
    return float((await server.commands())["fcall"]["usec"]), made


async def _completes(
    run: _Run, floor: Floor, offers: list[Offer], subject: str, size: int, of: str,
    limit: int | None = None,
) -> None:  # fmt: skip
    """An agent is free again and gets the next caller: the decision that callers wait for."""
    spent, made = 0.0, 0
    by_call = {box.name: box for box in floor.boxes}
    while made < min(run.decisions, limit or run.decisions):

        async def steps(offers: list[Offer] = offers) -> int:
            for offer in offers:
                box = by_call[offer.call_id.partition("-")[0]]
                await box.transit([box.complete(offer)])
            return len(offers)

        took, count = await _timed(run.server, steps)
        offers = await _connected(floor)
        run.found.check("agents free while callers wait", count - len(offers), 0)
        spent, made = spent + took, made + count
    run.found.add(subject, "decision", "µs", spent / made, size, of)


async def _joins(run: _Run, floor: Floor, strategy: str, size: int) -> None:
    """A caller joins and gets the best of all who are free."""
    box, spent, made = floor.boxes[0], 0.0, 0

    async def steps() -> int:
        await box.transit([box.join() for _ in range(AT_A_TIME)])
        return AT_A_TIME

    while made < run.decisions:
        took, count = await _timed(run.server, steps)
        offers = await _connected(floor)
        run.found.check("callers without an agent while members are free", count - len(offers), 0)
        await box.transit([box.complete(offer) for offer in offers])
        spent, made = spent + took, made + count
    run.found.add(strategy, "decision", "µs", spent / made, size, MEMBERS)


async def _nodes(run: _Run) -> None:
    """Tenants on one node, and spread over three by Redis Cluster's own hash of their tag."""
    seconds = SHORT_CLUSTER_S if run.options.short else CLUSTER_S
    for size in run.sizes(NODES):
        async with cluster(size) as nodes, AsyncExitStack() as stack:
            floors = []
            for n in range(TENANTS):
                node = nodes.holds(keys.key(f"tenant{n}", "meta"))
                floor = await Floor.furnish(node, f"tenant{n}", 1, AT_A_TIME)
                stack.push_async_callback(floor.close)
                await floor.wait(2 * AT_A_TIME)
                floors.append(floor)
            before = [await node.cpu_s() for node in nodes.servers]
            await asyncio.gather(*(floor.play(seconds) for floor in floors))
            spent = [await node.cpu_s() - b for node, b in zip(nodes.servers, before, strict=True)]
            made = sum(floor.tally.transitions for floor in floors) - 2 * AT_A_TIME * TENANTS
            for floor in floors:
                run.found.check("events refused", floor.refused, [])
            add = run.found.add
            add("Cluster", "all nodes' time a transition", "µs", sum(spent) / made * 1e6,
                size, NODES)  # fmt: skip
            add("Cluster", "busiest node's share of it", "", max(spent) / sum(spent), size, NODES)


def _judge(run: _Run) -> None:
    """100,000 callers against 100, and 10,000 members against 10."""
    found = run.found
    for of, subject, small, large in (
        (WAITING, "line", 100, 100_000), (MEMBERS, "leastrecent", 10, 10_000),
    ):  # fmt: skip
        costs = {
            m.at: m.median
            for m in found.measures
            if (m.subject, m.quantity, m.of) == (subject, "decision", of)
        }
        if {small, large} <= costs.keys():
            what = f"a decision with {large:,} {of} over one with {small}"
            found.at_most(what, costs[large] / costs[small], 2)
    last = run.sizes(WAITING)[-1]
    found.at_most("bytes a waiting caller", found.median("line", "memory", last), BYTES_TARGET)
    found.note("tenants do not share a node's core: on fewer cores than nodes only the times tell")
