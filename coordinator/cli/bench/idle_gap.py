"""How long a free agent waits for the next caller on real boxes, and whether the order held.

Three boxes, six agents over them (penalties 0, 0, 1, 1, 2, 2) whose phones talk 1–3 s and hang up,
callers arriving faster than they are served. In turns, with the same phones in one run: our line
on the three boxes; Queue() on one box, where all phones then register; and one Queue() of the same
name on each of the three, whose members elsewhere are rung over trunks, as people do it.

Times are read from SIP messages at the phones: from a call's BYE to the next INVITE, and to the
next answer. Of ours the journal also says, by the same machine's clock, when the two can talk: at
the `call.connected` of the offer which that INVITE was. Order is by the callers' own INVITEs, and
for ours by rank too. As root on Debian.
"""

import asyncio
import random
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from ami_adapter import lab
from ami_adapter.lab.callers import Callers
from ami_adapter.lab.phones import Call, Phone
from coordinator.cli.bench.findings import Findings, Options, Say, quantile, ratio
from coordinator.cli.bench.load import QUEUE
from coordinator.cli.bench.machine import said_by
from coordinator.cli.bench.programs import Site, broken, site
from coordinator.cli.bench.queue_app import ONE_BOX, THREE_BOXES, dialplan, queues_conf
from coordinator.cli.bench.real import adapter_settings, real_boxes
from coordinator.cli.bench.valkey import valkey
from coordinator.journal import Entry

#: Agent → where the phone is registered, and its penalty.
AGENTS = {"101": ("a", 0), "102": ("b", 0), "103": ("c", 1), "104": ("a", 1), "105": ("b", 2),
          "106": ("c", 2)}  # fmt: skip
ARRIVALS_PER_S = 9.0
CALLERS, SHORT_CALLERS, RUNS = 60, 12, 5

OURS, QUEUE_ONE, QUEUE_THREE = "one line, 3 boxes", "Queue(), 1 box", "Queue(), 3 boxes"

#: What callers dial in each way, at which boxes.
WAYS = {OURS: (QUEUE, "abc"), QUEUE_ONE: (ONE_BOX, "a"), QUEUE_THREE: (THREE_BOXES, "abc")}

INVITE, ANSWER, BRIDGE = "to the next INVITE", "to the next answer", "to the next bridge"

Calls = dict[str, list[Call]]


@dataclass(frozen=True, slots=True)
class _Lab:
    """Boxes and phones, by name; the site has coordinator and adapters."""

    boxes: Mapping[str, lab.Box]
    phones: list[Phone]
    site: Site
    found: Findings


async def measure(options: Options, say: Say) -> Findings:
    """The three ways in turns."""
    found = Findings()
    callers = SHORT_CALLERS if options.short else CALLERS
    async with AsyncExitStack() as stack:
        here = await _furnish(stack, found, say)
        for turn in range(options.runs(RUNS)):
            for way in WAYS:
                say(f"turn {turn + 1}: {way}")
                await _turn(here, way, callers)
        entries = await here.site.journal()
        found.check("rules broken", broken(entries, len(entries)), [])
    _judge(found)
    return found


async def _furnish(stack: AsyncExitStack, found: Findings, say: Say) -> _Lab:
    draw = random.Random(1)
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="gvq-bench-")))
    queues = lambda box: queues_conf(box, AGENTS)  # noqa: E731
    boxes = await stack.enter_async_context(real_boxes(folder, 3, say, dialplan(), queues))
    found.versions["asterisk"] = said_by("chroot", boxes[0].root, "asterisk", "-V")
    server = await stack.enter_async_context(valkey())
    place = await stack.enter_async_context(site(folder, server.url))
    await place.serve()
    await place.ask("put", "queues", QUEUE, body={"strategy": "leastrecent", "retry": 1})
    by_name = {box.name: box for box in boxes}
    phones = []
    for agent, (home, penalty) in AGENTS.items():
        phone = Phone(agent, by_name[home].sip, talk=lambda: draw.uniform(1, 3))
        phones.append(await stack.enter_async_context(phone))
        await place.ask("put", "agents", agent, body={"interface": f"PJSIP/{agent}"})
        await place.ask("put", "queues", QUEUE, "members", agent, body={"penalty": penalty})
        await place.ask("post", "agents", agent, "login", body={})
    for box in boxes:
        await place.adapter(box.name, adapter_settings(box))
    await place.attached(len(boxes))
    await place.available(len(AGENTS))
    return _Lab(by_name, phones, place, found)


async def _turn(here: _Lab, way: str, callers: int) -> None:
    """All callers come and go; then what the phones saw."""
    await _register(here, way)
    extension, names = WAYS[way]
    before = [len(phone.invites) for phone in here.phones]
    after = (await here.site.journal())[-1].id
    async with AsyncExitStack() as stack:
        groups = [
            Callers(here.boxes[name], extension, callers // len(names),
                    per_second=ARRIVALS_PER_S / len(names), first_number=5550000 + 1000 * n)
            for n, name in enumerate(names)
        ]  # fmt: skip
        for group in groups:
            await stack.enter_async_context(group)
            await asyncio.sleep(1 / ARRIVALS_PER_S)  # so that the boxes take turns
        for group in groups:
            await group.finished(callers * 2.0)
        called = {n: call.called for group in groups for n, call in group.calls.items()}
    calls = {
        phone.agent: phone.invites[seen:] for phone, seen in zip(here.phones, before, strict=True)
    }
    _seen_by_phones(here.found, way, calls, called)
    if way == OURS:
        _said_by_the_journal(here.found, calls, await here.site.journal(after))


async def _register(here: _Lab, way: str) -> None:
    """With one box all phones are there; else each at its own."""
    for phone in here.phones:
        there = here.boxes["a" if way == QUEUE_ONE else AGENTS[phone.agent][0]].sip
        if phone.box != there:
            former = phone.box
            await phone.register(there)
            await phone.register(former, expires_s=0)
            phone.box = there
    if way == OURS:
        await here.site.available(len(AGENTS))


def _seen_by_phones(found: Findings, way: str, calls: Calls, called: Mapping[str, float]) -> None:
    all_calls = sorted((call for each in calls.values() for call in each), key=lambda c: c.at)
    gaps = _gaps(calls)
    for what, times in (
        (INVITE, [after.at - ended for ended, after in gaps]),
        (ANSWER, [after.answered - ended for ended, after in gaps if after.answered]),
    ):
        _quantiles(found, way, what, times)
    joined = sorted(called, key=lambda number: called[number])
    rung = list(dict.fromkeys(call.caller for call in all_calls))
    answered = {call.caller for call in all_calls if call.answered}
    found.check(f"{way}: callers nobody answered", len(set(called) - answered), 0)
    found.add(way, "overtaken on the wire", "callers", overtaken(joined, rung))
    found.add(way, "second INVITEs at a busy phone", "", sum(c.while_busy for c in all_calls))


def _said_by_the_journal(found: Findings, calls: Calls, entries: list[Entry]) -> None:
    """When agent and caller were bridged, and whether the line itself decided in order."""
    joins = sorted((e for e in entries if e.type == "caller.joined"), key=lambda e: e.data["rank"])
    numbers = {e.data["call_id"]: e.data["caller_id_num"] for e in joins}
    # Every caller calls once a turn, so agent and caller name the offer.
    bridged = {
        (e.data["agent"], numbers[e.data["call_id"]]): e.at_us / 1e6
        for e in entries
        if e.type == "call.connected"
    }
    by_agent = [(a, gap) for a, each in calls.items() for gap in _gaps({a: each})]
    times = [bridged[agent, after.caller] - ended for agent, (ended, after) in by_agent]
    _quantiles(found, OURS, BRIDGE, times)
    offered = list(dict.fromkeys(e.data["call_id"] for e in entries if e.type == "offer.made"))
    found.check("callers overtaken as decided", overtaken(list(numbers), offered), 0)


def _gaps(calls: Calls) -> list[tuple[float, Call]]:
    """Each call's end, and the next call at that phone, if it was answered."""
    return [
        (before.ended, after)
        for each in calls.values()
        for before, after in pairwise(each)
        if before.ended and after.answered
    ]


def overtaken(joined: list[str], rung: list[str]) -> int:
    """Callers first rung after somebody who joined later."""
    place = {number: n for n, number in enumerate(joined)}
    latest, behind = -1, 0
    for number in rung:
        behind += place[number] < latest
        latest = max(latest, place[number])
    return behind


def _quantiles(found: Findings, way: str, what: str, seconds: list[float]) -> None:
    for name, share in (("median", 0.5), ("p90", 0.9), ("p99", 0.99)):
        found.add(way, f"{what} {name}", "ms", quantile(seconds, share) * 1e3)


def _judge(found: Findings) -> None:
    ours, theirs = (found.median(way, f"{INVITE} median") for way in (OURS, QUEUE_ONE))
    found.at_most("ms median to the next INVITE", ours, 20)
    found.at_most("ms p99 to the next INVITE", found.median(OURS, f"{INVITE} p99"), 60)
    found.at_least("Queue()'s median on one box over ours", ratio(theirs, ours), 25)
    for what in ("overtaken on the wire", "second INVITEs at a busy phone"):
        found.at_most(what, found.median(OURS, what), 0)
