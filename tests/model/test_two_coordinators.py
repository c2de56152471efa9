"""Two coordinators at once on one Redis: whatever they race for, one line comes of it.

Each batch is issued at once over two engines with connections of their own. The steps of a batch
are chosen from what was true before it, so they compete: two answers for one caller, a hang-up
against a bridge, one message over an old and a new link, two timers. Afterwards the journal
must be one line: times and fences go up, the audit finds nothing, every replica shows the same,
and the journal's replay is the state.
"""

import asyncio
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from coordinator.audit import audit, replay
from coordinator.audit.world import Agent, Caller, World
from coordinator.errors import REFUSALS, Refused
from coordinator.journal import Entry, stream_position
from coordinator.line.engine import Engine
from coordinator.line.types import STRATEGIES, MemberSettings, Origin, QueueSettings
from coordinator.protocol import Join, Snapshot

AGENTS = ("anna", "bert", "carl", "dora")
BOXES = ("a", "b", "c", "d")
QUEUES = ("gold", "sales")

#: Codes by which an event did not take its number of the sequence.
NOT_TAKEN = {"duplicate", "out_of_sequence", "stale_link", "snapshot_required", "unknown_box"}

#: What people and phones do all day weighs most: a race needs something to race for.
KINDS = (
    *["join"] * 5, *["answer"] * 5, *["connect"] * 4, *["complete"] * 4, *["offer_ended"] * 3,
    *["login"] * 2, "leave", "device", "logout", "pause", "unpause", "unpause", "change_priority",
    "withdraw", "put_member", "put_member", "delete_member", "tick", "heartbeat", "attach",
)  # fmt: skip

#: (what, which engine, which box, which of the things there are, one more)
Step = tuple[str, int, int, int, int]
steps = st.tuples(
    st.sampled_from(KINDS),
    st.integers(0, 1),
    st.integers(0, len(BOXES) - 1),
    st.integers(0, 5),
    st.integers(0, 3),
)
batches = st.lists(st.lists(steps, min_size=4, max_size=8), min_size=12, max_size=20)
strategies = st.tuples(*[st.sampled_from(STRATEGIES)] * len(QUEUES))

_tenants = count(1)


@dataclass
class Box:
    """What an adapter keeps: its link and the last number taken."""

    link: str
    seq: int = 1
    old_link: str = ""


@dataclass
class Rivals:
    """Two engines on one tenant, and what their callers know before a batch."""

    engines: tuple[Engine, Engine]
    boxes: dict[str, Box] = field(default_factory=dict)
    offers: list[Entry] = field(default_factory=list)
    callers: list[tuple[str, str]] = field(default_factory=list)
    taken: list[tuple[str, str, int]] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def open(self, chosen: tuple[str, ...]) -> None:
        """Queues, agents free on box a, boxes linked."""
        one = self.engines[0]
        for queue, strategy in zip(QUEUES, chosen, strict=True):
            settings = QueueSettings(strategy, retry=0)  # type: ignore[arg-type]
            await one.put_queue(queue, settings)
        for number, agent in enumerate(AGENTS):
            await one.put_agent(agent, f"PJSIP/{agent}")
            await one.login(agent)
            for queue in QUEUES[number % 2 :]:
                await one.put_member(queue, agent, MemberSettings(number // 3))
        await one.mirrored("run")
        for number, name in enumerate(BOXES):
            self.boxes[name] = Box(f"{name}-0")
            await self.engines[number % 2].attach(name, f"{name}-0", name, 1, "one")
            devices = {f"PJSIP/{agent}": "NOT_INUSE" for agent in AGENTS if not number}
            snapshot = Snapshot.model_validate({"devices": devices})
            await self.engines[number % 2].snapshot(Origin(name, f"{name}-0", 1), snapshot)

    async def batch(self, chosen: list[Step]) -> None:
        """All at once."""
        self.offers = live_offers(await everything(self.engines[0]))
        lines = [await self.engines[1].callers(queue) for queue in QUEUES]
        self.callers = [(view.call_id, view.box) for line in lines for view in line]
        await asyncio.gather(*(self.one(step) for step in chosen))
        for name, box in self.boxes.items():
            box.seq = max([seq for of, _, seq in self.taken if of == name], default=box.seq)

    async def one(self, step: Step) -> None:
        """One step over its engine; a refusal is an answer like any other."""
        kind, number, *_ = step
        arguments = self.arguments(step)
        if arguments is None:
            return
        stale = self.is_stale(arguments)
        try:
            reply = await getattr(self.engines[number], kind)(*arguments)
        except Refused:
            return
        assert reply.code in {"ok", "duplicate", *REFUSALS}
        assert reply.code != "ok" or not stale, "I7: what is over was taken"
        origin = arguments[0] if arguments else None
        if isinstance(origin, Origin) and reply.code not in NOT_TAKEN:
            self.taken.append((origin.box, origin.link, origin.seq))
        if kind == "attach" and reply.code == "ok":
            box = self.boxes[arguments[0]]
            box.link, box.old_link = arguments[1], box.link

    def arguments(self, step: Step) -> tuple[Any, ...] | None:
        """What the step is about; None when there is nothing of the kind."""
        kind, _, box, pick, more = step
        name, agent = BOXES[box], AGENTS[pick % len(AGENTS)]
        if kind == "join":
            return (self.origin(name, more), self.newcomer(QUEUES[pick % len(QUEUES)]))
        if kind in ("login", "logout", "pause", "unpause"):
            return (agent,)
        if kind in ("put_member", "delete_member"):
            return (QUEUES[more % len(QUEUES)], agent)
        if kind == "device":
            state = "INUSE" if more == 3 else "NOT_INUSE"
            return (self.origin(name, more), f"PJSIP/{agent}", state)
        if kind == "heartbeat":
            return (name, self.boxes[name].link)
        if kind == "attach":
            return (name, f"{name}-{next(self.numbers)}", name, 1, "two")
        return () if kind == "tick" else self.about_a_call(step)

    def about_a_call(self, step: Step) -> tuple[Any, ...] | None:
        """Steps that need a caller or an offer, from that caller's own box."""
        kind, _, _, pick, more = step
        if kind in ("leave", "change_priority", "withdraw"):
            if not self.callers:
                return None
            call_id, box = self.callers[pick % len(self.callers)]
            if kind == "leave":
                return (self.origin(box, more), call_id, "abandoned")
            return (call_id, more) if kind == "change_priority" else (call_id,)
        if not self.offers:
            return None
        offer = self.offers[pick % len(self.offers)].data
        last = {"offer_ended": ("no_answer",), "complete": ("agent",)}.get(kind, ())
        fence = offer["fence"] - (more == 2)
        return (self.origin(offer["box"], more), offer["offer_id"], fence, *last)

    def origin(self, name: str, more: int) -> Origin:
        """Mostly the next number; now and then the one after, so that messages overtake, or over
        the link before this one.
        """
        box = self.boxes[name]
        link = box.old_link if more == 2 and box.old_link else box.link
        return Origin(name, link, box.seq + (2 if more == 3 else 1))

    def is_stale(self, arguments: tuple[Any, ...]) -> bool:
        """Whether the line must refuse it, whatever else happens in this batch."""
        if not arguments or not isinstance(arguments[0], Origin):
            return False
        origin, offer, fence = (*arguments, None, None)[:3]
        live: dict[Any, Any] = {o.data["offer_id"]: o.data["fence"] for o in self.offers}
        old = origin.link == self.boxes[origin.box].old_link
        return old or bool(live.get(offer, fence) != fence)

    def newcomer(self, queue: str) -> Join:
        """A caller with an id of its own."""
        call_id = f"call{next(self.numbers)}"
        return Join(call_id=call_id, channel=call_id, uniqueid=call_id, queue=queue)


def live_offers(journal: list[Entry]) -> list[Entry]:
    """The offers and calls that are not over, by the journal."""
    live: dict[str, Entry] = {}
    for entry in journal:
        if entry.type == "offer.made":
            live[entry.data["offer_id"]] = entry
        elif entry.type == "call.completed" or (
            entry.type == "offer.ended" and entry.data["outcome"] != "answered"
        ):
            live.pop(entry.data["offer_id"], None)
    return list(live.values())


async def everything(engine: Engine) -> list[Entry]:
    """The whole journal."""
    return await engine.journal(limit=100_000)


async def check(rivals: Rivals) -> None:
    """One line came of it."""
    one, two = rivals.engines
    journal = await everything(one)
    assert journal == await everything(two)
    for before, after in pairwise(journal):
        assert stream_position(before.id) < stream_position(after.id)
        assert before.at_us <= after.at_us
    fences = [entry.data["fence"] for entry in journal if entry.type == "offer.made"]
    assert all(before < after for before, after in pairwise(fences))
    assert len(set(rivals.taken)) == len(rivals.taken), "I7: one message was taken twice"
    report = audit(journal)
    assert report.ok, report.violations
    world = World()
    for entry in journal:
        replay.apply(world, entry)
    for engine in rivals.engines:
        for queue in QUEUES:
            line = [(view.call_id, view.state) for view in await engine.callers(queue)]
            told = [(caller.call_id, caller_state(caller)) for caller in world.line(queue)]
            assert line == told, "I8: the replay is another line"
        agents = {agent.name: agent for agent in await engine.agents()}
        states = {name: agent_state(agent) for name, agent in world.agents.items()}
        assert {name: agent.state for name, agent in agents.items()} == states
        members = {queue: set(world.queues[queue].members) for queue in QUEUES}
        for queue in QUEUES:
            assert {name for name in agents if queue in agents[name].queues} == members[queue]


def caller_state(caller: Caller) -> str:
    """As the line shows it."""
    states = {offer.state for offer in caller.offers.values()}
    if states:
        return "claimed" if "claimed" in states else "ringing"
    return "detached" if caller.detached else "waiting"


def agent_state(agent: Agent) -> str:
    """As the line shows it: what holds an agent goes before what it falls back to."""
    states = {offer.state for offer in agent.holds.values()}
    if states:
        return "talking" if "connected" in states else "ringing"
    return agent.state


async def race(url: str, tenant: str, chosen: tuple[str, ...], plan: list[list[Step]]) -> None:
    """One example: open, all batches, check, forget."""
    clients = [Redis.from_url(url, decode_responses=True) for _ in range(2)]
    rivals = Rivals((Engine(clients[0], tenant), Engine(clients[1], tenant)))
    try:
        await rivals.open(chosen)
        for batch in plan:
            await rivals.batch(batch)
        await check(rivals)
    finally:
        await clients[0].delete(*[k async for k in clients[0].scan_iter(f"gvq:{{{tenant}}}:*")])
        for client in clients:
            await client.aclose()


@given(chosen=strategies, plan=batches)
def test_two_coordinators(valkey: str, chosen: tuple[str, ...], plan: list[list[Step]]) -> None:
    """Random batches over two replicas leave one line."""
    asyncio.run(race(valkey, f"rivals{next(_tenants)}", chosen, plan))
