"""The reference model: the rule of coordinator/README.md once more, in plain Python.

It is the line's independent twin: written from the words, never from the Lua. It is pure (the
caller says what time it is, in µs) and has the engine's transitions under the engine's names,
each answering `ok`, `duplicate` or the code of a refusal. What is observable afterwards:
`decisions` of the last step in order, `lines`, `callers`, `agents`.

    state.py      what is remembered            matching.py   who gets whom
    calls.py      callers and offers            links.py      boxes, leases, homes, snapshots
    admission.py  who may join and stay       rules.py      penalty rules
    autopause.py  who is paused for not answering
    patience.py   who waits no longer
"""

from collections.abc import Callable

from coordinator.line.types import (
    AgentState,
    CallState,
    MemberSettings,
    Origin,
    PenaltyChange,
    QueueSettings,
)
from coordinator.protocol import Join, Snapshot
from tests.model import admission, autopause, calls, links, patience, rules
from tests.model.matching import line_of, settle
from tests.model.state import (
    Agent,
    Caller,
    Event,
    Member,
    Offer,
    Queue,
    State,
    Timing,
    agent_state,
    call_state,
)

OK = "ok"


class Reference:
    """The line of one tenant. Set `now` before each step; it never runs backwards."""

    def __init__(
        self, timing: Timing | None = None, draw: Callable[[str, list[str]], str] | None = None
    ) -> None:
        self.state = State(timing=timing or Timing())
        if draw:
            self.state.draw = draw

    # ── what is observable ──────────────────────────────────────────────────────────────────

    @property
    def now(self) -> int:
        """The injected clock, µs."""
        return self.state.now

    @now.setter
    def now(self, now_us: int) -> None:
        assert now_us >= self.state.now, "the one clock never runs backwards"
        self.state.now = now_us

    def take_events(self) -> list[Event]:
        """What happened since the last call, in order; decisions are the `offer` ones."""
        events, self.state.events = self.state.events, []
        return events

    def line(self, queue: str) -> list[tuple[str, CallState]]:
        """The callers of a queue with their states, first to last."""
        return [(c.call_id, call_state(self.state, c)) for c in line_of(self.state, queue)]

    def agents(self) -> dict[str, AgentState]:
        """Every agent's state."""
        return {name: agent_state(self.state, a) for name, a in self.state.agents.items()}

    def offers(self) -> list[Offer]:
        """Every live offer and call."""
        return self.state.offers()

    def next_due(self) -> int:
        """When the next timer ends, µs; 0 for none."""
        state = self.state
        moments = [offer.expires_us for offer in state.offers() if offer.state != "talking"]
        moments += [box.due_us for box in state.boxes.values()]
        for a in state.agents.values():
            moments += [a.rest_until, a.wrapup_until, a.stopping_until]
        moments += [rules.due(c) for c in state.callers.values() if not c.talking]
        moments += [patience.due(c) for c in state.callers.values() if not c.talking]
        moments += [state.hold_until] if state.awaited else []
        return min((m for m in moments if m > state.now), default=0)

    # ── configuration ───────────────────────────────────────────────────────────────────────

    def put_queue(self, queue: str, settings: QueueSettings) -> str:
        """Add a queue or change how it serves from now on. Running timers keep their end."""
        self.state.queues.setdefault(queue, Queue(queue, settings)).settings = settings
        return self._settled()

    def delete_queue(self, queue: str) -> str:
        """Remove a queue nobody waits in."""
        if queue not in self.state.queues:
            return "unknown_queue"
        if line_of(self.state, queue):
            return "queue_in_use"
        del self.state.queues[queue]
        return OK

    def put_rule(self, rule: str, changes: tuple[PenaltyChange, ...]) -> str:
        """Add a penalty rule or change it for those who join from now on."""
        self.state.rules[rule] = changes
        return OK

    def delete_rule(self, rule: str) -> str:
        """Remove a rule; who waits keeps it."""
        return OK if self.state.rules.pop(rule, None) is not None else "unknown_rule"

    def put_agent(self, agent: str, interface: str, state_interface: str = "") -> str:
        """Add an agent or change the phone of one who is neither rung nor talking."""
        phone = state_interface or interface
        known = self.state.agents.get(agent)
        others = [a for a in self.state.agents.values() if a is not known]
        if any(_phones(interface, phone) & _phones(a.interface, a.phone) for a in others):
            return "interface_taken"
        held = known and (known.offer or known.stopping)
        if known and held and (known.interface, known.phone) != (interface, phone):
            return "agent_busy"
        person = self.state.agents.setdefault(agent, Agent(agent, interface, ""))
        moved = person.phone != phone
        person.interface, person.phone = interface, phone
        if moved:
            links.find_home(self.state, person)
        return self._settled()

    def delete_agent(self, agent: str) -> str:
        """Remove an agent who is neither rung nor talking."""
        known = self.state.agents.get(agent)
        if known is None:
            return "unknown_agent"
        if known.offer or known.stopping:
            return "agent_busy"
        for queue in self.state.queues.values():
            queue.members.pop(agent, None)
        del self.state.agents[agent]
        return self._settled()

    def put_member(self, queue: str, agent: str, settings: MemberSettings | None = None) -> str:
        """Add a member behind all others, or change how one serves. No end of an autopause."""
        if queue not in self.state.queues:
            return "unknown_queue"
        if agent not in self.state.agents:
            return "unknown_agent"
        settings = settings or MemberSettings()
        members = self.state.queues[queue].members
        if agent not in members:
            self.state.queues[queue].added += 1
            members[agent] = Member(agent, settings, self.state.queues[queue].added)
        member = members[agent]
        member.settings = settings
        if settings.paused or member.paused == "person":
            member.paused = "person" if settings.paused else ""
        return self._settled()

    def delete_member(self, queue: str, agent: str) -> str:
        """Remove a member; its phone stops if it rings for this queue."""
        if queue not in self.state.queues:
            return "unknown_queue"
        if agent not in self.state.agents:
            return "unknown_agent"
        if self.state.queues[queue].members.pop(agent, None) is None:
            return "not_a_member"
        known = self.state.agents[agent]
        if known.offer and known.offer.queue == queue:
            self._cancel(known)
        return self._settled()

    # ── agents ──────────────────────────────────────────────────────────────────────────────

    def login(self, agent: str) -> str:
        """The agent takes calls."""
        if agent in self.state.agents and not self.state.agents[agent].logged_in:
            self.state.agents[agent].misses = 0
        return self._change(agent, logged_in=True)

    def logout(self, agent: str) -> str:
        """The agent takes no more calls; a phone that rings stops, a call runs on."""
        if agent in self.state.agents:
            self._cancel(self.state.agents[agent])
        return self._change(agent, logged_in=False)

    def pause(self, agent: str, reason: str = "", queue: str | None = None) -> str:
        """The agent takes no new calls for a while, of one queue or any; what rings rings on."""
        if queue is None:
            return self._change(agent, paused="person")
        refusal = self._no_member(queue, agent)
        if not refusal:
            self.state.queues[queue].members[agent].paused = "person"
        return refusal or self._settled()

    def unpause(self, agent: str, reason: str = "", queue: str | None = None) -> str:
        """The agent takes calls again, of one queue or all; of the others as before."""
        if queue is not None and (refusal := self._no_member(queue, agent)):
            return refusal
        if agent not in self.state.agents:
            return "unknown_agent"
        known = self.state.agents[agent]
        pauses = {
            one.name: one.members[agent]
            for one in self.state.queues.values()
            if agent in one.members
        }
        ended = [m for name, m in pauses.items() if queue in (None, name)]
        if known.paused or any(member.paused for member in ended):
            known.misses = 0
        for member in pauses.values():
            whose = "person" if known.paused == "person" else member.paused or known.paused
            member.paused = "" if member in ended else whose
        known.paused = ""
        return self._settled()

    def end_pause(self, agent: str) -> str:
        """As the directory's mirror: a person's pause of all queues ends, and nothing else."""
        by_person = agent in self.state.agents and self.state.agents[agent].paused == "person"
        return self._change(agent, **({"paused": ""} if by_person else {}))

    def _no_member(self, queue: str, agent: str) -> str:
        if queue not in self.state.queues:
            return "unknown_queue"
        if agent not in self.state.agents:
            return "unknown_agent"
        return "" if agent in self.state.queues[queue].members else "not_a_member"

    # ── calls, by API ───────────────────────────────────────────────────────────────────────

    def change_priority(self, call_id: str, priority: int) -> str:
        """Move a caller: same rank, other priority."""
        caller = self.state.callers.get(call_id)
        if caller is None:
            return "unknown_call"
        if caller.talking:
            return "not_waiting"
        caller.priority = priority
        return self._settled()

    def withdraw(self, call_id: str) -> str:
        """Send a caller on in the dialplan."""
        caller = self.state.callers.get(call_id)
        if caller is None:
            return "unknown_call"
        if caller.talking:
            return "not_waiting"
        calls.depart(self.state, caller, "withdrawn")
        return self._settled()

    # ── links ───────────────────────────────────────────────────────────────────────────────

    def attach(self, box: str, link: str, instance: str, epoch: int, owner: str) -> str:
        """A box's adapter has connected."""
        code = links.attach(self.state, box, link, instance, epoch, owner)
        return self._settled() if code == OK else code

    def heartbeat(self, box: str, link: str) -> str:
        """A box's adapter lives."""
        code = links.heartbeat(self.state, box, link)
        return self._settled() if code == OK else code

    def unlink(self, box: str, link: str) -> str:
        """A box's adapter has gone."""
        return links.unlink(self.state, box, link)

    # ── events of a box ─────────────────────────────────────────────────────────────────────

    def join(self, origin: Origin, join: Join) -> str:
        """A caller asks for a place."""
        return self._event(origin, lambda: self._join(origin, join))

    def leave(self, origin: Origin, call_id: str, outcome: str) -> str:
        """A caller no longer waits."""
        return self._event(origin, lambda: self._leave(origin, call_id, outcome))

    def answer(self, origin: Origin, offer_id: str, fence: int) -> str:
        """An agent's phone answered and holds the claim."""
        return self._offer_event(origin, offer_id, fence, ("ringing",), self._claim)

    def connect(self, origin: Origin, offer_id: str, fence: int) -> str:
        """Caller and agent are in one bridge."""
        states = ("ringing", "claimed")
        return self._offer_event(
            origin, offer_id, fence, states, lambda offer: calls.bridge(self.state, offer)
        )

    def offer_ended(self, origin: Origin, offer_id: str, fence: int, outcome: str) -> str:
        """An offer ended without a bridge."""

        def end(offer: Offer) -> None:
            if offer.state == "talking":
                calls.hang_up(self.state, offer, "lost")
            else:
                calls.end_offer(self.state, offer, outcome)
                if offer.state == "ringing":
                    autopause.missed(self.state, offer, outcome)

        def silent(_: Agent, offer: Offer) -> bool:
            mine = (offer.offer_id, offer.box, offer.fence)
            return mine == (offer_id, origin.box, fence)

        states = ("ringing", "claimed", "talking")
        return self._offer_event(
            origin,
            offer_id,
            fence,
            states,
            end,
            otherwise=lambda: calls.stopped(self.state, silent),
        )

    def complete(self, origin: Origin, offer_id: str, fence: int, ended_by: str) -> str:
        """A connected call is over."""
        return self._offer_event(
            origin, offer_id, fence, ("talking",), lambda o: calls.hang_up(self.state, o, ended_by)
        )

    def device(self, origin: Origin, interface: str, device: str) -> str:
        """A device's state as this box sees it."""

        def report() -> str:
            box = self.state.boxes[origin.box]
            links.report_device(self.state, box, interface, device)
            return OK

        return self._event(origin, report)

    def snapshot(self, origin: Origin, snapshot: Snapshot) -> str:
        """All of a box at once."""
        code = links.admit(self.state, origin, is_snapshot=True)
        if code != OK:
            return code
        links.reconcile(self.state, self.state.boxes[origin.box], snapshot)
        return self._settled()

    # ── time ────────────────────────────────────────────────────────────────────────────────

    def start(self, run_id: str) -> str:
        """A coordinator, or Redis as another process, is back: its boxes are awaited."""
        restarted = self.state.run_id not in ("", run_id)
        if self.state.run_id != run_id:
            self.state.run_id, self.state.run_us = run_id, self.now
        for box in self.state.boxes.values():
            if box.attached:
                links.await_return(self.state, box, resync=restarted)
        return self._settled()

    def tick(self) -> str:
        """Whatever is due by now happens."""
        if self.now >= self.state.hold_until:
            self.state.awaited.clear()
        for caller in self.state.callers.values():
            if not caller.talking:
                rules.advance(self.state, caller)
                patience.pass_due(self.state, caller)
        for offer in self.state.offers():
            if offer.state != "talking" and offer.expires_us <= self.now:
                calls.stop(self.state, offer, "expired")
        calls.stopped(self.state, lambda agent, _: agent.stopping_until <= self.now)
        for box in self.state.boxes.values():
            if box.due_us and box.due_us <= self.now:
                links.detach(self.state, box) if box.attached else links.lose(self.state, box)
        return self._settled()

    # ── pieces ──────────────────────────────────────────────────────────────────────────────

    def _settled(self) -> str:
        patience.before_match(self.state)
        settle(self.state, patience.ring_us)
        patience.after_match(self.state)
        admission.sweep(self.state)
        return OK

    def _change(self, agent: str, **flags: bool | str) -> str:
        if agent not in self.state.agents:
            return "unknown_agent"
        for name, value in flags.items():
            setattr(self.state.agents[agent], name, value)
        return self._settled()

    def _cancel(self, agent: Agent) -> None:
        if agent.offer and agent.offer.state != "talking":
            calls.stop(self.state, agent.offer, "cancelled")

    def _event(self, origin: Origin, step: Callable[[], str]) -> str:
        code = links.admit(self.state, origin)
        if code != OK:
            return code
        code = step()
        self._settled()
        return code

    def _join(self, origin: Origin, join: Join) -> str:
        if join.queue not in self.state.queues:
            self.state.boxes[origin.box].let_go.add(join.call_id)
            return "unknown_queue"
        if join.call_id in self.state.callers:
            return "duplicate_join"
        refusal = admission.refusal(self.state, join)
        if refusal:
            self.state.boxes[origin.box].let_go.add(join.call_id)
            self.state.log("refused", join.call_id, refusal)
            return {"full": "queue_full", "join_empty": "queue_empty"}[refusal]
        box = self.state.boxes[origin.box]
        calls.newcomer(self.state, box, join, origin.age_us)
        return OK

    def _leave(self, origin: Origin, call_id: str, outcome: str) -> str:
        caller: Caller | None = self.state.callers.get(call_id)
        if caller is None or caller.box != origin.box:
            return "unknown_call"
        if caller.talking:
            return "not_waiting"
        calls.depart(self.state, caller, outcome)
        return OK

    def _offer_event(
        self,
        origin: Origin,
        offer_id: str,
        fence: int,
        states: tuple[str, ...],
        then: Callable[[Offer], None],
        otherwise: Callable[[], bool] = lambda: False,
    ) -> str:
        def step() -> str:
            offer = next((o for o in self.offers() if o.offer_id == offer_id), None)
            if offer is None or (offer.box, offer.fence) != (origin.box, fence):
                return OK if otherwise() else "stale_offer"
            if offer.state not in states:
                return "stale_offer"
            then(offer)
            return OK

        return self._event(origin, step)

    def _claim(self, offer: Offer) -> None:
        calls.claim(self.state, offer)
        offer.expires_us = self.now + self.state.timing.detach_timeout_us


def _phones(interface: str, phone: str) -> set[str]:
    """What is one agent's alone. A Custom device is no phone; many may be judged by it."""
    return {device for device in (interface, phone) if not device.startswith("Custom:")}
