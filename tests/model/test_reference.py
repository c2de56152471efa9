"""The reference model against textbook cases, so that the twin itself can be believed."""

from dataclasses import dataclass, field
from itertools import count

import pytest

from coordinator.line.types import MemberSettings, Origin, QueueSettings, Strategy
from coordinator.protocol import DeviceState, Join, LiveOffer, Snapshot, WaitingCall
from tests.model.reference import Reference
from tests.model.state import SECOND, Offer

START = 1_000 * SECOND


@dataclass
class Floor:
    """A call centre on the model: every box linked, every agent registered on box a."""

    line: Reference = field(default_factory=Reference)
    seqs: dict[str, int] = field(default_factory=dict)
    fences: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.line.now = START
        for box in ("a", "b"):
            self.link(box)

    def link(self, box: str, snapshot: Snapshot | None = None) -> None:
        self.seqs[box] = 0
        epoch = self.line.state.boxes[box].epoch + 1 if box in self.line.state.boxes else 1
        assert self.line.attach(box, f"{box}{epoch}", box, epoch, "one") == "ok"
        devices: dict[str, DeviceState] = dict.fromkeys(
            self.phones() if box == "a" else (), "NOT_INUSE"
        )
        assert self.line.snapshot(self.origin(box), snapshot or Snapshot(devices=devices)) == "ok"
        assert self.line.heartbeat(box, f"{box}{epoch}") == "ok"

    def phones(self) -> list[str]:
        return [agent.interface for agent in self.line.state.agents.values()]

    def origin(self, box: str, age_us: int = 0) -> Origin:
        self.seqs[box] += 1
        return Origin(box, f"{box}{self.line.state.boxes[box].epoch}", self.seqs[box], age_us)

    def queue(self, name: str, strategy: Strategy, weight: int = 0, **members: int) -> None:
        """A queue with these members and penalties, all logged in with a free phone."""
        settings = QueueSettings(strategy, weight=weight, timeout=15, retry=5, wrapuptime=10)
        self.line.put_queue(name, settings)
        for agent, penalty in members.items():
            if agent not in self.line.state.agents:
                self.line.put_agent(agent, f"PJSIP/{agent}")
                self.device(agent, "NOT_INUSE")
            self.line.put_member(name, agent, MemberSettings(penalty))
            self.line.login(agent)

    def device(self, agent: str, state: str, box: str = "a") -> None:
        self.line.device(self.origin(box), f"PJSIP/{agent}", state)

    def join(
        self, call_id: str, box: str = "a", queue: str = "sales", age_us: int = 0, **more: int
    ) -> str:
        self.line.now += 1
        join = Join(call_id=call_id, channel=call_id, uniqueid=call_id, queue=queue, **more)
        return self.line.join(self.origin(box, age_us), join)

    def offer(self, agent: str) -> Offer:
        offer = self.line.state.agents[agent].offer
        assert offer
        if not offer.fence:
            offer.fence = next(self.fences)
            offer.offer_id = f"gvq-{offer.fence}"
        return offer

    def ended(self, agent: str, outcome: str = "no_answer") -> str:
        offer = self.offer(agent)
        return self.line.offer_ended(self.origin(offer.box), offer.offer_id, offer.fence, outcome)

    def connect(self, agent: str) -> str:
        offer = self.offer(agent)
        return self.line.connect(self.origin(offer.box), offer.offer_id, offer.fence)

    def complete(self, agent: str) -> str:
        offer = self.offer(agent)
        return self.line.complete(self.origin(offer.box), offer.offer_id, offer.fence, "caller")

    def whole_call(self, agent: str) -> None:
        """Connect, hang up, and let the wrap-up pass."""
        self.connect(agent)
        self.line.now += SECOND
        self.complete(agent)
        self.after(10 * SECOND)

    def after(self, time_us: int) -> None:
        """Time passes while the boxes stay in touch."""
        self.line.now += time_us
        for box in self.line.state.boxes.values():
            if box.linked:
                self.line.heartbeat(box.name, box.link)
        self.line.tick()

    def offers(self) -> list[tuple[str, str]]:
        """New decisions since the last look: (call, agent) in order."""
        return [(e[1], e[2]) for e in self.line.take_events() if e[0] == "offer"]

    def calls(self, queue: str = "sales") -> list[str]:
        return [call_id for call_id, _ in self.line.line(queue)]


@pytest.fixture
def floor() -> Floor:
    return Floor()


def test_one_line_over_two_boxes(floor: Floor) -> None:
    floor.queue("sales", "linear")
    for call_id, box in (("c1", "a"), ("c2", "b"), ("c3", "a")):
        assert floor.join(call_id, box) == "ok"
    assert floor.calls() == ["c1", "c2", "c3"]


def test_an_older_join_from_another_box_goes_ahead(floor: Floor) -> None:
    floor.queue("sales", "linear")
    floor.join("late", "a")
    floor.join("early", "b", age_us=SECOND)
    assert floor.calls() == ["early", "late"]


def test_rank_never_runs_backwards_within_a_box(floor: Floor) -> None:
    floor.queue("sales", "linear")
    floor.join("first", "a")
    floor.join("second", "a", age_us=SECOND)
    ranks = {c.call_id: c.rank for c in floor.line.state.callers.values()}
    assert ranks["second"] == ranks["first"] + 1


def test_an_unbelievable_age_is_cut(floor: Floor) -> None:
    floor.queue("sales", "linear")
    floor.join("liar", "a", age_us=3600 * SECOND)
    rank = floor.line.state.callers["liar"].rank
    assert rank == floor.line.now - 2 * SECOND - (floor.line.now - START)


def test_priority_goes_before_age(floor: Floor) -> None:
    floor.queue("sales", "linear")
    floor.join("c1")
    floor.join("vip", "b", priority=5)
    assert floor.calls() == ["vip", "c1"]
    floor.line.change_priority("c1", 6)
    assert floor.calls() == ["c1", "vip"]


def test_lowest_penalty_first(floor: Floor) -> None:
    floor.queue("sales", "linear", backup=1, expert=0)
    floor.join("c1")
    floor.join("c2")
    assert floor.offers() == [("c1", "expert"), ("c2", "backup")]


def test_penalty_window_and_raise(floor: Floor) -> None:
    floor.queue("sales", "linear", p0=0, p5=5, p9=9)
    floor.join("c1", min_penalty=1, max_penalty=7)
    floor.join("c2", raise_penalty=9, min_penalty=9)
    floor.join("c3", max_penalty=4, raise_penalty=5)
    assert floor.offers() == [("c1", "p5"), ("c2", "p0")]
    assert floor.line.line("sales")[2] == ("c3", "waiting")


def test_a_head_nobody_may_serve_holds_nobody_back(floor: Floor) -> None:
    floor.queue("sales", "linear", p5=5)
    floor.join("head", max_penalty=1)
    floor.join("next")
    assert floor.offers() == [("next", "p5")]
    assert floor.calls() == ["head", "next"]


def test_weight_decides_between_queues(floor: Floor) -> None:
    floor.queue("sales", "linear", anna=0)
    floor.queue("gold", "linear", weight=1, anna=0)
    floor.line.pause("anna")
    floor.join("c1")
    floor.join("c2", queue="gold")
    floor.line.unpause("anna")
    assert floor.offers() == [("c2", "anna")]


def test_equal_weights_are_one_line(floor: Floor) -> None:
    floor.queue("sales", "linear", anna=0)
    floor.queue("service", "linear", anna=0)
    floor.line.pause("anna")
    floor.join("c1", queue="service")
    floor.join("c2")
    floor.line.unpause("anna")
    assert floor.offers() == [("c1", "anna")]


def test_a_failed_offer_keeps_the_place_and_goes_to_the_next_best(floor: Floor) -> None:
    floor.queue("sales", "linear", anna=0, bert=0)
    floor.join("c1")
    floor.ended("anna")
    assert floor.offers() == [("c1", "anna"), ("c1", "bert")]
    assert floor.line.agents()["anna"] == "resting"
    floor.after(5 * SECOND)
    assert floor.line.agents()["anna"] == "available"


def test_untried_agents_come_first_within_a_tier(floor: Floor) -> None:
    floor.queue("sales", "linear", anna=0, bert=0)
    floor.join("c1")
    floor.ended("anna")
    floor.after(5 * SECOND)
    floor.ended("bert")
    assert floor.offers() == [("c1", "anna"), ("c1", "bert"), ("c1", "anna")]


def test_ringall_rings_the_tier_and_the_first_answer_wins(floor: Floor) -> None:
    floor.queue("sales", "ringall", anna=0, bert=0, carl=1)
    floor.join("c1")
    floor.join("c2")
    assert floor.offers() == [("c1", "anna"), ("c1", "bert"), ("c2", "carl")]
    floor.connect("bert")
    assert floor.line.agents() == {"anna": "ringing", "bert": "talking", "carl": "ringing"}
    assert floor.offers() == []
    floor.after(SECOND)
    assert floor.offers() == [("c2", "anna")]


def test_ringall_opens_the_next_tier_only_when_a_tier_is_silent(floor: Floor) -> None:
    floor.queue("sales", "ringall", anna=0, bert=0, carl=1)
    floor.join("c1")
    floor.ended("anna")
    assert floor.offers() == [("c1", "anna"), ("c1", "bert")]
    floor.ended("bert")
    assert floor.offers() == [("c1", "carl")]
    floor.after(5 * SECOND)
    assert floor.offers() == [("c1", "anna"), ("c1", "bert")]


def test_leastrecent(floor: Floor) -> None:
    floor.queue("sales", "leastrecent", anna=0, bert=0)
    for call_id in ("c1", "c2", "c3"):
        floor.join(call_id)
        floor.whole_call(floor.offers()[0][1])
    floor.join("c4")
    assert floor.offers() == [("c4", "bert")]


def test_fewestcalls_counts_in_this_queue(floor: Floor) -> None:
    floor.queue("sales", "fewestcalls", anna=0, bert=0)
    floor.queue("service", "linear", bert=0)
    floor.join("other", queue="service")
    floor.whole_call("bert")
    floor.join("c1")
    floor.whole_call("anna")
    floor.line.take_events()
    floor.join("c2")
    assert floor.offers() == [("c2", "bert")]


def test_rrmemory_goes_round(floor: Floor) -> None:
    floor.queue("sales", "rrmemory", anna=0, bert=0, carl=0)
    rung = []
    for number in range(4):
        floor.join(f"c{number}")
        rung.append(floor.offers()[0][1])
        floor.whole_call(rung[-1])
    assert rung == ["anna", "bert", "carl", "anna"]


def test_linear_starts_at_the_first(floor: Floor) -> None:
    floor.queue("sales", "linear", anna=0, bert=0)
    for number in range(2):
        floor.join(f"c{number}")
        assert floor.offers() == [(f"c{number}", "anna")]
        floor.whole_call("anna")


def test_random_draws_among_the_untried_of_the_tier() -> None:
    floor = Floor(Reference(draw=lambda call_id, allowed: allowed[-1]))
    floor.queue("sales", "random", anna=0, bert=0, carl=1)
    floor.join("c1")
    floor.ended("bert")
    assert floor.offers() == [("c1", "bert"), ("c1", "anna")]


def test_wrapup_follows_a_call(floor: Floor) -> None:
    floor.queue("sales", "linear", anna=0)
    floor.join("c1")
    floor.connect("anna")
    floor.complete("anna")
    floor.join("c2")
    assert floor.line.agents()["anna"] == "wrapup"
    assert floor.offers() == [("c1", "anna")]
    floor.after(10 * SECOND)
    assert floor.offers() == [("c2", "anna")]


def test_an_offer_nobody_speaks_of_expires(floor: Floor) -> None:
    floor.queue("sales", "linear", anna=0)
    floor.join("c1")
    for _ in range(20):
        floor.after(SECOND)
    assert ("ended", "c1", "anna", "expired") in floor.line.take_events()
    assert floor.line.line("sales") == [("c1", "waiting")]


def test_a_caller_who_leaves_stops_the_phone(floor: Floor) -> None:
    floor.queue("sales", "linear", anna=0)
    floor.join("c1")
    assert floor.line.leave(floor.origin("a"), "c1", "abandoned") == "ok"
    assert floor.line.agents()["anna"] == "ringing"
    floor.after(SECOND)
    assert floor.line.agents()["anna"] == "available"
    assert floor.calls() == []


def test_a_silent_box_is_passed_over_and_keeps_its_places(floor: Floor) -> None:
    floor.queue("sales", "linear", anna=0)
    floor.line.pause("anna")
    floor.join("c1", "b")
    floor.join("c2", "a")
    floor.line.unlink("b", "b1")
    floor.after(5 * SECOND)
    floor.line.unpause("anna")
    assert floor.offers() == [("c2", "anna")]
    assert floor.line.line("sales") == [("c1", "detached"), ("c2", "ringing")]
    floor.after(300 * SECOND)
    assert floor.calls() == ["c2"]


def test_a_box_comes_back_with_a_snapshot(floor: Floor) -> None:
    floor.queue("sales", "linear")
    for call_id in ("c1", "gone"):
        floor.join(call_id, "b")
    floor.join("c3", "a")
    floor.line.unlink("b", "b1")
    floor.after(5 * SECOND)
    joins = [Join(call_id=c, channel=c, uniqueid=c, queue="sales") for c in ("c1", "new")]
    calls = [WaitingCall(join=join, age_us=3 * SECOND) for join in joins]
    floor.link("b", Snapshot(calls=calls))
    assert floor.calls() == ["c1", "c3", "new"]


def test_an_emptied_line_is_rebuilt_from_tickets(floor: Floor) -> None:
    floor.queue("sales", "linear")
    join = Join(call_id="old", channel="old", uniqueid="old", queue="sales")
    floor.join("c1", "a")
    floor.link("b", Snapshot(calls=[WaitingCall(join=join, age_us=0, rank=START - SECOND)]))
    assert floor.calls() == ["old", "c1"]


def test_a_snapshot_tells_what_became_of_an_offer(floor: Floor) -> None:
    floor.queue("sales", "linear", anna=0)
    floor.join("c1", "b")
    offer = floor.offer("anna")
    live = LiveOffer(
        offer_id=offer.offer_id, fence=offer.fence, call_id="c1", queue="sales", agent="anna",
        talking=True, age_us=0,
    )  # fmt: skip
    call = WaitingCall(
        join=Join(call_id="c1", channel="c1", uniqueid="c1", queue="sales"), age_us=0
    )
    floor.link("b", Snapshot(calls=[call], offers=[live]))
    assert floor.line.agents()["anna"] == "talking"
    floor.link("b", Snapshot())
    assert ("completed", "c1", "anna", "lost") in floor.line.take_events()


def test_home_follows_the_phone(floor: Floor) -> None:
    floor.queue("sales", "linear", anna=0)
    state = floor.line.state
    floor.device("anna", "NOT_INUSE", "b")
    assert state.agents["anna"].home == "b"
    floor.device("anna", "UNAVAILABLE", "b")
    assert state.agents["anna"].home == "a"
    floor.device("anna", "UNAVAILABLE", "a")
    assert floor.line.agents()["anna"] == "unregistered"


def test_nothing_is_offered_while_a_box_is_awaited(floor: Floor) -> None:
    floor.queue("sales", "linear", anna=0)
    floor.line.pause("anna")
    floor.join("c1", "b")
    floor.line.start("run")
    floor.line.unpause("anna")
    floor.line.attach("a", "a1", "a", 1, "one")
    floor.line.heartbeat("a", "a1")
    floor.line.attach("b", "b1", "b", 1, "one")
    assert floor.offers() == []
    floor.line.heartbeat("b", "b1")
    assert floor.offers() == [("c1", "anna")]


@pytest.mark.parametrize("seq", [1, 2])
def test_a_repeated_message_changes_nothing(floor: Floor, seq: int) -> None:
    floor.queue("sales", "linear")
    floor.join("c1")
    join = Join(call_id="c2", channel="c2", uniqueid="c2", queue="sales")
    assert floor.line.join(Origin("a", "a1", seq), join) == "duplicate"
    assert floor.line.join(Origin("a", "a1", 9), join) == "out_of_sequence"
    assert floor.line.join(Origin("a", "a0", 3), join) == "stale_link"
    assert floor.calls() == ["c1"]


def test_an_old_fence_is_refused(floor: Floor) -> None:
    floor.queue("sales", "linear", anna=0)
    floor.join("c1")
    offer = floor.offer("anna")
    wrong = floor.line.connect(floor.origin("a"), offer.offer_id, offer.fence + 1)
    other_box = floor.line.connect(floor.origin("b"), offer.offer_id, offer.fence)
    assert (wrong, other_box) == ("stale_offer", "stale_offer")
    floor.ended("anna")
    late = floor.line.connect(floor.origin("a"), offer.offer_id, offer.fence)
    assert late == "stale_offer"
    assert floor.line.line("sales") == [("c1", "waiting")]


def test_logout_and_removal_stop_the_phone(floor: Floor) -> None:
    floor.queue("sales", "linear", anna=0, bert=0, carl=0)
    floor.join("c1")
    floor.line.logout("anna")
    floor.line.delete_member("sales", "bert")
    assert floor.offers() == [("c1", "anna"), ("c1", "bert"), ("c1", "carl")]
    assert floor.line.delete_agent("carl") == "agent_busy"
    assert floor.line.line("sales") == [("c1", "ringing")]
