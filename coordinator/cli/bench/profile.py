"""What each transition of the line makes Redis do: commands, processor time, bytes of log.

Each kind is made many times in a row, by a story of one queue in which that kind alone happens;
INFO commandstats tells the commands it ran, and of the time how much went into them: the rest is
Lua itself. The bytes are those of the append-only file, which replicas get too.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from coordinator.cli.bench.findings import Findings, Options, Say
from coordinator.cli.bench.load import Box, Floor, Offer
from coordinator.cli.bench.valkey import Server, valkey

#: Calls and agents of a story; each transition is made once for each of them.
CALLS, SHORT_CALLS, STORIES = 2000, 20, 5

#: Transitions in one pipeline: as many as wait in a busy link's buffer.
PIPELINE = 20

CALL_OF_THREE = "a call of three transitions"
OF_A_CALL = ("join, nobody free", "connect", "complete, next one offered")


@dataclass
class _Story:
    """One floor, and what it costs to play on it."""

    server: Server
    found: Findings
    floor: Floor
    calls: int
    offers: list[Offer] = field(default_factory=list)
    commands: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def box(self) -> Box:
        return self.floor.boxes[0]

    async def make(self, kind: str, events: list[bytes]) -> None:
        """These transitions are of that kind."""
        async with self._watched(kind, len(events)):
            for at in range(0, len(events), PIPELINE):
                await self.box.transit(events[at : at + PIPELINE])

    @asynccontextmanager
    async def _watched(self, kind: str, times: int) -> AsyncIterator[None]:
        bytes_before = await self.server.aof_bytes()
        await self.server.forget()
        yield
        stats = await self.server.commands()
        written = await self.server.aof_bytes() - bytes_before
        self._note(kind, times, stats, written)

    def _note(self, kind: str, times: int, stats: dict[str, Any], written: int) -> None:
        whole = stats.pop("fcall")
        for ours in ("config|resetstat", "info"):
            stats.pop(ours, None)
        inside = sum(row["usec"] for row in stats.values())
        self.commands[kind] = Counter({name: row["calls"] / times for name, row in stats.items()})
        add = self.found.add
        add(kind, "commands", "a transition", sum(self.commands[kind].values()))
        add(kind, "time", "µs a transition", whole["usec"] / times)
        add(kind, "of it in commands", "µs a transition", inside / times)
        add(kind, "log", "bytes a transition", written / times)
        self.found.check(f"{kind}: transitions counted", int(whole["calls"]) - times, 0)

    async def rung(self) -> list[Offer]:
        """The phones that have begun to ring; their commands are done."""
        offers, done = await self.box.offers(block_ms=1)
        while done:
            await self.box.pipe.ask(self.box.done(done))
            more, done = await self.box.offers(block_ms=1)
            offers += more
        return offers


async def measure(options: Options, say: Say) -> Findings:
    """The story again and again."""
    found = Findings()
    calls = SHORT_CALLS if options.short else CALLS
    commands: dict[str, Counter[str]] = {}
    async with valkey() as server:
        for turn in range(options.runs(STORIES)):
            say(f"story {turn + 1}")
            floor = await Floor.furnish(server, f"profile{turn}", 1, calls, timeout=60, retry=60)
            story = _Story(server, found, floor, calls)
            await _tell(story)
            commands = story.commands
            found.check("events refused", floor.refused, [])
            if options.short:
                report = await floor.audit()
                found.check("rules broken", [str(v) for v in report.violations], [])
            await floor.close()
            await server.empty()
    for kind, counted in commands.items():
        told = ", ".join(f"{name} {calls:.3g}" for name, calls in counted.most_common())
        found.note(f"{kind}: {told}")
    _call(found)
    return found


async def _tell(story: _Story) -> None:
    """In this order each kind happens alone; `calls` of everything."""
    box, many = story.box, range(story.calls)
    await story.make("join, one free and offered", [box.join() for _ in many])
    offers = await story.rung()
    await story.make("connect", [box.connect(o) for o in offers])
    await story.make("join, nobody free", [box.join() for _ in many])
    await story.make("complete, next one offered", [box.complete(o) for o in offers])
    offers = await story.rung()
    await story.make("answer", [_offer(box, "answer", o) for o in offers])
    await story.make("connect, after answer", [box.connect(o) for o in offers])
    await story.make("complete, nobody waits", [box.complete(o) for o in offers])
    await story.make("heartbeat", [_heartbeat(box) for _ in many])
    await story.make("tick, nothing due", [box.words.call("tick") for _ in many])
    await story.make("device, no change", _devices(box, many, "NOT_INUSE"))
    await story.make("device, busy", _devices(box, many, "INUSE"))
    await story.make("join, all busy", [box.join() for _ in many])
    await story.make("device, free and offered", _devices(box, many, "NOT_INUSE"))
    offers = await story.rung()
    failed: Callable[[Offer], bytes] = lambda o: _offer(  # noqa: E731
        box, "offer_ended", o, outcome="no_answer", reason=""
    )
    await story.make("no answer, nobody else free", [failed(o) for o in offers])
    names = [o.call_id for o in offers]
    gone = [box.event("leave", call_id=n, outcome="abandoned", reason="") for n in names]
    await story.make("leave", gone)


def _offer(box: Box, name: str, offer: Offer, **more: str) -> bytes:
    return box.event(name, offer_id=offer.offer_id, fence=offer.fence, **more)


def _heartbeat(box: Box) -> bytes:
    return box.words.call("heartbeat", box=box.name, link=box.link)


def _devices(box: Box, many: range, state: str) -> list[bytes]:
    return [box.event("device", interface=f"PJSIP/agent{n}", state=state) for n in many]


def _call(found: Findings) -> None:
    """One call under load is three transitions."""
    for quantity, unit in (("commands", "a transition"), ("time", "µs a transition"),
                           ("log", "bytes a transition")):  # fmt: skip
        parts = [found.median(kind, quantity) or 0.0 for kind in OF_A_CALL]
        found.add(CALL_OF_THREE, quantity, unit.replace("transition", "call"),
                  sum(parts))  # fmt: skip
