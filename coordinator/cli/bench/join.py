"""Join to place: from a caller's answer to the place that is journalled.

On simulated boxes from the moment in which the box has answered and its dialplan says GvqJoin; on
real ones (--real) from the 200 OK at the caller, read in SIPp's log. The journal's time is Redis's,
of the step that gave the place; all clocks are this machine's. Nobody is served: callers only join.
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from ami_adapter import lab
from ami_adapter.lab.callers import Callers
from coordinator.cli.bench.findings import Findings, Options, Say
from coordinator.cli.bench.load import AUDITED, QUEUE
from coordinator.cli.bench.programs import PATIENCE_S, Site, broken, site, until
from coordinator.cli.bench.real import adapter_settings, real_boxes
from coordinator.cli.bench.simulated import Stage, simulated
from coordinator.cli.bench.valkey import valkey
from coordinator.journal import Entry

#: Simulated: boxes, joins a second over all of them, seconds.
BOXES, RATE, TURN_S, RUNS = 20, 500, 5.0, 3
SHORT_BOXES, SHORT_RATE, SHORT_TURN_S = 2, 40, 0.5

#: Real: boxes, joins a second, callers.
REAL_BOXES, REAL_RATE, REAL_CALLERS, SHORT_REAL_CALLERS = 3, 20, 300, 12

SIMULATED, REAL, DELAY = "simulated boxes", "real boxes", "answer to place"
TARGET_MS = 25.0


async def measure(options: Options, say: Say) -> Findings:
    """Simulated, and real if asked for."""
    found = Findings()
    boxes, rate, seconds = (
        (SHORT_BOXES, SHORT_RATE, SHORT_TURN_S) if options.short else (BOXES, RATE, TURN_S)
    )
    say(f"{boxes} simulated boxes and their adapters")
    async with simulated(boxes, 0, 0.0) as stage:
        for turn in range(options.runs(RUNS)):
            say(f"turn {turn + 1}: {rate} joins a second")
            await _simulated(found, stage, rate, seconds)
        found.check("rules broken", broken(await stage.site.journal(), AUDITED), [])
    if options.real:
        await _real(options, found, say)
    for name, rate in ((SIMULATED, RATE), (REAL, REAL_RATE)):
        p99 = found.median(name, f"{DELAY} p99")
        found.at_most(f"{name}: ms p99 at {rate} joins a second", p99, TARGET_MS)
    return found


async def _simulated(found: Findings, stage: Stage, rate: int, seconds: float) -> None:
    before = await _last(stage.site)
    callers = await stage.pace(rate, seconds)
    entries = await _joined(stage.site, before, len(callers))
    delays = _delays({c.number: stage.dialled[c.number] for c in callers}, entries)
    found.check("callers without a place", len(callers) - len(delays), 0)
    found.check("places in the order of the ranks", _in_order(entries), True)
    found.latencies(SIMULATED, DELAY, delays)
    times = [entry.at_us for entry in entries]
    found.add(SIMULATED, "joins", "1/s", len(delays) / max(1e-6, (max(times) - min(times)) / 1e6))
    for caller in callers:
        caller.hang_up()
    await stage.over(callers)


async def _last(place: Site) -> str:
    entries = await place.journal()
    return entries[-1].id if entries else "0"


async def _joined(place: Site, after: str, callers: int) -> list[Entry]:
    """Waits for the entries of so many joins."""
    joins: list[Entry] = []

    async def so() -> bool:
        joins[:] = [e for e in await place.journal(after) if e.type == "caller.joined"]
        return len(joins) >= callers

    await until(so, f"not all of the {callers} callers had a place", PATIENCE_S, look_s=0.5)
    return joins


def _delays(answered: Mapping[str, float], joins: list[Entry]) -> list[float]:
    """Seconds from each caller's answer to its entry."""
    return [
        join.at_us / 1e6 - answered[number]
        for join in joins
        if (number := str(join.data["caller_id_num"])) in answered
    ]


def _in_order(joins: list[Entry]) -> bool:
    """Whether within each box those who joined later have later ranks."""
    last: dict[str, int] = {}
    for join in joins:
        if int(join.data["rank"]) <= last.get(join.data["box"], 0):
            return False
        last[join.data["box"]] = int(join.data["rank"])
    return True


async def _real(options: Options, found: Findings, say: Say) -> None:
    """SIPp's callers at real boxes; they hang up once all have joined."""
    callers = SHORT_REAL_CALLERS if options.short else REAL_CALLERS
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="gvq-bench-")))
        boxes = await stack.enter_async_context(real_boxes(folder, REAL_BOXES, say))
        server = await stack.enter_async_context(valkey())
        place = await stack.enter_async_context(site(folder, server.url))
        await place.serve()
        await place.queue(0)
        for box in boxes:
            await place.adapter(box.name, adapter_settings(box))
        await place.attached(len(boxes))
        say(f"{callers} callers at {len(boxes)} real boxes, {REAL_RATE} a second")
        for _ in range(options.runs(RUNS)):
            entries, answered = await _sipp(place, boxes, callers // len(boxes))
            delays = _delays(answered, entries)
            found.check("callers without a place", len(answered) - len(delays), 0)
            found.latencies(REAL, DELAY, delays)


async def _sipp(
    place: Site, boxes: list[lab.Box], each: int
) -> tuple[list[Entry], dict[str, float]]:
    """A group of callers at each box. Returns their joins, and when each heard the answer."""
    after = await _last(place)
    async with AsyncExitStack() as stack:
        groups = [
            Callers(box, QUEUE, each, per_second=REAL_RATE / len(boxes),
                    first_number=5550000 + 1000 * n)
            for n, box in enumerate(boxes)
        ]  # fmt: skip
        for group in groups:
            await stack.enter_async_context(group)
        entries = await _joined(place, after, each * len(boxes))
        calls = [call for group in groups for call in group.calls.items()]
        answered = {number: call.answered for number, call in calls if call.answered}
    return entries, answered
