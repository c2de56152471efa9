"""The adapter's way from AMI's bytes to frames for the link, beside less than that.

The same recorded bytes over the same loopback, in turns: cut at empty lines only; by panoramisk
alone, each event given to a callback that counts; by the adapter's session, as whole messages in
order; and translated and written as frames, all the adapter does. Processor time of the one thread
that reads, so an event's cost, and how many a core could take. On a real box (--real) also what the
filters of the shipped manager.conf keep away.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from panoramisk.manager import Manager

from ami_adapter.connection import AmiSession, Peer, connect
from ami_adapter.simulator.messages import render
from ami_adapter.translate import Translator
from coordinator.cli.bench import filters
from coordinator.cli.bench.findings import Findings, Options, Say
from coordinator.cli.bench.programs import now_us
from coordinator.cli.bench.recorded import END, KEY, Recording, record, replaying
from coordinator.protocol import Complete, Connect, EventFrame, Join

CALLS, TIMES, RUNS = 200, 40, 7
SHORT_CALLS, SHORT_TIMES = 10, 3

REPLAY = render((("Action", "Replay"),))


@dataclass(frozen=True, slots=True)
class Work:
    """What is measured: messages to come, and whether they are right in the end."""

    port: int
    recording: Recording
    messages: int
    found: Findings


async def measure(options: Options, say: Say) -> Findings:
    """Turns of all four."""
    found = Findings()
    calls, times = (SHORT_CALLS, SHORT_TIMES) if options.short else (CALLS, TIMES)
    say("recording calls of a simulated box")
    recording = await record(calls)
    await _told(found, recording, calls)
    messages = recording.messages * times
    with replaying(recording.data, times) as port:
        work = Work(port, recording, messages, found)
        for turn in range(options.runs(RUNS)):
            say(f"turn {turn + 1}: {messages:,} events")
            for name, way in WAYS.items():
                spent = await way(work)
                found.add(name, "processor time", "µs an event", spent / messages * 1e6)
                found.add(name, "events a core", "1/s", messages / spent)
    if options.real:
        await filters.measure(options, found, say)
    return found


async def _told(found: Findings, recording: Recording, calls: int) -> None:
    """How much a call is, with and without the filters of the shipped manager.conf."""
    whole = await record(calls, filtered=False)
    for name, each in (("filtered", recording), ("all of its classes", whole)):
        found.add(name, "events", "a call", each.messages / calls)
        found.add(name, "bytes", "a call", len(each.data) / calls)


async def _split(work: Work) -> float:
    """The least that anything can do."""
    reader, writer = await asyncio.open_connection("127.0.0.1", work.port, limit=2**20)
    writer.write(REPLAY)
    await reader.readuntil(END)  # the banner and the answer
    began, seen, rest = time.thread_time(), 0, b""
    while seen < work.messages:
        *messages, rest = (rest + await reader.read(2**18)).split(END)
        seen += len(messages)
    spent = time.thread_time() - began
    work.found.check("messages cut", seen - work.messages, 0)
    writer.close()
    return spent


async def _panoramisk(work: Work) -> float:
    """Its own manager, with one callback for all events."""
    seen, over = 0, asyncio.Event()

    def count(manager: object, message: object) -> None:
        nonlocal seen
        seen += 1
        if seen >= work.messages:
            over.set()

    manager = Manager(host="127.0.0.1", port=work.port, username="gvq", secret="gvq")
    await manager.connect(run_forever=False)
    manager.register_event("*", count)
    began = time.thread_time()
    manager.protocol.transport.write(REPLAY)
    await over.wait()
    spent = time.thread_time() - began
    manager.close()
    return spent


async def _session(work: Work) -> float:
    """The adapter's session: bounded, ordered, each event stamped with its time."""
    return await _taken(work, lambda session: _drain(session, work.messages))


async def _frames(work: Work) -> float:
    """All of it: what would go out on the WebSocket."""
    return await _taken(work, lambda session: _translate(session, work))


async def _taken(work: Work, take: Callable[[AmiSession], Awaitable[None]]) -> float:
    session = await connect(Peer("127.0.0.1", work.port, "gvq", "gvq", ping_s=3600), now_us)
    while not session.events.empty():
        session.events.get_nowait()
    try:
        began = time.thread_time()
        await session.send("Replay")
        await take(session)
        return time.thread_time() - began
    finally:
        await session.close()


async def _drain(session: AmiSession, messages: int) -> None:
    for _ in range(messages):
        await session.events.get()


async def _translate(session: AmiSession, work: Work) -> None:
    translator = Translator("a", KEY)
    counted = {Join: 0, Connect: 0, Complete: 0}
    problems: list[str] = []
    seq = 0
    for _ in range(work.messages):
        received = await session.events.get()
        taken = translator.take(received.headers)
        if taken.problem:
            problems.append(taken.problem)
        for event in taken.events:
            seq += 1
            age_us = max(0, now_us() - received.at_us)
            EventFrame(seq=seq, age_us=age_us, event=event).model_dump_json()
            if isinstance(event, Join):
                translator.offers.offered(work.recording.offers[event.call_id])
            if type(event) in counted:
                counted[type(event)] += 1
    calls = len(work.recording.offers) * (work.messages // work.recording.messages)
    work.found.check("events not understood", problems, [])
    work.found.check("joins, connects and completes that are missing",
                     [calls - made for made in counted.values()], [0, 0, 0])  # fmt: skip


WAYS: dict[str, Callable[[Work], Awaitable[float]]] = {
    "cut at empty lines": _split,
    "panoramisk alone": _panoramisk,
    "adapter: session": _session,
    "adapter: bytes to frames": _frames,
}
