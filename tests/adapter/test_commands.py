"""Commands of the line → AMI actions, over real sockets, each with its effect once."""

import pytest

from ami_adapter.executor import History
from ami_adapter.originates import caller_id, dial_string
from coordinator.protocol import (
    Cancel,
    Complete,
    Connect,
    Leave,
    OfferEnded,
    Release,
    Ticket,
)
from tests.adapter.support.adapter import running, serving, settings, settle
from tests.adapter.support.asterisk import Conversation, Manager, channel
from tests.adapter.support.coordinator import Coordinator
from tests.adapter.support.events import OFFER_ID, failed, hung_up, joined, originate

RELEASE = Release(call_id="a-17.1-1", uniqueid="a-17.1", status="FULL")


async def rings(box: Conversation) -> None:
    """Asterisk takes an Originate."""
    box.answer(await box.expect("Originate"), Message="Originate successfully queued")


async def released(box: Conversation, state: str) -> None:
    """Takes a Release of a caller who is in this GVQ_STATE."""
    box.answer(await box.expect("Setvar"))
    asked = await box.read()
    assert asked["Variable"] == "GVQ_STATE"
    box.answer(asked, Value=state)


async def test_an_originate(asterisk: Manager, line: Coordinator) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        named = {"caller_id_num": "+46701", "caller_id_name": "Ann"}
        await here.link.command("1-0", originate().model_copy(update=named))
        action = await here.box.expect("Originate")
        assert {name: value for name, value in action.lines if name != "Variable"} == {
            "Action": "Originate", "ActionID": OFFER_ID, "ChannelId": OFFER_ID, "Async": "true",
            "Channel": "PJSIP/101", "Context": "gvq-agent", "Exten": "s", "Priority": "1",
            "Timeout": "15000", "CallerID": '"Ann" <+46701>',
        }  # fmt: skip
        assert action.all("Variable") == [
            f"GVQ_OFFER={OFFER_ID}", "GVQ_FENCE=1763848134123456", "GVQ_CALL=a-17.1-1",
            "GVQ_CALLER=a-17.1", "GVQ_AGENT=ann", "GVQ_QUEUE=sales",
            "FORWARD_CONTEXT=gvq-forward", "__BRIDGEPEER=none", "DIALEDPEERNUMBER=101",
            "GVQ_POSITION=0",
        ]  # fmt: skip
        here.box.answer(action)
        assert await here.link.done() == "1-0"


async def test_a_refused_originate_ends_the_offer_and_is_done(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.command("1-0", originate())
        action = await here.box.expect("Originate")
        here.box.answer(action, "Error", Message="Extension does not exist.")
        frame = await here.link.event()
        assert isinstance(frame.event, OfferEnded)
        assert (frame.event.outcome, frame.event.reason) == ("failed", "Extension does not exist.")
        assert await here.link.done() == "1-0"


async def test_a_repeated_command_rings_once(asterisk: Manager, line: Coordinator) -> None:
    """Under its own id, under another, before its answer and after it."""
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.command("1-0", originate())
        await here.link.command("1-0", originate())
        await rings(here.box)
        assert await here.link.done() == "1-0"
        await here.link.command("1-0", originate())
        assert await here.link.done() == "1-0"
        await here.link.command("2-0", originate())
        assert await here.link.done() == "2-0"
        await here.link.command("3-0", Cancel(offer_id=OFFER_ID))
        await here.box.expect("Hangup")


async def test_a_phone_that_rang_before_a_restart_is_not_rung_again(
    asterisk: Manager, line: Coordinator
) -> None:
    """The adapter is new; the snapshot has shown it the offer."""
    offer = {
        "GVQ_OFFER": OFFER_ID, "GVQ_FENCE": "1763848134123456", "GVQ_CALL": "a-17.1-1",
        "GVQ_QUEUE": "sales", "GVQ_AGENT": "ann",
    }  # fmt: skip
    caller = {"GVQ_STATE": "waiting", "GVQ_JOIN": "sales|1763848134.5|||||||||||1"}
    channels = [channel("a-17.1", **caller), channel(OFFER_ID, **offer)]
    async with serving(settings(asterisk, line.url)):
        here = await settle(asterisk, line, channels)
        assert [live.offer_id for live in here.snapshot.offers] == [OFFER_ID]
        await here.link.command("1-0", originate())
        assert await here.link.done() == "1-0"
        await here.link.command("2-0", RELEASE)
        await here.box.expect("Setvar")


async def test_an_unanswered_originate_is_not_sent_in_the_next_session(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.command("1-0", originate())
        await here.box.expect("Originate")
        here.box.hang_up()
        caller = {"GVQ_STATE": "waiting", "GVQ_JOIN": "sales|1763848134.5|||||||||||1"}
        again = await settle(asterisk, line, [channel("a-17.1", **caller)])
        await again.link.command("1-0", originate())
        assert await again.link.done() == "1-0"
        await again.link.command("2-0", RELEASE)
        await again.box.expect("Setvar")


async def test_no_phone_rings_for_a_caller_who_is_gone(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        here.asterisk_says(dict(hung_up("a-17.1")))
        await here.link.event()
        await here.link.command("1-0", originate())
        frame = await here.link.event()
        assert isinstance(frame.event, OfferEnded)
        assert frame.event.reason == "the caller does not wait here any more"
        assert await here.link.done() == "1-0"


@pytest.mark.parametrize(("elsewhere", "cause"), [(False, "16"), (True, "26")])
async def test_a_cancel(asterisk: Manager, line: Coordinator, elsewhere: bool, cause: str) -> None:
    async with running(asterisk, line) as here:
        await here.link.command("1-0", Cancel(offer_id=OFFER_ID, elsewhere=elsewhere))
        action = await here.box.expect("Hangup")
        assert (action["Channel"], action["Cause"]) == (OFFER_ID, cause)
        here.box.answer(action)
        assert await here.link.done() == "1-0"


async def test_a_cancel_before_the_channel_exists_still_stops_it(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.command("1-0", originate())
        await here.link.command("2-0", Cancel(offer_id=OFFER_ID))
        await rings(here.box)
        for _ in range(3):
            hangup = await here.box.expect("Hangup")
            here.box.answer(hangup, "Error", Message="No such channel")
        assert await here.link.done() == "1-0"
        here.box.answer(await here.box.expect("Hangup"))
        assert await here.link.done() == "2-0"


async def test_a_cancel_gives_up_when_the_originate_has_ended(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.command("1-0", originate())
        await rings(here.box)
        await here.link.command("2-0", Cancel(offer_id=OFFER_ID))
        hangup = await here.box.expect("Hangup")
        here.asterisk_says(dict(failed(3)))
        assert await here.link.done() == "1-0"
        assert isinstance((await here.link.event()).event, OfferEnded)
        here.box.answer(hangup, "Error", Message="No such channel")
        assert await here.link.done() == "2-0"


async def test_an_originate_after_its_cancel_rings_nobody(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.command("2-0", Cancel(offer_id=OFFER_ID))
        here.box.answer(await here.box.expect("Hangup"), "Error", Message="No such channel")
        assert await here.link.done() == "2-0"
        await here.link.command("1-0", originate())
        assert await here.link.done() == "1-0"
        await here.link.command("3-0", RELEASE)
        await here.box.expect("Setvar")


async def test_a_release(asterisk: Manager, line: Coordinator) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.command("1-0", RELEASE)
        status, sent_on = await here.box.expect("Setvar"), await here.box.expect("Redirect")
        assert (status["Channel"], status["Variable"], status["Value"]) == (
            "a-17.1", "GVQ_STATUS", "FULL",
        )  # fmt: skip
        assert (sent_on["Channel"], sent_on["Context"], sent_on["Exten"], sent_on["Priority"]) == (
            "a-17.1", "gvq-leave", "s", "1",
        )  # fmt: skip
        here.box.answer(status)
        here.box.answer(sent_on, "Error", Message="Channel does not exist")
        assert await here.link.done() == "1-0"


async def test_a_release_says_where_the_caller_was_and_why_it_was_withdrawn(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        told = {"status": "WITHDRAW", "position": 3, "info": "one, two"}
        await here.link.command("1-0", RELEASE.model_copy(update=told))
        set_so = [await here.box.expect("Setvar") for _ in range(3)]
        assert [(each["Variable"], each["Value"]) for each in set_so] == [
            ("GVQ_STATUS", "WITHDRAW"), ("QUEUEPOSITION", "3"), ("QUEUE_WITHDRAW_INFO", "one, two"),
        ]  # fmt: skip
        await here.box.expect("Redirect")


TRANSFER = {
    "event": "AttendedTransfer", "result": "Success", "desttype": "App", "destapp": "WaitExten",
    "origtransfereruniqueid": "8.8", "secondtransfereruniqueid": "a-17.1",
    "transfereeuniqueid": "7.7", "transfereechannel": "PJSIP/x-1",
}  # fmt: skip


async def test_a_release_of_one_whose_place_another_has_by_then(
    asterisk: Manager, line: Coordinator
) -> None:
    """The line knows nothing of the transfer yet: who waits now would wait for ever."""
    async with running(asterisk, line) as here:
        await here.join()
        here.asterisk_says(TRANSFER)
        await here.link.event(ack=False)
        await here.link.command("1-0", RELEASE)
        status, sent_on = await here.box.expect("Setvar"), await here.box.expect("Redirect")
        assert (status["Channel"], status["Value"], sent_on["Channel"]) == ("7.7", "FULL", "7.7")


async def test_an_originate_for_one_whose_place_another_has_by_then(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        here.asterisk_says(TRANSFER)
        await here.link.event(ack=False)
        await here.link.command("1-0", originate())
        assert "GVQ_CALLER=7.7" in (await here.box.expect("Originate")).all("Variable")


async def test_nobody_is_released_out_of_a_bridge(asterisk: Manager, line: Coordinator) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.command("1-0", originate())
        await rings(here.box)
        here.asterisk_says({"event": "BridgeEnter", "uniqueid": OFFER_ID})
        await here.link.event()
        await here.link.command("2-0", RELEASE)
        await released(here.box, "talking")
        assert [await here.link.done() for _ in range(2)] == ["1-0", "2-0"]
        await here.link.command("3-0", Cancel(offer_id="gvq-9"))
        await here.box.expect("Hangup")


async def test_nobody_who_talks_is_called_off_nor_released(
    asterisk: Manager, line: Coordinator
) -> None:
    """The line withdrew the caller, or logged the agent out, while the Connect was on its way."""
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.command("1-0", originate())
        await rings(here.box)
        here.asterisk_says({"event": "BridgeEnter", "uniqueid": OFFER_ID})
        await here.link.event(ack=False)
        await here.link.command("2-0", Cancel(offer_id=OFFER_ID))
        await here.link.command("3-0", RELEASE)
        await released(here.box, "talking")
        assert [await here.link.done() for _ in range(3)] == ["1-0", "2-0", "3-0"]
        await here.link.command("4-0", Cancel(offer_id="gvq-9"))
        await here.box.expect("Hangup")


async def test_nobody_who_talks_is_called_off_before_we_hear_of_the_talk(
    asterisk: Manager, line: Coordinator
) -> None:
    """Race: the BridgeEnter is still on its way to us."""
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.command("1-0", originate())
        await rings(here.box)
        here.box.channels["GVQ_TALKS"] = "1"
        await here.link.command("2-0", Cancel(offer_id=OFFER_ID))
        await here.link.command("3-0", RELEASE)
        await released(here.box, "talking")
        assert {await here.link.done() for _ in range(2)} == {"1-0", "2-0"}
        here.asterisk_says({"event": "BridgeEnter", "uniqueid": OFFER_ID})
        assert isinstance((await here.link.event()).event, Connect)
        assert await here.link.done() == "3-0"


async def test_a_caller_whose_agent_hangs_up_just_before_the_bridge_is_released_then(
    asterisk: Manager, line: Coordinator
) -> None:
    """Race: the dialplan has said "talking", and the agent's channel ends before Bridge()."""
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.command("1-0", originate())
        await rings(here.box)
        here.box.channels["GVQ_TALKS"] = "1"
        await here.link.command("2-0", Cancel(offer_id=OFFER_ID))
        await here.link.command("3-0", RELEASE)
        await released(here.box, "talking")
        here.asterisk_says({"event": "Hangup", "uniqueid": OFFER_ID, "cause": "16"})
        sent_on = await here.box.expect("Redirect")
        assert (sent_on["Channel"], sent_on["Context"]) == ("a-17.1", "gvq-leave")
        assert isinstance((await here.link.event()).event, OfferEnded)
        here.box.answer(sent_on)
        while await here.link.done() != "3-0":
            pass


async def test_a_caller_left_in_talking_by_such_an_agent_is_released_at_once(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.command("1-0", RELEASE)
        await released(here.box, "talking")
        here.box.answer(await here.box.expect("Redirect"))
        assert await here.link.done() == "1-0"


async def test_a_talk_the_line_does_not_know_is_told_by_one_snapshot(
    asterisk: Manager, line: Coordinator
) -> None:
    """And when the line does not want it even so, it goes on, and its caller is in no line."""
    caller = {"GVQ_STATE": "talking", "GVQ_JOIN": "sales|1763848134.5|||||||||||1"}
    offer = {
        "GVQ_OFFER": OFFER_ID, "GVQ_FENCE": "1763848134123456", "GVQ_CALL": "a-17.1-1",
        "GVQ_QUEUE": "sales", "GVQ_AGENT": "ann",
    }  # fmt: skip
    channels = [channel("a-17.1", **caller), channel(OFFER_ID, **offer) | {"BridgeID": "x"}]
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.command("1-0", originate())
        await rings(here.box)
        here.asterisk_says({"event": "BridgeEnter", "uniqueid": OFFER_ID})
        await here.link.event(code="stale_offer")
        again = await settle(asterisk, line, channels)
        assert [live.talking for live in again.snapshot.offers] == [True]
        again.asterisk_says({"event": "BridgeEnter", "uniqueid": OFFER_ID})
        await again.link.command("2-0", Cancel(offer_id=OFFER_ID))
        left = (await again.link.event(code="unknown_call")).event
        assert isinstance(left, Leave)
        assert left.call_id == "a-17.1-1"
        assert await again.link.done() == "2-0"
        again.asterisk_says({"event": "Hangup", "uniqueid": OFFER_ID, "cause": "16"})
        assert isinstance((await again.link.event(code="stale_offer")).event, Complete)


async def test_no_phone_is_rung_while_one_is_being_called_off(
    asterisk: Manager, line: Coordinator
) -> None:
    """It may be the same phone: the Hangup goes out first."""
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.command("1-0", Cancel(offer_id="gvq-9"))
        await here.link.command("2-0", originate())
        assert (await here.box.next())["Action"] == "Hangup"
        assert (await here.box.next())["Action"] == "Originate"


async def test_commands_are_written_without_waiting_for_answers(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        await here.join("a-17.2")
        await here.box.told("GVQ_ALIVE")  # the last thing it is told unasked
        other = {"uniqueid": "a-17.2", "call_id": "a-17.2-1"}
        await here.link.command("1-0", originate())
        await here.link.command("2-0", RELEASE.model_copy(update=other))
        await here.link.command("3-0", Cancel(offer_id="gvq-9"))
        actions = [await here.box.read() for _ in range(5)]
        assert [action["Variable"] or action["Action"] for action in actions] == [
            "GVQ_OFFER=" + OFFER_ID, "GVQ_STATUS", "GVQ_STATE", "GVQ_OFF", "GVQ_TALKS",
        ]  # fmt: skip


async def test_a_ticket_is_kept_on_the_channel(asterisk: Manager, line: Coordinator) -> None:
    async with running(asterisk, line) as here:
        here.dialplan(dict(joined()))
        ticket = Ticket(call_id="a-17.1-1", priority=5, rank=77, position=1)
        await here.link.event(ticket=ticket)
        action = await here.box.expect("Setvar")
        assert [action[name] for name in ("Channel", "Variable", "Value")] == [
            "a-17.1", "GVQ_TICKET", "5,77",
        ]  # fmt: skip


async def test_a_ticket_of_a_former_visit_is_not(asterisk: Manager, line: Coordinator) -> None:
    async with running(asterisk, line) as here:
        here.dialplan(dict(joined()))
        first = await here.link.event(ack=False)
        here.dialplan(dict(joined(visit=2)))
        await here.link.event(ack=False)
        await here.link.event(ack=False)
        ticket = Ticket(call_id="a-17.1-1", priority=5, rank=77, position=1)
        await here.link.ack(first.seq, ticket)
        await here.link.command("3-0", Cancel(offer_id="gvq-9"))
        await here.box.expect("Hangup")


@pytest.mark.parametrize(("interface", "home", "dial"), [
    ("PJSIP/101", "a", "PJSIP/101"),
    ("PJSIP/101", "b", "PJSIP/101@gvq-b"),
    ("Local/101@agents", "a", "Local/101@agents/n"),
    ("Local/101@agents/n", "a", "Local/101@agents/n"),
    ("Local/101@agents/n", "b", "PJSIP/local~101~agents@gvq-b"),
])  # fmt: skip
def test_what_is_dialled(interface: str, home: str, dial: str) -> None:
    command = originate().model_copy(update={"interface": interface, "home": home})
    assert dial_string("a", "PJSIP/{resource}@gvq-{home}", command) == dial


@pytest.mark.parametrize(("name", "number", "header"), [
    ("Ann", "1", '"Ann" <1>'),
    ('A"n<n>\\', '1" <2>', '"Ann" <12>'),
    ("a\r\nAction: x", "1\r\n2", '"aAction: x" <12>'),
    ("Żółć", "", '"Żółć" <>'),
    ("x" * 256, "9" * 256, f'"{"x" * 80}" <{"9" * 80}>'),
])  # fmt: skip
def test_a_caller_id_stays_one_header(name: str, number: str, header: str) -> None:
    assert caller_id(name, number) == header


def test_the_history_is_bounded() -> None:
    history = History(limit=2)
    for name in "abc":
        history.add(name)
    assert [name in history for name in "abc"] == [False, True, True]
