"""The real line and the reference model side by side: every step is done to both and compared."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from redis.asyncio import Redis

from coordinator.errors import Refused
from coordinator.journal import Entry
from coordinator.line.engine import Engine
from coordinator.line.scripts import Timing
from coordinator.line.types import AgentView, Membership, Origin, WaitingCaller
from coordinator.protocol import Join
from tests.model.ledger import Ledger
from tests.model.matching import line_of
from tests.model.reference import Reference
from tests.model.state import SECOND, Event, Pauser
from tests.model.state import Timing as ModelTiming

T = TypeVar("T")

#: Journal type → the fields that make it one of the model's events.
COMPARED: dict[str, tuple[str, ...]] = {
    "caller.joined": ("joined", "call_id"),
    "caller.refused": ("refused", "call_id", "outcome"),
    "caller.left": ("left", "call_id", "outcome"),
    "offer.made": ("offer", "call_id", "agent"),
    "offer.ended": ("ended", "call_id", "agent", "outcome"),
    "call.connected": ("connected", "call_id", "agent"),
    "call.completed": ("completed", "call_id", "agent", "ended_by"),
    "box.detached": ("detached", "box"),
}

#: Short enough that a run meets every timer.
TIMING = Timing(lease_s=5.0, detach_timeout_s=20.0, offer_grace_s=2.0, age_grace_s=2.0)

#: Steps after which nothing is read when they journalled nothing: most of them while time passes.
ROUTINE = frozenset({"tick", "heartbeat"})

#: Answers that the journal may tell of: a caller without a place is one who called.
RECORDED = frozenset({"ok", "queue_full", "queue_empty"})

#: How often linked boxes say that they live while time passes, µs.
BEAT = 4 * SECOND


class World:
    """One tenant of the real engine with the model beside it, under one clock."""

    def __init__(self, url: str, tenant: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.tenant = tenant
        self.redis = Redis.from_url(url, decode_responses=True)
        self.now = 1_000_000 * SECOND
        self.engine = Engine(self.redis, tenant, TIMING, clock=lambda: self.now)
        self.run(self.engine.mirrored("run"))
        self.model = Reference(_in_us(TIMING), draw=self._draw)
        self.ledger = Ledger()
        self.joins: dict[str, Join] = {}
        self.journal_at = "0"
        self.engine_due = 0
        self.last_beat = self.now
        self.views: tuple[dict[str, list[WaitingCaller]], dict[str, AgentView]] = ({}, {})
        self._drawn: list[tuple[str, str]] = []

    def close(self) -> None:
        """Leave nothing behind: no key, no connection, no loop."""
        self.run(self._forget())
        self.loop.close()

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        """One coroutine of the engine, to its end."""
        return self.loop.run_until_complete(step)

    # ── steps ───────────────────────────────────────────────────────────────────────────────

    def step(self, name: str, *args: Any) -> str:
        """Do one transition to both and compare all that can be seen. Returns the code."""
        code = self._engine_step(name, *args)
        entries = self.run(self.engine.journal(self.journal_at))
        self.journal_at = entries[-1].id if entries else self.journal_at
        happened = [event for entry in entries if (event := compared(entry))]
        self._drawn = [(event[1], event[2]) for event in happened if event[0] == "offer"]
        self.model.now = self.now
        expected = getattr(self.model, name)(*args)
        assert code == expected, f"{name}{args}: the line answered {code}, the model {expected}"
        self._compare_events(happened, self.model.take_events())
        self._learn_offers(entries)
        self.ledger.follow(entries)
        if entries or name not in ROUTINE:
            self._look(entries, refused=code not in RECORDED)
        return code

    def event(self, name: str, box: str, *args: Any, age_us: int = 0) -> str:
        """An event of a box, next in its sequence on its current link."""
        return self.step(name, self.origin(box, age_us), *args)

    def origin(self, box: str, age_us: int = 0) -> Origin:
        """Where the box's next event would come from."""
        known = self.model.state.boxes[box]
        return Origin(box, known.link or "none", known.seq + 1, age_us)

    def commands_done(self, box: str) -> None:
        """The box has done all that it was told."""
        ids = [entry_id for entry_id, _ in self.run(self.engine.commands(box))]
        if ids:
            self.run(self.engine.command_done(box, *ids))
        self.model.state.boxes[box].let_go.clear()
        for offer in self.model.offers():
            offer.heard = offer.heard or offer.box == box

    def pass_time(self, time_us: int) -> None:
        """Time passes; boxes with a link say that they live, timers are met to the µs."""
        target = self.now + time_us
        while moment := self._next_moment(target):
            self.now = moment
            self.step("tick")
            if moment >= self.last_beat + BEAT:
                self.last_beat = moment
                for box in self.model.state.boxes.values():
                    if box.linked:
                        self.step("heartbeat", box.name, box.link)
        self.now = target

    def _next_moment(self, target: int) -> int:
        moments = [self.model.next_due(), self.engine_due, self.last_beat + BEAT]
        return min((max(m, self.now) for m in moments if 0 < m <= target), default=0)

    def _engine_step(self, name: str, *args: Any) -> str:
        if name == "end_pause":  # of a mirror, which tells many at once
            (refused,) = self.run(self.engine.change_agents([(args[0], name, "")]))
            return refused.code if refused else "ok"
        try:
            reply = self.run(getattr(self.engine, name)(*args))
        except Refused as refused:
            return refused.code
        self.engine_due = reply.next_due_us
        return str(reply.code)

    # ── comparing ───────────────────────────────────────────────────────────────────────────

    def _draw(self, call_id: str, allowed: list[str]) -> str:
        """For `random`: what the line drew, where the words allow it."""
        drawn = next((pair for pair in self._drawn if pair[0] == call_id), None)
        if drawn is None or drawn[1] not in allowed:
            return allowed[0]
        self._drawn.remove(drawn)
        return drawn[1]

    def _compare_events(self, line: list[Event], model: list[Event]) -> None:
        decided = [event for event in line if event[0] == "offer"]
        expected = [event for event in model if event[0] == "offer"]
        assert decided == expected, f"decisions: the line {decided}, the model {expected}"
        assert sorted(line) == sorted(model), f"the line {line}, the model {model}"

    def _learn_offers(self, entries: list[Entry]) -> None:
        made = [entry.data for entry in entries if entry.type == "offer.made"]
        for data in made:
            offer = self.model.state.agents[data["agent"]].offer
            assert offer
            offer.offer_id, offer.fence = data["offer_id"], data["fence"]

    def check(self) -> None:
        """I1–I6 on what the line showed last."""
        queues = self.model.state.queues
        settings = {name: queue.settings for name, queue in queues.items()}
        self.ledger.check(*self.views, self.joins, settings, held=bool(self.model.state.awaited))

    def _look(self, entries: list[Entry], refused: bool) -> None:
        before = self.views
        lines = {q: self.run(self.engine.callers(q)) for q in self.model.state.queues}
        agents = {view.name: view for view in self.run(self.engine.agents())}
        self.views = (lines, agents)
        if refused:
            assert (entries, self.views) == ([], before), "I7: a refusal changed something"
        for queue, views in lines.items():
            shown, expected = [_caller_row(view) for view in views], self._expected_line(queue)
            assert shown == expected, f"{queue}: the line {shown}, the model {expected}"
        states = {name: view.state for name, view in agents.items()}
        known = self.model.agents()
        assert states == known, f"agents: the line {states}, the model {known}"
        self._compare_agents(agents)
        self.check()

    def _expected_line(self, queue: str) -> list[tuple[int, str, str, int, int, str]]:
        states = dict(self.model.line(queue))
        return [
            (number, c.call_id, c.box, c.priority, c.rank, states[c.call_id])
            for number, c in enumerate(line_of(self.model.state, queue), start=1)
        ]

    def _compare_agents(self, agents: dict[str, AgentView]) -> None:
        for name, agent in self.model.state.agents.items():
            pauses = {
                queue.name: queue.members[name].paused
                for queue in self.model.state.queues.values()
                if name in queue.members
            }
            expected = (
                agent.paused,
                pauses,
                agent.home,
                agent.offer.call_id if agent.offer and agent.offer.state == "talking" else "",
                agent.last_call_us,
            )
            view = agents[name]
            memberships = view.memberships.items()
            shown = (
                _pauser(view),
                {queue: _pauser(member) for queue, member in memberships},
                view.home,
                view.call_id,
                view.last_call_us,
            )
            assert shown == expected, f"{name}: the line {shown}, the model {expected}"

    async def _forget(self) -> None:
        keys = [key async for key in self.redis.scan_iter(f"gvq:{{{self.tenant}}}:*")]
        if keys:
            await self.redis.delete(*keys)
        await self.redis.aclose()


def _in_us(timing: Timing) -> ModelTiming:
    return ModelTiming(
        lease_us=round(timing.lease_s * SECOND),
        detach_timeout_us=round(timing.detach_timeout_s * SECOND),
        offer_grace_us=round(timing.offer_grace_s * SECOND),
        age_grace_us=round(timing.age_grace_s * SECOND),
    )


def compared(entry: Entry) -> Event | None:
    """A journal entry as the model tells it; None for what the model does not tell."""
    answered = entry.type == "offer.ended" and entry.data["outcome"] == "answered"
    if entry.type not in COMPARED or answered:
        return None
    word, *fields = COMPARED[entry.type]
    return (word, *(str(entry.data[field]) for field in fields))


def _pauser(view: AgentView | Membership) -> Pauser:
    if not view.paused:
        return ""
    return "autopause" if view.autopaused else "person"


def _caller_row(view: WaitingCaller) -> tuple[int, str, str, int, int, str]:
    return (view.position, view.call_id, view.box, view.priority, view.rank, view.state)
