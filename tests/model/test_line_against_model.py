"""The real line on a real Valkey against the reference model: same steps, same outcomes.

Every step is done to both by world.py, which compares the answer, the decisions in order, the
lines, the agents, and I1–I6 on what the line shows. Staleness (I7) is rules of its own.
A shorter way to a difference than hypothesis prints is not to be had: copy its lines into a test.
"""

from dataclasses import replace
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from coordinator.line.types import (
    EMPTY_CONDITIONS,
    STRATEGIES,
    MemberSettings,
    PenaltyChange,
    QueueSettings,
)
from coordinator.protocol import Join, LiveOffer, Snapshot, WaitingCall
from tests.model.state import SECOND, Caller, Offer
from tests.model.world import World

QUEUES = ("gold", "help", "sales")
AGENTS = ("anna", "bert", "carl", "dora", "emil")
BOXES = ("a", "b", "c")
#: A device of no phone, by which several agents may be judged.
SWITCH = "Custom:switch"
OWNERS = ("one", "two")
#: More callers than this at once only slow the run down.
CROWD = 12

picks = st.integers(0, 11)
pauses = st.sampled_from([0, 0, 1, 1_000, 300_000])
penalties = st.sampled_from([0, 0, 0, 1, 2, 5, 99_999])
bounds = st.sampled_from([None, None, None, None, 0, 1, 2, 5, 99_999])
condition_sets = st.sets(st.sampled_from(EMPTY_CONDITIONS), max_size=3).map(
    lambda chosen: ",".join(sorted(chosen))
)
RULES = ("soon", "later")
changes = st.sampled_from(["", "", "0", "1", "5", "+1", "-1", "+3", "-2"])
changes_of_rules = st.lists(
    st.builds(
        PenaltyChange,
        after_s=st.sampled_from([0, 1, 2, 6, 20]),
        max=changes,
        min=changes,
        raise_=st.one_of(changes, changes.map(lambda change: change and f"r{change}")),
    ),
    max_size=3,
).map(lambda rule: tuple(sorted(rule, key=lambda change: change.after_s)))
settings_of_queues = st.builds(
    QueueSettings,
    strategy=st.sampled_from(STRATEGIES),
    weight=st.sampled_from([0, 0, 0, 1, 2]),
    timeout=st.sampled_from([1, 3, 15]),
    timeoutpriority=st.sampled_from(["app", "conf"]),
    retry=st.sampled_from([0, 1, 5]),
    wrapuptime=st.sampled_from([0, 0, 2]),
    penaltymemberslimit=st.sampled_from([0, 0, 0, 2, 3]),
    maxlen=st.sampled_from([0, 0, 0, 0, 1, 3]),
    joinempty=st.one_of(st.just(""), st.just(""), st.just(""), condition_sets),
    leavewhenempty=st.one_of(st.just(""), st.just(""), st.just(""), condition_sets),
    defaultrule=st.sampled_from(["", "", *RULES]),
    ringinuse=st.sampled_from([False, False, True]),
    autopause=st.sampled_from(["no", "no", "yes", "all"]),
    autopausedelay=st.sampled_from([0, 0, 3]),
    autopausebusy=st.booleans(),
    autopauseunavail=st.booleans(),
    autopause_after=st.sampled_from([1, 1, 2]),
)
settings_of_members = st.builds(
    MemberSettings,
    penalty=penalties,
    wrapuptime=st.sampled_from([None, None, 0, 3]),
    ringinuse=st.sampled_from([None, None, None, True, False]),
    paused=st.sampled_from([False, False, False, True]),
)

#: Queue()'s position, timeout and option n.
wishes = st.fixed_dictionaries(
    {},
    optional={
        "position": st.integers(1, 4),
        "timeout": st.sampled_from([1, 2, 6]),
        "once": st.just(True),
    },
)

_tenants = count(1)


def one_of(things: list[Any], pick: int) -> Any:
    """A choice that shrinks towards the first and stays put when the list grows."""
    return things[pick % len(things)]


class LineMachine(RuleBasedStateMachine):
    """Callers, agents, boxes and time, at random, with the world comparing after every step."""

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
        arguments = (name, reason, there) if change == "pause" else (name, there)
        self.world.step(change, *arguments)

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

    # ── time and links ──────────────────────────────────────────────────────────────────────

    @rule(seconds=st.sampled_from([1, 2, 6, 18]))
    def time_passes(self, seconds: int) -> None:
        self.world.pass_time(seconds * SECOND)

    @precondition(lambda self: self.linked(fresh=True))
    @rule(pick=picks)
    def unlink(self, pick: int) -> None:
        box = one_of(self.linked(fresh=True), pick)
        self.world.step("unlink", box, self.world.model.state.boxes[box].link)

    @rule()
    def boxes_stay_away(self) -> None:
        self.world.pass_time(26 * SECOND)

    @rule(pick=picks, new_epoch=st.booleans(), owner=st.sampled_from(OWNERS))
    def attach(self, pick: int, new_epoch: bool, owner: str) -> None:
        box = self.world.model.state.boxes[one_of([*BOXES], pick)]
        epoch = box.epoch + (1 if new_epoch or not box.attached else 0)
        self.world.step(
            "attach", box.name, f"{box.name}-{next(self.numbers)}", box.name, epoch, owner
        )

    @rule(pick=picks)
    def attach_a_twin(self, pick: int) -> None:
        """A second adapter for a box, with another instance name."""
        box = one_of([*BOXES], pick)
        self.world.step("attach", box, f"{box}-{next(self.numbers)}", f"{box}-twin", 1, "one")

    @precondition(lambda self: self.linked())
    @rule(pick=picks)
    def commands_done(self, pick: int) -> None:
        self.world.commands_done(one_of(self.linked(), pick))

    @precondition(lambda self: self.linked(fresh=True))
    @rule(
        pick=picks,
        gone=st.sets(picks, max_size=2),
        bridged=st.sets(picks, max_size=2),
        stopped=st.sets(picks, max_size=2),
        new=st.lists(
            st.sampled_from([7, 1_500_003, 4_000_009, -2_000_003]), max_size=2, unique=True
        ),
        lost_phones=st.sets(st.sampled_from(AGENTS), max_size=1),
    )
    def snapshot(
        self,
        pick: int,
        gone: set[int],
        bridged: set[int],
        stopped: set[int],
        new: list[int],
        lost_phones: set[str],
    ) -> None:
        """What the box held when last heard of, less and more what happened in the meantime."""
        box = one_of(self.linked(fresh=True), pick)
        offers = [
            o for n, o in enumerate(o for o in self.offers if o.box == box) if n not in stopped
        ]
        live = [self.live(o, n in bridged) for n, o in enumerate(offers)]
        kept = {o.call_id for o in live}
        mine = [c for c in self.callers if c.box == box]
        here = [c for n, c in enumerate(mine) if n not in gone or c.call_id in kept]
        calls = [self.kept(c) for c in here]
        calls += [self.newcomer(age) for age in new]
        devices = dict(self.world.model.state.boxes[box].devices)
        devices |= {f"PJSIP/{agent}": "UNAVAILABLE" for agent in lost_phones}
        body = {"calls": calls, "offers": live, "devices": devices}
        self.event("snapshot", box, Snapshot.model_validate(body))

    @precondition(lambda self: self.over)
    @rule(pick=picks)
    def talk_called_off(self, pick: int) -> None:
        """The box has a talk that the line takes for over."""
        offer = one_of(self.over, pick)
        box = self.world.model.state.boxes[offer.box]
        held = [o for o in self.offers if o.box == box.name]
        if any(o.call_id == offer.call_id and o.state == "talking" for o in held):
            return
        link = f"{box.name}-{next(self.numbers)}"
        if self.world.step("attach", box.name, link, box.name, box.epoch + 1, "one") != "ok":
            return
        live = [self.live(o, bridged=False) for o in held] + [self.live(offer, bridged=True)]
        calls = [self.kept(c) for c in self.callers if c.box == box.name]
        body = {"calls": calls + self.unknown(offer), "offers": live, "devices": box.devices}
        self.event("snapshot", box.name, Snapshot.model_validate(body))

    def live(self, offer: Offer, bridged: bool) -> LiveOffer:
        return LiveOffer(
            offer_id=offer.offer_id,
            fence=offer.fence,
            call_id=offer.call_id,
            queue=offer.queue,
            agent=offer.agent,
            talking=bridged or offer.state == "talking",
            age_us=0,
        )

    def kept(self, caller: Caller) -> WaitingCall:
        """A caller whose channel carries its ticket."""
        age_us = max(self.world.now - caller.rank, 0)
        join = self.world.joins[caller.call_id]
        return WaitingCall(join=join, age_us=age_us, rank=caller.rank)

    def unknown(self, offer: Offer) -> list[WaitingCall]:
        """The offer's caller, when the line does not know it any more."""
        if offer.call_id in self.world.model.state.callers:
            return []
        join = self.world.joins[offer.call_id]
        return [WaitingCall(join=join, age_us=1, rank=self.world.now - 1)]

    def newcomer(self, age_us: int) -> WaitingCall:
        call_id = self.free_name()
        queue = one_of([*QUEUES], age_us % 7)
        join = Join(call_id=call_id, channel=call_id, uniqueid=call_id, queue=queue)
        self.world.joins[call_id] = join
        if age_us < 0:  # its ticket is of a clock that was ahead
            return WaitingCall(join=join, age_us=0, rank=self.world.now - age_us)
        return WaitingCall(join=join, age_us=age_us)

    @rule()
    def coordinator_restarts(self) -> None:
        self.world.step("start", f"run{self.redis_runs}")

    @rule()
    def redis_restarts(self) -> None:
        self.redis_runs += 1
        self.world.step("start", f"run{self.redis_runs}")

    # ── what is stale changes nothing (I7) ──────────────────────────────────────────────────

    @precondition(lambda self: self.repeatable)
    @rule(pick=picks)
    def repeat(self, pick: int) -> None:
        """A message comes again, as it was: on its old link, or on the link of today."""
        name, (origin, *args) = one_of(self.repeatable, pick)
        box = self.world.model.state.boxes[origin.box]
        self.refused(name, origin, *args)
        if origin.seq <= box.seq:
            self.refused(name, replace(origin, link=box.link or "none"), *args)

    @precondition(lambda self: self.linked() and self.repeatable)
    @rule(pick=picks, ahead=st.integers(2, 3))
    def overtake(self, pick: int, ahead: int) -> None:
        """A message comes before the one it followed."""
        box = one_of(self.linked(), pick)
        origin = self.world.origin(box)
        self.refused("device", replace(origin, seq=origin.seq + ahead), "PJSIP/anna", "INUSE")

    @precondition(lambda self: self.over and self.linked())
    @rule(
        pick=picks,
        box=picks,
        name=st.sampled_from(["answer", "connect", "offer_ended", "complete"]),
    )
    def late_answer(self, pick: int, box: int, name: str) -> None:
        """An answer for an offer that is over, maybe from a box that never had it."""
        offer = one_of(self.over, pick)
        if any(live.offer_id == offer.offer_id for live in self.offers):
            return
        arguments = {"offer_ended": ["busy"], "complete": ["agent"]}.get(name, [])
        sender = one_of(self.linked(), box)
        self.refused(name, self.world.origin(sender), offer.offer_id, offer.fence, *arguments)

    @precondition(lambda self: self.offers and self.linked())
    @rule(
        pick=picks,
        box=picks,
        shift=st.sampled_from([-1, 1]),
        name=st.sampled_from(["answer", "connect", "offer_ended", "complete"]),
    )
    def forged_answer(self, pick: int, box: int, shift: int, name: str) -> None:
        """A live offer with another fence, or from another box."""
        offer = one_of(self.offers, pick)
        arguments = {"offer_ended": ["busy"], "complete": ["agent"]}.get(name, [])
        sender = one_of(self.linked(), box)
        fence = offer.fence + shift if sender == offer.box else offer.fence
        self.refused(name, self.world.origin(sender), offer.offer_id, max(fence, 1), *arguments)

    def refused(self, name: str, *args: Any) -> None:
        assert self.world.step(name, *args) != "ok"

    @invariant()
    def nothing_is_left_half_done(self) -> None:
        self.world.check()


def test_line_against_model(valkey: str) -> None:
    """Every strategy, several queues and boxes, shared agents, in any order of events."""
    machine = type("Machine", (LineMachine,), {"url": valkey})
    run_state_machine_as_test(machine)
