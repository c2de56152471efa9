"""The line engine: complete call lifecycles a second on one Valkey with its log on.

Side by side in one run, in turns: (a) a bare script of two commands, (b) one of 17 commands, which
touches what a transition must touch, (c) BullMQ's add, process, complete. A lifecycle is three
transitions: join, connect, complete; the match that makes the offer rides in one of them.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from coordinator.cli.bench.bullmq import PACKAGES, Bullmq, NoBullmq, bullmq
from coordinator.cli.bench.findings import Findings, Options, Say, ratio
from coordinator.cli.bench.load import Floor
from coordinator.cli.bench.machine import said_by
from coordinator.cli.bench.scripts import Script, load
from coordinator.cli.bench.valkey import Server, valkey

#: Connections at once, agents, and callers who wait at any time.
CLIENTS, AGENTS, WAITING = 8, 200, 200
SHORT_CLIENTS, SHORT_AGENTS, SHORT_WAITING = 2, 6, 6

#: Seconds each takes in one turn, and turns.
TURN_S, SHORT_TURN_S, TURNS = 3.0, 0.2, 7

OURS, BARE, SEVENTEEN, BULLMQ = "line", "bare script (2)", "script (17)", "BullMQ"


@dataclass
class _Run:
    """What all turns share."""

    options: Options
    server: Server
    found: Findings = field(default_factory=Findings)

    @property
    def seconds(self) -> float:
        return SHORT_TURN_S if self.options.short else TURN_S

    @property
    def clients(self) -> int:
        return SHORT_CLIENTS if self.options.short else CLIENTS

    async def cost(self, subject: str, work: Callable[[], Awaitable[int]]) -> None:
        """Calls a second of a script, and what each costs the server."""
        before = await self.server.cpu_s()
        made = await work()
        spent = await self.server.cpu_s() - before
        self.found.add(subject, "transitions", "1/s", made / self.seconds)
        self.found.add(subject, "Valkey's time a transition", "µs", spent / made * 1e6)


async def measure(options: Options, say: Say) -> Findings:
    """Turns of all, then what was reached."""
    async with AsyncExitStack() as stack:
        run = _Run(options, await stack.enter_async_context(valkey()))
        scripts = await load(run.server)
        other = await _bullmq(stack, run)
        for turn in range(options.runs(TURNS)):
            say(f"turn {turn + 1}")
            for script, subject in zip(scripts, (BARE, SEVENTEEN), strict=True):
                await _script(run, script, subject)
            await _lifecycles(run, turn)
            if other is not None:
                await _cycles(run, other)
    _judge(run.found)
    return run.found


async def _bullmq(stack: AsyncExitStack, run: _Run) -> Bullmq | None:
    try:
        other = await stack.enter_async_context(bullmq(run.server.path))
    except NoBullmq as why:
        run.found.note(f"BullMQ left out: {why}.")
        return None
    run.found.versions |= {**PACKAGES, "node": said_by("node", "--version")}
    await other.play(run.seconds)  # node compiles what is hot
    return other


async def _script(run: _Run, script: Script, subject: str) -> None:
    await run.server.forget()  # the line's very first call failed: its library was not there
    await run.cost(subject, lambda: script.play(run.clients, run.seconds))
    calls = (await run.server.commands())["fcall"]["failed_calls"]
    run.found.check(f"{subject}: calls that failed", int(calls), 0)


async def _lifecycles(run: _Run, turn: int) -> None:
    """One turn of the line: warmed up, measured, then played to its end and audited."""
    short = run.options.short
    agents, waiting = (SHORT_AGENTS, SHORT_WAITING) if short else (AGENTS, WAITING)
    floor = await Floor.furnish(run.server, f"line{turn}", run.clients, agents)
    await floor.wait(agents + waiting)
    await floor.play(run.seconds / 10)
    begun = floor.tally

    async def work() -> int:
        await floor.play(run.seconds)
        return floor.tally.transitions - begun.transitions

    await run.cost(OURS, work)
    completed = floor.tally.completed - begun.completed
    run.found.add(OURS, "lifecycles", "1/s", completed / run.seconds)
    await floor.finish()
    await _right(run.found, floor, audited=turn == 0)
    await floor.close()
    await run.server.empty()


async def _right(found: Findings, floor: Floor, audited: bool) -> None:
    """Every call was taken, offered, connected and completed, and counted so."""
    tally, queue = floor.tally, (await floor.engine.queues())[0]
    found.check("events refused", floor.refused, [])
    found.check("callers left over", tally.joined - tally.completed, 0)
    found.check("completed calls the line did not count", tally.completed - queue.completed, 0)
    if audited:
        report = await floor.audit()
        found.check("rules broken (first turn)", [str(v) for v in report.violations], [])
        found.check("entries audited, or all there are", report.entries > 0, True)


async def _cycles(run: _Run, other: Bullmq) -> None:
    before = await run.server.cpu_s()
    done = await other.play(run.seconds)
    spent = await run.server.cpu_s() - before
    run.found.add(BULLMQ, "lifecycles", "1/s", done["cycles"] / done["seconds"])
    run.found.add(BULLMQ, "Valkey's time a lifecycle", "µs", spent / max(1, done["cycles"]) * 1e6)
    run.found.check("BullMQ's jobs left over", done["added"] - done["completed"], 0)


def _judge(found: Findings) -> None:
    lifecycles, others = (found.median(name, "lifecycles") for name in (OURS, BULLMQ))
    transitions = found.median(OURS, "transitions")
    found.at_least("transitions a second", transitions, 15_000)
    found.at_least("lifecycles a second", lifecycles, 5_000)
    found.at_least("lifecycles over BullMQ's cycles", ratio(lifecycles, others), 0.6)
    for name in (BARE, SEVENTEEN):
        share = ratio(transitions, found.median(name, "transitions"))
        if share is not None:
            found.add(OURS, f"transitions over those of the {name}", "", share)
    busy = found.median(OURS, "Valkey's time a transition")
    if busy:
        found.add(OURS, "transitions that one core could make", "1/s", 1e6 / busy)
