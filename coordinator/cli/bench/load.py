"""Boxes that put calls on the line as fast as it takes them: the line's own transitions, pipelined.

    round:  connect and complete every offer read ─ join as many anew ─ done ─ read the offers

All of a round is one pipeline of one connection, as a link's frames that arrive together are. The
population stays the same: as many join as complete, so agents are always wanted and callers wait.
"""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from coordinator.audit import Report, audit
from coordinator.cli.bench.resp import Pipe, packed
from coordinator.cli.bench.valkey import Server
from coordinator.line import keys
from coordinator.line.engine import Engine
from coordinator.line.scripts import Timing, library
from coordinator.line.types import MemberSettings, Origin, QueueSettings
from coordinator.protocol import Join, Snapshot

#: An hour: no lease, offer or hold runs out however slow the machine is.
TIMING = Timing(lease_s=3600.0, offer_grace_s=3600.0)

QUEUE = "sales"

#: Commands read at a time, and how long an empty read waits, ms.
COUNT, BLOCK_MS = 1000, 20

#: Commands of one pipeline while furnishing.
BATCH = 500

#: Entries that are audited: the audit looks at all pairs after each step.
AUDITED = 5_000


class Words:
    """The line's transitions as the engine words them (tests/bench/test_load.py holds that)."""

    def __init__(self, tenant: str) -> None:
        self._library, self.source = library(TIMING)
        self._prefix = keys.prefix(tenant)

    def call(self, name: str, **arguments: Any) -> bytes:
        """FCALL of one transition."""
        body = json.dumps(arguments, separators=(",", ":"))
        return packed("FCALL", f"{self._library}_{name}", 1, self._prefix, body)


@dataclass(slots=True)
class Offer:
    """A command to ring, as far as the load needs it."""

    offer_id: str
    fence: int
    call_id: str


@dataclass(slots=True)
class Tally:
    """What was done."""

    joined: int = 0
    connected: int = 0
    completed: int = 0

    @property
    def transitions(self) -> int:
        """A match is none of its own: it rides in the event that allows it."""
        return self.joined + self.connected + self.completed


@dataclass
class Box:
    """A box whose adapter is this program: one link, one connection, events in order."""

    name: str
    words: Words
    tenant: str
    pipe: Pipe
    link: str = ""
    seq: int = 0
    after: str = "0"
    tally: Tally = field(default_factory=Tally)
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stream = keys.key(self.tenant, "commands", self.name)
        example = Join(call_id="x", channel="x", uniqueid="x", queue=QUEUE, caller_id_num="5550100")
        self._join = example.model_dump(exclude_none=True)

    def event(self, name: str, **arguments: Any) -> bytes:
        """The box's next event."""
        self.seq += 1
        return self.words.call(name, box=self.name, link=self.link, seq=self.seq, **arguments)

    def join(self, queue: str = QUEUE, **more: Any) -> bytes:
        """A new caller."""
        self.tally.joined += 1
        uniqueid = f"{self.name}-{self.tally.joined}"
        names = {"call_id": f"{uniqueid}-1", "channel": f"PJSIP/trunk-{uniqueid}"}
        join = {**self._join, **names, "uniqueid": uniqueid, "queue": queue, **more}
        return self.event("join", age_us=0, join=join)

    def connect(self, offer: Offer) -> bytes:
        """Caller and agent talk."""
        self.tally.connected += 1
        return self.event("connect", offer_id=offer.offer_id, fence=offer.fence)

    def complete(self, offer: Offer) -> bytes:
        """The agent hangs up."""
        self.tally.completed += 1
        return self.event(
            "complete", offer_id=offer.offer_id, fence=offer.fence, ended_by="agent", transfer=""
        )

    def read(self, block_ms: int = BLOCK_MS) -> bytes:
        """Asks for new commands."""
        return packed(
            "XREAD", "COUNT", COUNT, "BLOCK", block_ms, "STREAMS", self._stream, self.after
        )

    def done(self, ids: Iterable[str]) -> list[bytes]:
        """Says that these commands are done."""
        given = list(ids)
        return [packed("XDEL", self._stream, *given)] if given else []

    async def transit(self, events: list[bytes]) -> list[list[str]]:
        """Makes transitions; notes those that were refused."""
        answers = await self.pipe.ask(events)
        self.refused += [answer[0] for answer in answers if answer[0] != "ok"]
        return answers

    async def offers(self, block_ms: int = BLOCK_MS) -> tuple[list[Offer], list[str]]:
        """New phones to ring, and the ids of all new commands."""
        [rows] = await self.pipe.ask([self.read(block_ms)])
        return self.taken(rows)

    def taken(self, rows: Any) -> tuple[list[Offer], list[str]]:
        """What an XREAD has answered."""
        entries = rows[0][1] if rows else []
        if entries:
            self.after = entries[-1][0]
        offers = []
        for _, fields in entries:
            record = json.loads(fields[1])
            if record["kind"] == "originate":
                call = Offer(record["offer_id"], int(record["fence"]), record["call_id"])
                offers.append(call)
        return offers, [entry[0] for entry in entries]


@dataclass
class Floor:
    """A tenant's line: a queue, agents at work, boxes that are linked."""

    server: Server
    tenant: str
    engine: Engine
    boxes: list[Box]

    @classmethod
    async def furnish(
        cls, server: Server, tenant: str, boxes: int, agents: int, **settings: Any
    ) -> "Floor":
        """Agents' phones are spread over the boxes; all are logged in and available."""
        engine = Engine(server.client, tenant, TIMING)
        await engine.mirrored("bench")
        await engine.put_queue(QUEUE, QueueSettings(**{"strategy": "leastrecent", **settings}))
        words = Words(tenant)
        made = [Box(f"box{n}", words, tenant, await Pipe.open(server.path)) for n in range(boxes)]
        floor = cls(server, tenant, engine, made)
        await floor.hire(agents)
        return floor

    async def hire(self, agents: int) -> None:
        """Links the boxes and logs the agents in."""
        names = [f"agent{n}" for n in range(agents)]
        for some in _batches(names):
            await self.engine.put_agents((name, f"PJSIP/{name}", "") for name in some)
            await self.engine.put_members((QUEUE, name, MemberSettings()) for name in some)
        for n, box in enumerate(self.boxes):
            await self.link(box, names[n :: len(self.boxes)])
        for some in _batches(names):
            await self.engine.change_agents((name, "login", "") for name in some)

    async def link(self, box: Box, phones: list[str]) -> None:
        """Attach and an empty snapshot, by the engine itself; then each phone, as a step each: one
        snapshot of 100,000 phones would stop Redis for seconds.
        """
        box.link = f"{box.name}-link"
        await self.engine.attach(box.name, box.link, f"adapter-{box.name}", 1, "bench")
        box.seq = 1
        await self.engine.snapshot(Origin(box.name, box.link, box.seq), Snapshot())
        for some in _batches(phones):
            await box.transit(
                [box.event("device", interface=f"PJSIP/{p}", state="NOT_INUSE") for p in some]
            )

    async def wait(self, callers: int) -> None:
        """So many callers join, round the boxes."""
        share = -(-callers // len(self.boxes))
        for box in self.boxes:
            for some in _batches(range(min(share, callers))):
                await box.transit([box.join() for _ in some])
            callers -= min(share, callers)

    async def close(self) -> None:
        """Ends the connections."""
        for box in self.boxes:
            await box.pipe.close()

    @property
    def tally(self) -> Tally:
        """Of all boxes."""
        tallies = [box.tally for box in self.boxes]
        return Tally(
            sum(t.joined for t in tallies), sum(t.connected for t in tallies),
            sum(t.completed for t in tallies),
        )  # fmt: skip

    @property
    def refused(self) -> list[str]:
        """Codes of events that were not taken."""
        return [code for box in self.boxes for code in box.refused]

    async def play(self, seconds: float) -> None:
        """Calls come and go for so long."""
        until = asyncio.get_running_loop().time() + seconds
        await asyncio.gather(*(_work(box, until) for box in self.boxes))

    async def finish(self) -> None:
        """Nobody joins any more, until nobody is left."""
        while self.tally.completed < self.tally.joined:
            await asyncio.gather(*(_round(box, joins=False) for box in self.boxes))

    async def audit(self) -> Report:
        """What `gvq verify` says of the journal's first steps, AUDITED entries at most."""
        entries = await self.engine.journal(limit=AUDITED)
        if len(entries) == AUDITED:  # the last step may go on behind the cut
            entries = [entry for entry in entries if entry.at_us != entries[-1].at_us]
        return audit(entries)


async def _work(box: Box, until: float) -> None:
    clock = asyncio.get_running_loop().time
    while clock() < until:
        await _round(box, joins=True)


async def _round(box: Box, joins: bool) -> None:
    offers, done = await box.offers()
    served = [event for o in offers for event in (box.connect(o), box.complete(o))]
    anew = [box.join() for _ in offers] if joins else []
    events = [*served, *anew]
    closing = box.done(done)
    answers = await box.pipe.ask([*events, *closing])
    box.refused += [answer[0] for answer in answers[: len(events)] if answer[0] != "ok"]


def _batches(rows: Any) -> Iterable[Any]:
    return (rows[at : at + BATCH] for at in range(0, len(rows), BATCH))
