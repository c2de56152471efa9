"""A day at the line, in any order: callers, offers, agents, configuration, time."""

from dataclasses import replace
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from coordinator.line.types import MemberSettings, PenaltyChange, QueueSettings
from coordinator.protocol import Join, Snapshot
from tests.model.drawn import (
    AGENTS,
    BOXES,
    OWNERS,
    QUEUES,
    RULES,
    SWITCH,
    bounds,
    changes_of_rules,
    one_of,
    pauses,
    picks,
    settings_of_members,
    settings_of_queues,
    wishes,
)
from tests.model.state import SECOND, Caller, Offer
from tests.model.world import World

#: More callers than this at once only slow the run down.
CROWD = 12

_tenants = count(1)


class Day(RuleBasedStateMachine):
    """Callers come and go, agents work, people configure, time passes; no link breaks.

    The world compares after every step.
    """

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.url, f"model{next(_tenants)}")
        self.numbers = count(1)
        self.repeatable: list[tuple[str, tuple[Any, ...]]] = []
        self.over: list[Offer] = []
        self.redis_runs = 1

    def teardown(self) -> None:
        self.world.close()

    # ── helpers ─────────────────────────────────────────────────────────────────────────────

    @property
    def callers(self) -> list[Caller]:
        return list(self.world.model.state.callers.values())

    @property
    def offers(self) -> list[Offer]:
        return self.world.model.offers()

    def linked(self, fresh: bool = False) -> list[str]:
        boxes = self.world.model.state.boxes.values()
        return [box.name for box in boxes if box.linked and (fresh or not box.fresh)]

    def event(self, name: str, box: str, *args: Any, age_us: int = 0) -> str:
        """An event of a box, remembered so that it can come again."""
        origin = self.world.origin(box, age_us)
        code = self.world.step(name, origin, *args)
        if self.world.model.state.boxes[box].seq == origin.seq:
            self.repeatable = [*self.repeatable[-5:], (name, (origin, *args))]
        return code

    def offer_event(self, name: str, offer: Offer, *args: Any) -> None:
        if offer.box in self.linked():
            self.over = [*self.over[-5:], replace(offer)]
            self.event(name, offer.box, offer.offer_id, offer.fence, *args)

    def free_name(self) -> str:
        """Ids that do not sort by age, so that ties by id are not ties by age."""
        number = next(self.numbers)
        return f"{'zyxwvutsrq'[number % 10]}{number}"

    # ── the beginning ───────────────────────────────────────────────────────────────────────

    @initialize(
        queues=st.tuples(*[settings_of_queues] * len(QUEUES)),
        members=st.lists(st.tuples(picks, picks, settings_of_members), min_size=4, max_size=12),
        phones=st.lists(picks, min_size=len(AGENTS), max_size=len(AGENTS)),
        rules=st.tuples(*[changes_of_rules] * len(RULES)),
    )
    def open_for_business(
        self,
        queues: tuple[QueueSettings, ...],
        members: list[tuple[int, int, MemberSettings]],
        phones: list[int],
        rules: tuple[tuple[PenaltyChange, ...], ...],
    ) -> None:
        self.world.step("start", f"run{self.redis_runs}")
        for name, changes in zip(RULES, rules, strict=True):
            self.world.step("put_rule", name, changes)
        for name, settings in zip(QUEUES, queues, strict=True):
            self.world.step("put_queue", name, settings)
        for agent in AGENTS:
            self.world.step("put_agent", agent, f"PJSIP/{agent}")
            self.world.step("login", agent)
        for queue, member, how in members:
            names = (one_of([*QUEUES], queue), one_of([*AGENTS], member))
            self.world.step("put_member", *names, how)
        for number, box in enumerate(BOXES):
            here = [a for a, p in zip(AGENTS, phones, strict=True) if p % len(BOXES) == number]
            self.world.step("attach", box, f"{box}-0", box, 1, OWNERS[number % 2])
            devices = {f"PJSIP/{agent}": "NOT_INUSE" for agent in here} | {SWITCH: "UNKNOWN"}
            self.event("snapshot", box, Snapshot.model_validate({"devices": devices}))

    # ── callers ─────────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: self.linked() and len(self.callers) < CROWD)
    @rule(
        box=picks,
        queue=picks,
        priority=st.sampled_from([0, 0, 0, 1, -1]),
        low=bounds,
        high=bounds,
        lift=bounds,
        keeps_min=st.booleans(),
        rule_name=st.sampled_from(["", "", *RULES]),
        wishes=wishes,
        age=st.sampled_from([0, 0, 1, 700_000, 1_999_999, 9_000_000]),
        pause=pauses,
    )
    def join(
        self,
        box: int,
        queue: int,
        priority: int,
        low: int | None,
        high: int | None,
        lift: int | None,
        keeps_min: bool,
        rule_name: str,
        wishes: dict[str, Any],
        age: int,
        pause: int,
    ) -> None:
        self.world.pass_time(pause)
        if not self.linked():
            return
        call_id = self.free_name()
        join = Join(
            call_id=call_id,
            channel=f"PJSIP/in-{call_id}",
            uniqueid=call_id,
            queue=one_of([*QUEUES], queue),
            priority=priority,
            min_penalty=low,
            max_penalty=high,
            raise_penalty=lift,
            raise_keeps_min=keeps_min and lift is not None,
            rule=rule_name,
            **wishes,
        )
        self.world.joins[call_id] = join
        self.event("join", one_of(self.linked(), box), join, age_us=age)

    @precondition(lambda self: self.callers)
    @rule(
        pick=picks,
        outcome=st.sampled_from(["abandoned", "timeout", "exit_key", "redirected"]),
        pause=pauses,
    )
    def leave(self, pick: int, outcome: str, pause: int) -> None:
        self.world.pass_time(pause)
        leavers = [c for c in self.callers if c.box in self.linked()]
        if leavers:
            caller = one_of(leavers, pick)
            self.event("leave", caller.box, caller.call_id, outcome)

    @precondition(lambda self: self.callers)
    @rule(pick=picks, priority=st.sampled_from([-1, 0, 1, 2]))
    def change_priority(self, pick: int, priority: int) -> None:
        self.world.step("change_priority", one_of(self.callers, pick).call_id, priority)

    @precondition(lambda self: self.callers)
    @rule(pick=picks)
    def withdraw(self, pick: int) -> None:
        self.world.step("withdraw", one_of(self.callers, pick).call_id)

    # ── offers ──────────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: self.offers)
    @rule(pick=picks, pause=pauses)
    def answer(self, pick: int, pause: int) -> None:
        self.world.pass_time(pause)
        ringing = [offer for offer in self.offers if offer.state == "ringing"]
        if ringing:
            self.offer_event("answer", one_of(ringing, pick))

    @precondition(lambda self: self.offers)
    @rule(pick=picks, pause=pauses)
    def connect(self, pick: int, pause: int) -> None:
        self.world.pass_time(pause)
        ringing = [offer for offer in self.offers if offer.state != "talking"]
        if ringing:
            self.offer_event("connect", one_of(ringing, pick))

    @precondition(lambda self: self.offers)
    @rule(
        pick=picks,
        outcome=st.sampled_from(["no_answer", "busy", "rejected", "failed", "answered_elsewhere"]),
        pause=pauses,
    )
    def offer_ended(self, pick: int, outcome: str, pause: int) -> None:
        self.world.pass_time(pause)
        ringing = [offer for offer in self.offers if offer.state != "talking"]
        if ringing:
            self.offer_event("offer_ended", one_of(ringing, pick), outcome)

    @precondition(lambda self: any(offer.state == "talking" for offer in self.offers))
    @rule(
        pick=picks,
        ended_by=st.sampled_from(["caller", "agent", "transfer", "lost"]),
        pause=pauses,
    )
    def complete(self, pick: int, ended_by: str, pause: int) -> None:
        self.world.pass_time(pause)
        talking = [offer for offer in self.offers if offer.state == "talking"]
        if talking:
            self.offer_event("complete", one_of(talking, pick), ended_by)

    # ── agents and their phones ─────────────────────────────────────────────────────────────

    @rule(pick=picks, change=st.sampled_from(["login", "logout", "pause", "unpause"]))
    def agent(self, pick: int, change: str) -> None:
        name = one_of([*AGENTS], pick)
        self.over += [replace(o) for o in self.offers if o.agent == name and change == "logout"]
        self.world.step(change, name)

    @rule(
        pick=picks,
        queue=picks,
        change=st.sampled_from(["pause", "unpause"]),
        reason=st.sampled_from(["", "lunch"]),
    )
    def member(self, pick: int, queue: int, change: str, reason: str) -> None:
        name, there = one_of([*AGENTS], pick), one_of([*QUEUES], queue)
        self.world.step(change, name, reason, there)

    @rule(pick=picks)
    def mirrored_as_not_paused(self, pick: int) -> None:
        self.world.step("end_pause", one_of([*AGENTS], pick))

    @rule(pick=picks)
    def back_to_work(self, pick: int) -> None:
        """Or everyone would be away before long."""
        for agent in AGENTS[: pick + 1]:
            self.world.step("login", agent)
            self.world.step("unpause", agent)

    @precondition(lambda self: self.linked())
    @rule(
        box=picks,
        pick=picks,
        device=st.sampled_from(
            ["NOT_INUSE", "NOT_INUSE", "UNKNOWN", "INUSE", "RINGING", "UNAVAILABLE", "INVALID"]
        ),
    )
    def device(self, box: int, pick: int, device: str) -> None:
        interface = one_of([*(f"PJSIP/{agent}" for agent in AGENTS), SWITCH], pick)
        self.event("device", one_of(self.linked(), box), interface, device)

    # ── configuration in the middle ─────────────────────────────────────────────────────────

    @rule(pick=picks, settings=settings_of_queues)
    def put_queue(self, pick: int, settings: QueueSettings) -> None:
        self.world.step("put_queue", one_of([*QUEUES], pick), settings)

    @rule(pick=picks)
    def delete_queue(self, pick: int) -> None:
        self.world.step("delete_queue", one_of([*QUEUES], pick))

    @rule(name=st.sampled_from(RULES), changes=changes_of_rules)
    def put_rule(self, name: str, changes: tuple[PenaltyChange, ...]) -> None:
        self.world.step("put_rule", name, changes)

    @rule(name=st.sampled_from(RULES))
    def delete_rule(self, name: str) -> None:
        self.world.step("delete_rule", name)

    @rule(queue=picks, pick=picks, settings=settings_of_members)
    def put_member(self, queue: int, pick: int, settings: MemberSettings) -> None:
        agent = one_of([*AGENTS], pick)
        self.world.step("put_member", one_of([*QUEUES], queue), agent, settings)

    @rule(queue=picks, pick=picks)
    def delete_member(self, queue: int, pick: int) -> None:
        self.world.step("delete_member", one_of([*QUEUES], queue), one_of([*AGENTS], pick))

    @rule(
        pick=picks,
        other=picks,
        local=st.sampled_from(["", "", "Local/x", "Local/y"]),
        switch=st.sampled_from([False, False, True]),
    )
    def put_agent(self, pick: int, other: int, local: str, switch: bool) -> None:
        """Dialled by its phone, or by another name while the phone's state counts; or by either
        while a switch's does, which others may share."""
        phone = f"PJSIP/{one_of([*AGENTS, 'spare'], other)}"
        names = (local or phone, SWITCH) if switch else (local, phone) if local else (phone, "")
        self.world.step("put_agent", one_of([*AGENTS], pick), *names)

    @rule(pick=picks)
    def delete_agent(self, pick: int) -> None:
        self.world.step("delete_agent", one_of([*AGENTS], pick))

    # ── time ────────────────────────────────────────────────────────────────────────────────

    @rule(seconds=st.sampled_from([1, 2, 6, 18]))
    def time_passes(self, seconds: int) -> None:
        self.world.pass_time(seconds * SECOND)

    @invariant()
    def nothing_is_left_half_done(self) -> None:
        self.world.check()
