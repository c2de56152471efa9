"""What one call sends on each wire, and what a tenant costs while nobody calls.

    adapter ══ relay, which counts ══► coordinator ──► Valkey (counts itself) ──► log, replicas

Callers come evenly to simulated boxes, agents are free. Bytes are those of TCP's payload, framing
and heartbeats included; without TLS, which adds to each frame. Replicas are sent what the log gets.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain

from coordinator.cli.bench.findings import Findings, Options, Say
from coordinator.cli.bench.load import AUDITED
from coordinator.cli.bench.programs import broken
from coordinator.cli.bench.simulated import Stage, simulated
from coordinator.cli.bench.through import cpu_s
from coordinator.cli.bench.valkey import valkey

#: Callers a second, seconds of them, seconds of rest before.
RATE, TURN_S, REST_S, RUNS = 50, 10.0, 20.0, 3
SHORT_RATE, SHORT_TURN_S, SHORT_REST_S = 20, 0.5, 0.2

#: Two boxes: one of them may fail, and calls cross a trunk. More agents than calls at a time.
BOXES, AGENTS, TALK_S = 2, 60, 0.2
SHORT_AGENTS, SHORT_TALK_S = 8, 0.02

UP, DOWN = "box to coordinator", "coordinator to box"
ASKED, ANSWERED, LOG = "coordinator to Redis", "Redis to coordinator", "log and each replica"
WIRES = (UP, DOWN, ASKED, ANSWERED, LOG)

CALL, IDLE, BARE = "a call", f"an idle tenant of {BOXES} boxes", "Valkey without tenants"

CHUNK = 1 << 16


@dataclass
class Relay:
    """Stands between adapters and a coordinator, and counts the bytes each way."""

    passed: dict[str, int] = field(default_factory=lambda: {UP: 0, DOWN: 0})
    _open: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = field(default_factory=dict)

    @asynccontextmanager
    async def way(self, url: str) -> AsyncIterator[str]:
        """Another URL of the coordinator that answers at this one."""
        port = int(url.rpartition(":")[2])

        def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            ends = [writer]
            self._open[asyncio.create_task(self._both(port, reader, ends))] = ends

        server = await asyncio.start_server(met, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for end in chain(*self._open.values()):
                end.close()
            await asyncio.gather(*self._open)

    async def _both(
        self, port: int, reader: asyncio.StreamReader, ends: list[asyncio.StreamWriter]
    ) -> None:
        back, out = await asyncio.open_connection("127.0.0.1", port)
        ends.append(out)
        await asyncio.gather(self._pass(UP, reader, out), self._pass(DOWN, back, ends[0]))
        for end in ends:
            end.close()
            with suppress(ConnectionError):
                await end.wait_closed()

    async def _pass(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(CHUNK):
                self.passed[name] += len(data)
                writer.write(data)
                await writer.drain()
        writer.write_eof()


async def measure(options: Options, say: Say) -> Findings:
    """Rest, then calls, on a new stage each turn."""
    found = Findings()
    agents, talk_s = (SHORT_AGENTS, SHORT_TALK_S) if options.short else (AGENTS, TALK_S)
    for turn in range(options.runs(RUNS)):
        say(f"turn {turn + 1}: {BOXES} simulated boxes, idle and with calls")
        relay = Relay()
        async with simulated(BOXES, agents, talk_s, way=relay.way) as stage:
            await _idle(found, stage, SHORT_REST_S if options.short else REST_S)
            await _calls(options, found, stage, relay, agents)
            entries = await stage.site.journal()
            left = [e.data["outcome"] for e in entries if e.type == "caller.left"]
            found.check("callers without an agent", len(stage.dialled) - left.count("answered"), 0)
            found.check("rules broken", broken(entries, AUDITED), [])
    return found


async def _idle(found: Findings, stage: Stage, seconds: float) -> None:
    """Heartbeats, timers, and readers who wait; not what a Valkey does for itself, which it does
    once for all tenants.
    """
    async with valkey() as bare:
        before = {**await cpu_s(stage.server, stage.site), BARE: await bare.cpu_s()}
        await asyncio.sleep(seconds)
        after = {**await cpu_s(stage.server, stage.site), BARE: await bare.cpu_s()}
    cost = {part: (after[part] - before[part]) / seconds * 1e3 for part in after}
    alone = cost.pop(BARE)
    cost["Valkey"] = max(0.0, cost["Valkey"] - alone)
    found.add(BARE, "processor time", "ms a second", alone)
    for part, spent in cost.items():
        found.add(f"{IDLE}: {part}", "processor time", "ms a second", spent)


async def _calls(
    options: Options, found: Findings, stage: Stage, relay: Relay, agents: int
) -> None:
    rate, seconds = (SHORT_RATE, SHORT_TURN_S) if options.short else (RATE, TURN_S)
    await stage.server.forget()
    before = await _sent(stage, relay)
    callers = await stage.pace(rate, seconds)
    await stage.over(callers)
    await stage.site.available(agents)
    after = await _sent(stage, relay)
    made = (await stage.server.commands())["fcall"]["calls"]
    found.add(CALL, "transitions", "a call", made / len(callers))
    for wire in WIRES:
        found.add(wire, "bytes", "a call", (after[wire] - before[wire]) / len(callers))
    resident = stage.site.used()["coordinator"].resident
    found.add("coordinator", "resident memory", "MiB", resident / 2**20)


async def _sent(stage: Stage, relay: Relay) -> dict[str, int]:
    """Bytes on each wire so far."""
    stats = await stage.server.client.info("stats")
    redis = {ASKED: stats["total_net_input_bytes"], ANSWERED: stats["total_net_output_bytes"]}
    return {**relay.passed, **redis, LOG: await stage.server.aof_bytes()}
