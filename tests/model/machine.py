"""The day, with links that break, restarts and stale messages: all that the line may meet."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from coordinator.protocol import Join, LiveOffer, Snapshot, WaitingCall
from tests.model.day import Day
from tests.model.drawn import AGENTS, BOXES, OWNERS, QUEUES, one_of, picks
from tests.model.state import SECOND, Caller, Offer


class LineMachine(Day):
    """Callers, agents, boxes and time, at random, with the world comparing after every step."""

    # ── links, snapshots, restarts ──────────────────────────────────────────────────────────

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
