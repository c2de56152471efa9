"""Through everything: from a simulated box by adapter, link, coordinator and Valkey back to a box.

    caller dials ─► adapter ─► link ─► coordinator ─► line ─► command ─► Originate ─► INVITE

Paced: callers come evenly at one rate after another, agents are free, so the time from dialling to
the INVITE is the loop's own (1 ms of it the simulator's, and 2 more where a trunk is crossed).
Flat out: boxes with a link and no AMI (peers.py) put on as many calls as one coordinator takes,
then two; so the simulator is not what is measured. With --minutes: memory over time.
"""

import asyncio
import statistics
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from coordinator.cli.bench.findings import Findings, Options, Say, quantile, ratio
from coordinator.cli.bench.load import AUDITED, QUEUE
from coordinator.cli.bench.peers import Peer
from coordinator.cli.bench.programs import API_LOOK_S, PATIENCE_S, Site, broken, site, until
from coordinator.cli.bench.simulated import Stage, serving, simulated
from coordinator.cli.bench.valkey import Server, valkey
from coordinator.protocol import Complete, Connect, Join, Originate, WaitingCall

#: Callers a second. A call is six transitions: join, connect, complete, and its phone's states.
RATES, SHORT_RATES = (50, 100, 200, 350), (20,)
TURN_S, SHORT_TURN_S, RUNS = 5.0, 0.5, 3
BOXES, AGENTS, TALK_S = 4, 200, 0.2
SHORT_BOXES, SHORT_AGENTS = 2, 8

#: Flat out: boxes, agents, callers each box keeps in the queue.
PEERS, PEER_AGENTS, IN_QUEUE = 8, 64, 32
SHORT_PEERS, SHORT_PEER_AGENTS, SHORT_IN_QUEUE = 2, 4, 4

#: Memory: callers a second, seconds between looks.
MEMORY_RATE, LOOK_S = 50, 5.0
SHORT_MINUTES, SHORT_LOOK_S = 0.02, 0.2

RATE, MINUTES = "callers a second", "minutes"
ONE, TWO = "one coordinator", "two coordinators"
WANTED, WANTED_P99_MS = 2_000, 50.0


async def measure(options: Options, say: Say) -> Findings:
    """Paced, flat out, and for long."""
    found = Findings()
    for turn in range(options.runs(RUNS)):
        say(f"turn {turn + 1}: paced")
        await _paced(options, found, turn == 0)
        say(f"turn {turn + 1}: flat out")
        await _flat_out(options, found)
    _judge(found)
    return found


# ── paced ───────────────────────────────────────────────────────────────────────────────────


async def _paced(options: Options, found: Findings, first: bool) -> None:
    boxes, agents = (SHORT_BOXES, SHORT_AGENTS) if options.short else (BOXES, AGENTS)
    rates, seconds = (SHORT_RATES, SHORT_TURN_S) if options.short else (RATES, TURN_S)
    async with simulated(boxes, agents, TALK_S / 10 if options.short else TALK_S) as stage:
        for rate in rates:
            await _one_rate(found, stage, rate, seconds)
        if first and (options.minutes or options.short):
            await _memory(options, found, stage)
        entries = await stage.site.journal()
        found.check("rules broken", broken(entries, AUDITED), [])
        left = [e.data["outcome"] for e in entries if e.type == "caller.left"]
        found.check("callers without an agent", len(stage.dialled) - left.count("answered"), 0)


async def _one_rate(found: Findings, stage: Stage, rate: int, seconds: float) -> None:
    meter = await Meter.begin(stage.server, stage.site)
    callers = await stage.pace(rate, seconds)
    await stage.over(callers)
    await meter.end(found, "all", rate)
    rung = stage.rung_after()
    waits = [rung[caller.number] for caller in callers if caller.number in rung]
    found.check("callers for whom no phone rang", len(callers) - len(waits), 0)
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        found.add(
            "all", f"dialled to INVITE {name}", "ms", quantile(waits, share) * 1e3, rate, RATE
        )


@dataclass(frozen=True, slots=True)
class Meter:
    """Counts transitions, and the processor time of each kind of process meanwhile."""

    server: Server
    site: Site
    at: float
    cpu_s: dict[str, float]

    @classmethod
    async def begin(cls, server: Server, site: Site) -> "Meter":
        await server.forget()
        return cls(server, site, time.monotonic(), await cpu_s(server, site))

    async def end(self, found: Findings, name: str, rate: float | None = None) -> None:
        """Notes what was done since."""
        took = time.monotonic() - self.at
        made = int((await self.server.commands())["fcall"]["calls"])
        at, of = (None, "") if rate is None else (rate, RATE)
        found.add(name, "transitions", "1/s", made / took, at, of)
        for part, spent in (await cpu_s(self.server, self.site)).items():
            cost = (spent - self.cpu_s[part]) / made * 1e6
            subject = part if rate is not None else f"{name}: {part}"
            found.add(subject, "processor time", "µs a transition", cost, at, of)


async def cpu_s(server: Server, site: Site) -> dict[str, float]:
    """Part → processor time so far, s."""
    used = {name: usage.cpu_s for name, usage in site.used().items()}
    return {**used, "Valkey": await server.cpu_s()}


# ── flat out ────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Load:
    """Boxes that keep so many callers in the queue, whose agents hang up as soon as they talk."""

    joined: int = 0
    completed: int = 0
    joining: bool = True

    def rung(self, peer: Peer, offer: Originate) -> None:
        """Answered, over, and the next caller."""
        peer.calls.pop(offer.call_id, None)
        named = {"offer_id": offer.offer_id, "fence": offer.fence}
        peer.tell(Connect.model_validate(named))
        peer.tell(Complete.model_validate({**named, "ended_by": "agent"}))
        self.completed += 1
        if self.joining:
            self.join(peer)

    def join(self, peer: Peer) -> None:
        """Somebody calls."""
        self.joined += 1
        uniqueid = f"{peer.box}-{self.joined}"
        join = Join(
            call_id=f"{uniqueid}-1", channel=f"PJSIP/trunk-{uniqueid}", uniqueid=uniqueid,
            queue=QUEUE, caller_id_num="5550100",
        )  # fmt: skip
        peer.calls[join.call_id] = WaitingCall(join=join, age_us=0)  # for a snapshot, if one is due
        peer.tell(join)


async def _flat_out(options: Options, found: Findings) -> None:
    """All boxes at one of two coordinators, then half of them at each."""
    agents = SHORT_PEER_AGENTS if options.short else PEER_AGENTS
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="gvq-bench-")))
        server = await stack.enter_async_context(valkey())
        place = await stack.enter_async_context(site(folder, server.url))
        urls = await serving(place, 2)
        await place.queue(agents, timeout=600)
        for name, used in ((ONE, urls[:1]), (TWO, urls)):
            async with AsyncExitStack() as linked:
                load = _Load()
                peers = await _peers(linked, place, used, load, options.short)
                await _loaded(options, found, name, load, peers, server, place)


async def _loaded(
    options: Options, found: Findings, name: str, load: _Load, peers: list[Peer], server: Server,
    place: Site,
) -> None:  # fmt: skip
    seconds = SHORT_TURN_S if options.short else TURN_S
    for peer in peers:
        for _ in range(SHORT_IN_QUEUE if options.short else IN_QUEUE):
            load.join(peer)
    await asyncio.sleep(seconds / 4)
    meter = await Meter.begin(server, place)
    await asyncio.sleep(seconds)
    await meter.end(found, name)
    load.joining = False
    await _emptied(place, load)
    found.check("events of boxes refused", [r for peer in peers for r in peer.refused], [])


async def _peers(
    linked: AsyncExitStack, place: Site, urls: list[str], load: _Load, short: bool
) -> list[Peer]:
    """Linked in turn to the coordinators, with agents who are free; their phones have moved here
    from former boxes.
    """
    boxes, agents = (SHORT_PEERS, SHORT_PEER_AGENTS) if short else (PEERS, PEER_AGENTS)
    peers = []
    for n in range(boxes):
        box = f"{'one' if len(urls) == 1 else 'two'}{n}"
        peer = Peer(box, urls[n % len(urls)], await place.admit(box), load.rung)
        peer.devices = {f"PJSIP/agent{a}": "NOT_INUSE" for a in range(n, agents, boxes)}
        await linked.enter_async_context(peer.linked())
        peers.append(peer)
    await place.available(agents)
    return peers


async def _emptied(place: Site, load: _Load) -> None:
    """Everybody who has joined has been served, by the line's own count."""

    async def so() -> bool:
        [queue] = await place.ask("get", "queues")
        return bool(queue["callers"] == 0 and load.completed == load.joined)

    await until(so, "not all callers were served", PATIENCE_S, API_LOOK_S)


# ── for long ────────────────────────────────────────────────────────────────────────────────


async def _memory(options: Options, found: Findings, stage: Stage) -> None:
    """Resident memory of coordinator and adapters while calls come and go."""
    minutes = options.minutes or SHORT_MINUTES
    rate, look_s = (SHORT_RATES[0], SHORT_LOOK_S) if options.short else (MEMORY_RATE, LOOK_S)
    seen: dict[str, list[tuple[float, float]]] = {}
    playing = asyncio.create_task(stage.pace(rate, minutes * 60))
    began = time.monotonic()
    while not playing.done():
        at = (time.monotonic() - began) / 60
        for name, usage in stage.site.used().items():
            seen.setdefault(name, []).append((at, usage.resident / 2**20))
        await asyncio.wait({playing}, timeout=look_s)
    await stage.over(await playing)
    for name, points in seen.items():
        for at, mib in points:
            found.add(name, "resident memory", "MiB", mib, round(at, 4), MINUTES)
        late = points[len(points) // 2 :]
        if len(late) > 1:
            slope = statistics.linear_regression(*zip(*late, strict=True)).slope
            found.add(name, "growth in the second half", "MiB an hour", slope * 60)


def _judge(found: Findings) -> None:
    fast = [
        m.at for m in found.measures
        if (m.subject, m.quantity) == ("all", "transitions") and m.median >= WANTED
    ]  # fmt: skip
    rates = [m.median for m in found.measures if m.subject in ("all", ONE) and m.unit == "1/s"]
    found.at_least("transitions a second in one coordinator", max(rates), WANTED)
    if fast:
        worst = found.median("all", "dialled to INVITE p99", min(at or 0.0 for at in fast))
        found.at_most(f"ms p99 at {WANTED:,} transitions a second", worst, WANTED_P99_MS)
    one, two = (found.median(name, "transitions") for name in (ONE, TWO))
    found.at_least("two coordinators' transitions over one's", ratio(two, one), 1.7)
    found.note("boxes, adapters, coordinators and Valkey share this machine's cores")
