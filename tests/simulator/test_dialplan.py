"""gvq.conf as simulated: joining, the claim, leaving. Races are named in the docstrings."""

import pytest

from ami_adapter.simulator.callers import Caller
from ami_adapter.simulator.dialplan import IllegalStep, Request, Visit
from ami_adapter.simulator.phones import Behaviour
from tests.simulator.stage import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_join_carries_all_parameters_and_our_key(stage: Stage) -> None:
    stage.network.boxes["a"].variables["GVQ_KEY"] = "k1"
    rule = "soon.1|_a-b\r\n"
    caller = stage.caller(
        priority=3, max_penalty=5, raise_penalty="r2", rule=rule, position=2, timeout=60.0,
        options="cn",
    )  # fmt: skip
    join = next(event for _, event in stage.heard if event.name == "UserEvent")
    assert list(join.headers)[-18:] == [
        ("UserEvent", "GvqJoin"),
        ("Id", caller.channel.uniqueid),
        ("Visit", "1"),
        ("Queue", "sales"),
        ("Since", "1700000000.000000"),
        ("Options", ""),
        ("Prio", "3"),
        ("MinPenalty", ""),
        ("MaxPenalty", "5"),
        ("RaisePenalty", "r2"),
        ("Rule", "soon.1_a-b"),
        ("Position", "2"),
        ("Timeout", "60"),
        ("Once", "1"),
        ("CallerNum", caller.number),
        ("CallerName", ""),
        ("Url", ""),
        ("Key", "k1"),
    ]


def test_the_channel_keeps_the_join_for_a_snapshot(stage: Stage) -> None:
    variables = stage.caller(priority=3, max_penalty=5).channel.variables
    assert variables["GVQ_JOIN"] == "sales|1700000000.000000|3||5|||||0|5000000||1"
    assert (variables["GVQ_STATE"], variables["GVQ_TAKEN"]) == ("waiting", "nobody")


def test_a_callers_text_is_filtered_and_encoded(stage: Stage) -> None:
    """A caller id with CR LF must not become headers."""
    stage.network.call("a", Request("sales"), number="55\r\nKey: x", name="Zoë, |\r\n")
    [join] = stage.of("UserEvent", UserEvent="GvqJoin")
    assert (join["CallerNum"], join["CallerName"]) == ("55Keyx", "Zo%C3%AB%2C%20%7C")


def test_two_agents_answer_one_caller_and_one_is_bridged(stage: Stage) -> None:
    """Race: both phones answer before either Hangup. Only the claimant reaches Bridge."""
    stage.phone("101", "a", Behaviour(after=1.0))
    stage.phone("102", "a", Behaviour(after=1.0))
    caller = stage.caller()
    stage.offer("gvq-1", "PJSIP/101", caller)
    stage.offer("gvq-2", "PJSIP/102", caller)
    stage.clock.advance(2.0)
    entered = {event["Uniqueid"] for event in stage.of("BridgeEnter")}
    assert entered == {caller.channel.uniqueid, "gvq-1"}
    assert stage.of("Hangup", Uniqueid="gvq-2")[0]["Cause-txt"] == "Answered elsewhere"


def test_a_claim_is_void_when_its_agent_is_gone(stage: Stage) -> None:
    """Race: the claimant hangs up during the announcement; the next one gets the caller."""
    stage.phone("101", "a", Behaviour(talk=1.0))
    stage.phone("102", "a")
    caller = stage.caller(announce=5.0)
    stage.offer("gvq-1", "PJSIP/101", caller)
    stage.clock.advance(2.0)
    stage.offer("gvq-2", "PJSIP/102", caller)
    stage.clock.advance(6.0)
    assert [event["Offer"] for event in stage.of("UserEvent", UserEvent="GvqAnswer")] == [
        "gvq-1",
        "gvq-2",
    ]
    assert [event["Uniqueid"] for event in stage.of("BridgeEnter")][1] == "gvq-2"


def test_an_offer_that_is_called_off_by_then_is_not_bridged(stage: Stage) -> None:
    stage.phone("101", "a", Behaviour())
    caller = stage.caller(announce=5.0)
    stage.offer("gvq-1", "PJSIP/101", caller)
    stage.clock.advance(2.0)
    stage.network.boxes["a"].channels["gvq-1"].variables["GVQ_OFF"] = "1"
    stage.clock.advance(5.0)
    assert stage.of("BridgeEnter") == []
    assert caller.channel.variables["GVQ_STATE"] == "waiting"


def test_a_claimed_caller_does_not_time_out(stage: Stage) -> None:
    """Race: the timeout falls into the announcement."""
    stage.phone("101", "a", Behaviour())
    caller = stage.caller(announce=5.0, timeout=3.0)
    stage.offer("gvq-1", "PJSIP/101", caller)
    stage.clock.advance(10.0)
    assert caller.channel.variables["GVQ_STATE"] == "talking"


def test_a_late_caller_leaves_when_the_claim_becomes_void(stage: Stage) -> None:
    stage.phone("101", "a", Behaviour(talk=4.0))
    caller = stage.caller(announce=5.0, timeout=3.0)
    stage.offer("gvq-1", "PJSIP/101", caller)
    stage.clock.advance(10.0)
    assert caller.statuses == ["TIMEOUT"]


def test_an_agent_who_answers_a_leaving_caller_is_hung_up(stage: Stage) -> None:
    """Race: the answer crosses the timeout."""
    stage.phone("101", "a", Behaviour(after=3.0))
    caller = stage.caller(timeout=2.0)
    stage.offer("gvq-1", "PJSIP/101", caller)
    stage.clock.advance(5.0)
    assert stage.of("BridgeEnter") == []
    assert stage.of("Hangup", Uniqueid="gvq-1")[0]["Cause"] == "26"


def test_a_released_caller_returns_with_the_status(stage: Stage) -> None:
    caller = stage.caller()
    caller.channel.variables["GVQ_STATUS"] = "WITHDRAW"
    caller.channel.owner.goes("gvq-leave", "s")
    assert caller.statuses == ["WITHDRAW"]
    [left] = stage.of("UserEvent", UserEvent="GvqLeave")
    assert (left["Visit"], left["Outcome"], left["Reason"]) == ("1", "redirected", "WITHDRAW")


# ── hearing and pressing ────────────────────────────────────────────────────────────────────

TOLD = "0,3.0.0..0,queue-thereare&#3&queue-callswaiting,keys,,0,0"


def told(caller: Caller, value: str) -> None:
    """What the adapter writes on the channel."""
    caller.channel.variables["GVQ_TOLD"] = value


def asks(stage: Stage) -> list[tuple[str, str]]:
    """What was heard before each ask, and how long it took."""
    return [(e["Heard"], e["Spoke"]) for e in stage.of("UserEvent", UserEvent="GvqAsk")]


def test_a_caller_asks_until_it_is_told(stage: Stage) -> None:
    caller = stage.caller()
    stage.clock.advance(12)
    assert asks(stage) == [("", "0")] * 3
    told(caller, "0,,,,,0,0")
    stage.clock.advance(60)
    assert len(asks(stage)) == 3


def test_a_caller_waits_beyond_its_timeout_for_the_line_to_end_it(stage: Stage) -> None:
    """timeoutpriority=conf. Without a line the box ends the wait after all."""
    caller = stage.caller(timeout=20.0)
    told(caller, "0,,,,,0,25")
    stage.clock.advance(44)
    assert caller.statuses == []
    stage.clock.advance(2)
    assert caller.statuses == ["TIMEOUT"]


def test_words_are_said_and_the_next_ask_tells_of_them(stage: Stage) -> None:
    caller = stage.caller()
    told(caller, TOLD.replace("0,", "30,", 1))
    stage.clock.advance(2.5)
    assert caller.channel.said == ["queue-thereare", "#3", "queue-callswaiting"]
    stage.clock.advance(30)
    assert asks(stage) == [("", "0"), ("3.0.0..0", "3")]


def test_a_digit_leads_out_amid_the_words(stage: Stage) -> None:
    caller = stage.caller()
    told(caller, TOLD)
    stage.clock.advance(1.5)
    caller.press("1")
    stage.clock.advance(10)
    assert caller.channel.said == ["queue-thereare", "#3"]
    assert (caller.channel.context, caller.channel.exten) == ("keys", "1")
    assert caller.channel.variables["QUEUESTATUS"] == "EXITWITHKEY"
    [left] = stage.of("UserEvent", UserEvent="GvqLeave")
    assert (left["Outcome"], left["Reason"]) == ("exit_key", "1")


def test_without_a_context_a_digit_does_nothing(stage: Stage) -> None:
    caller = stage.caller()
    told(caller, TOLD.replace("keys", ""))
    stage.clock.advance(1.5)
    caller.press("1")
    stage.clock.advance(10)
    assert len(caller.channel.said) == 3
    assert caller.channel.variables["GVQ_STATE"] == "waiting"


def test_nothing_is_said_once_an_agent_has_the_caller(stage: Stage) -> None:
    """Race: the agent answers between two words."""
    stage.phone("101", "a", Behaviour(after=1.0))
    caller = stage.caller(announce=1.0)
    told(caller, TOLD)
    stage.offer("gvq-1", "PJSIP/101", caller)
    stage.clock.advance(20.0)
    assert caller.channel.variables["GVQ_STATE"] == "talking"
    assert caller.channel.said == ["queue-thereare"]


def line_is_away(stage: Stage, alive: str) -> None:
    """What the adapter told box a, and when it was last there."""
    stage.network.boxes["a"].variables.update(
        GVQ_ALIVE=alive, GVQ_FALLBACK_AFTER="10", GVQ_FALLBACK_CONTEXT="local-queues"
    )


@pytest.mark.parametrize(("alive", "after"), [("1699999000", 2.5), ("", 10.5)])
def test_without_a_sign_of_life_a_caller_is_sent_on(stage: Stage, alive: str, after: float) -> None:
    line_is_away(stage, alive)
    caller = stage.caller()
    stage.clock.advance(after - 1)
    assert caller.channel.context == "gvq-wait"
    stage.clock.advance(1)
    assert (caller.channel.context, caller.channel.exten) == ("local-queues", "sales")
    [left] = stage.of("UserEvent", UserEvent="GvqLeave")
    assert (left["Outcome"], left["Reason"]) == ("redirected", "FALLBACK")


def test_while_signs_of_life_come_a_caller_is_held(stage: Stage) -> None:
    line_is_away(stage, "1700000100")
    caller = stage.caller()
    stage.clock.advance(100)
    assert caller.channel.variables["GVQ_STATE"] == "waiting"


def test_a_caller_whom_an_agent_has_is_not_sent_on(stage: Stage) -> None:
    """Race: the look falls into the announcement."""
    line_is_away(stage, "1699999000")
    stage.phone("101", "a", Behaviour())
    caller = stage.caller(announce=5.0)
    stage.offer("gvq-1", "PJSIP/101", caller)
    stage.clock.advance(10.0)
    assert caller.channel.variables["GVQ_STATE"] == "talking"
    assert stage.of("UserEvent", UserEvent="GvqLeave") == []


def test_a_release_that_comes_too_late_is_passed_over(stage: Stage) -> None:
    """Race: released while an agent holds the claim."""
    stage.phone("101", "a")
    caller = stage.caller(announce=5.0)
    stage.offer("gvq-1", "PJSIP/101", caller)
    stage.clock.advance(1.0)
    caller.channel.owner.goes("gvq-leave", "s")
    assert stage.of("UserEvent", UserEvent="GvqLeave") == []
    assert caller.channel.variables["GVQ_STATE"] == "waiting"


def test_a_second_visit_has_the_next_number(stage: Stage) -> None:
    caller = stage.network.call("a", Request("sales", timeout=1.0), Request("support"))
    stage.clock.advance(2.0)
    assert [(e["Visit"], e["Queue"]) for e in stage.of("UserEvent", UserEvent="GvqJoin")] == [
        ("1", "sales"),
        ("2", "support"),
    ]
    assert caller.ended is None


@pytest.mark.parametrize(("options", "statuses"), [("", []), ("c", ["CONTINUE"]), ("m(cool)", [])])
def test_after_the_call_only_option_c_goes_on(
    stage: Stage, options: str, statuses: list[str]
) -> None:
    stage.phone("101", "a", Behaviour(talk=1.0))
    caller = stage.caller(options=options)
    stage.offer("gvq-1", "PJSIP/101", caller)
    stage.clock.advance(3.0)
    assert caller.statuses == statuses
    assert caller.ended is not None


def test_an_illegal_step_raises_and_changes_nothing(stage: Stage) -> None:
    visit = stage.caller().channel.owner
    assert isinstance(visit, Visit)
    with pytest.raises(IllegalStep, match="over while waiting"):
        visit.after_bridge()
    assert visit.state == "waiting"
