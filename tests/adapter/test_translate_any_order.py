"""Whatever comes, in whatever order: nothing raises, nothing is told twice."""

import copy
from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ami_adapter.headers import Headers
from ami_adapter.offers import CAUSES, OFFER
from ami_adapter.translate import HANDLERS
from ami_adapter.visits import VISIT
from coordinator.protocol import (
    Complete,
    Connect,
    Event,
    Join,
    Leave,
    OfferEnded,
    OfferFailure,
)
from tests.adapter.support.events import (
    CALLER,
    FENCE,
    KEY,
    OFFER_ID,
    all_of,
    answered,
    box,
    bridged,
    failed,
    hung_up,
    joined,
    left,
    originate,
    ringing,
    waiting,
)

# ── nothing raises, nothing is doubled ──────────────────────────────────────────────────────────

NAMES = [name.split() for name in HANDLERS]
KEYS = [
    "uniqueid", "visit", "queue", "since", "prio", "minpenalty", "maxpenalty", "callernum",
    "callername", "key", "offer", "fence", "actionid", "response", "reason", "cause", "result",
    "device", "state", "transfereruniqueid", "outcome", "channel", "cause-txt", "options",
]  # fmt: skip
LIKELY = st.sampled_from(
    [KEY, CALLER, OFFER_ID, str(FENCE), "1", "2", "Failure", "Success", "sales"]
)
VALUE = st.one_of(LIKELY, st.text(max_size=30), st.lists(LIKELY, max_size=3))


@st.composite
def wild_events(draw: st.DrawFn) -> Headers:
    """A known event with any headers."""
    name = draw(st.sampled_from(NAMES))
    headers = draw(st.dictionaries(st.sampled_from(KEYS), VALUE))
    own = {"userevent": name[1]} if len(name) == 2 else {}
    return {**headers, **own, "event": name[0]}


TWICE: list[Headers] = [
    {"event": "Newchannel", "uniqueid": OFFER_ID, "channel": ["a", "b"]},
    {"event": "Hangup", "uniqueid": OFFER_ID, "cause": ["16", "17"]},
    {**joined(visit=2), "options": ["c", "i"]},
]


@example(events=TWICE[:1])
@example(events=TWICE[1:2])
@example(events=TWICE[2:])
@settings(max_examples=100, deadline=None)
@given(events=st.lists(wild_events(), max_size=12))
def test_no_headers_raise_and_what_is_dropped_changes_nothing(events: list[Headers]) -> None:
    here = ringing()
    for event in events:
        before = repr(here)
        taken = here.take(event)
        if "dropped" in taken.problem.partition(":")[0]:
            assert (taken.events, repr(here)) == ((), before)


@given(event=st.dictionaries(st.text(max_size=9), st.one_of(st.text(), st.lists(st.text()))))
def test_any_message_is_taken(event: Headers) -> None:
    box().take(event)


LETTERS = {"answer": "a", "connect": "c", "offer_ended": "e", "complete": "x"}


class AnyOrder(RuleBasedStateMachine):
    """Events of two callers and an offer in any order and number."""

    def __init__(self) -> None:
        super().__init__()
        self.here = box()
        self.out: list[Event] = []

    def take(self, event: Headers) -> None:
        """Keeps what comes out."""
        self.out += self.here.take(event).events

    @rule(caller=st.sampled_from(["1.1", "2.2"]), visit=st.integers(1, 3))
    def join(self, caller: str, visit: int) -> None:
        self.take(joined(caller, visit))

    @rule(caller=st.sampled_from(["1.1", "2.2"]), visit=st.integers(1, 3))
    def leave(self, caller: str, visit: int) -> None:
        self.take(left(caller, visit))

    @rule(channel=st.sampled_from(["1.1", "2.2", OFFER_ID]), cause=st.sampled_from([0, 16, 17]))
    def hang_up(self, channel: str, cause: int) -> None:
        self.take(hung_up(channel, cause))

    @rule(visit=st.integers(1, 3))
    def offer(self, visit: int) -> None:
        if not any(isinstance(e, Connect | OfferEnded | Complete) for e in self.out):
            self.here.offers.offered(originate(call_id=f"a-1.1-{visit}", caller="1.1"))

    @rule(event=st.sampled_from([bridged(), answered(), failed(3), failed(5)]))
    def offer_event(self, event: Headers) -> None:
        self.take(event)

    @invariant()
    def a_call_is_left_at_most_once_and_after_its_join(self) -> None:
        open_calls: set[str] = set()
        for event in self.out:
            if isinstance(event, Join):
                open_calls.add(event.call_id)
            elif isinstance(event, Leave):
                assert event.call_id in open_calls
                open_calls.remove(event.call_id)

    @invariant()
    def an_offer_is_told_in_its_order(self) -> None:
        kinds = [e.kind for e in self.out if e.kind not in ("join", "leave")]
        told = "".join(
            {"answer": "a", "connect": "c", "offer_ended": "e", "complete": "x"}[k] for k in kinds
        )
        assert told in ("", "a", "ac", "acx", "ae", "c", "cx", "e")

    @invariant()
    def at_most_one_visit_of_a_channel_waits(self) -> None:
        channels = [call_id.rpartition("-")[0] for call_id in waiting(self.here)]
        assert len(channels) == len(set(channels))


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=80, deadline=None)


def test_the_tables_name_only_states_that_exist() -> None:
    visits = {state for state, _ in VISIT}
    offers = {state for state, _ in OFFER}
    assert {after for after in VISIT.values() if after} <= visits
    assert {after for after in OFFER.values() if after} <= offers
    assert set(CAUSES.values()) <= set(get_args(OfferFailure))


@pytest.mark.parametrize(("state_", "step"), [
    (s, step) for s in ("ringing", "answered", "talking")
    for step in ("answer", "connect", "end", "transfer") if (s, step) not in OFFER
])  # fmt: skip
def test_a_step_that_is_not_in_the_table_changes_nothing(state_: str, step: str) -> None:
    here = ringing()
    lead: dict[str, list[Headers]] = {
        "ringing": [], "answered": [answered()], "talking": [bridged()],
    }  # fmt: skip
    steps: dict[str, Headers] = {
        "answer": answered(), "connect": bridged(),
        "transfer": {"event": "BlindTransfer", "result": "Success", "transfereruniqueid": OFFER_ID},
    }  # fmt: skip
    all_of(here, lead[state_])
    before = copy.deepcopy(here)
    assert all_of(here, [steps[step]]) == []
    assert here == before
