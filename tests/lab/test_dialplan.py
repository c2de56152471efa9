"""gvq.conf on real boxes: SIPp calls, phones ring, AMI tells. No adapter, no coordinator."""

import itertools
from contextlib import AsyncExitStack
from urllib.parse import unquote

import pytest

from ami_adapter.lab import Box
from ami_adapter.lab.callers import Callers
from ami_adapter.lab.phones import Phone
from tests.lab.ami import Ami, Event, connect

# Building the lab's root folder, once, is not the first test's own time.
pytestmark = [pytest.mark.lab, pytest.mark.timeout(120, func_only=True)]

_offers = itertools.count(1)


async def offer(ami: Ami, join: Event, channel: str, visit: int = 1) -> str:
    """Ring an agent for this caller, as the adapter does; the offer's id."""
    offer_id = f"gvq-{next(_offers)}"
    caller = join["Uniqueid"]
    await ami.action(
        "Originate",
        f"GVQ_OFFER={offer_id}",
        "GVQ_FENCE=1",
        f"GVQ_CALL={caller}-{visit}",
        f"GVQ_CALLER={caller}",
        ActionID=offer_id,
        ChannelId=offer_id,
        Channel=channel,
        Async="true",
        Context="gvq-agent",
        Exten="s",
        Priority="1",
        Timeout="15000",
        CallerID=f'"{unquote(join["CallerName"])}" <{unquote(join["CallerNum"])}>',
    )
    return offer_id


async def release(ami: Ami, join: Event, status: str) -> None:
    """Let a caller go on with this QUEUESTATUS, as the adapter does."""
    caller = join["Uniqueid"]
    await ami.action("Setvar", Channel=caller, Variable="GVQ_STATUS", Value=status)
    await ami.action("Redirect", Channel=caller, Context="gvq-leave", Exten="s", Priority="1")


async def waits_on(ami: Ami, caller: str) -> None:
    """Wait until the caller begins one more step of its waiting."""
    step = {"Uniqueid": caller, "Context": "gvq-wait", "Extension": "s", "Priority": "1"}
    await ami.wait("Newexten", len(ami.all("Newexten", **step)) + 1, **step)


# ── Joining and holding ─────────────────────────────────────────────────────────────────────


async def test_a_join_tells_all_the_line_needs(ami: Ami, a: Box) -> None:
    async with Callers(a, "bounded"):
        join = await ami.wait("GvqJoin")
        kept = await ami.variable(join["Uniqueid"], "GVQ_JOIN")
    told = {name: join[name] for name in ("Visit", "Queue", "Prio", "CallerNum", "CallerName")}
    assert told == {
        "Visit": "1",
        "Queue": "sales.vip-2",
        "Prio": "7",
        "CallerNum": "5550001",
        "CallerName": "Caller%200001",
    }
    assert (join["MinPenalty"], join["MaxPenalty"], join["RaisePenalty"]) == ("1", "9", "r3")
    assert join["Rule"] == "rule_2.0-a"
    assert (join["Position"], join["Timeout"], join["Once"]) == ("3", "90", "1")
    assert join["Key"] == "the-key"
    assert abs(join.at - float(join["Since"])) < 1
    assert kept == f"sales.vip-2|{join['Since']}|7|1|9|r3|rule_2.0-a|3|90|1|5550001|Caller%200001|1"


async def test_no_header_of_our_events_comes_twice(ami: Ami, a: Box) -> None:
    async with Callers(a, "briefly"):
        await ami.wait("GvqLeave")
    for event in [*ami.all("GvqJoin"), *ami.all("GvqLeave")]:
        names = [name for name, _ in event.headers]
        assert len(names) == len(set(names))


async def test_without_wishes_there_are_none(ami: Ami, a: Box) -> None:
    async with Callers(a, "own-music"):
        join = await ami.wait("GvqJoin")
    assert (join["Position"], join["Timeout"], join["Once"]) == ("", "", "0")


async def test_one_status_action_finds_who_waits(ami: Ami, a: Box) -> None:
    async with Callers(a, "sales"):
        join = await ami.wait("GvqJoin")
        names = "GVQ_STATE,GVQ_JOIN,GVQ_TICKET"
        (found,) = await ami.listed("Status", Variables=names)
    variables = [value for name, value in found.headers if name == "Variable"]
    assert found["Uniqueid"] == join["Uniqueid"]
    assert "GVQ_STATE=waiting" in variables
    assert any(value.startswith(f"GVQ_JOIN=sales|{join['Since']}|") for value in variables)


async def test_the_caller_hears_music(ami: Ami, a: Box) -> None:
    async with (
        Phone("120", a.sip, audio=True) as ear,
        Callers(a, "sales", media_port=ear.audio_port),
    ):
        await ear.until(lambda: ear.heard > 10)
        assert ami.all("MusicOnHoldStart")[0]["Class"] == "default"


async def test_a_digit_costs_no_place(ami: Ami, a: Box) -> None:
    async with Callers(a, "sales"):
        caller = (await ami.wait("GvqJoin"))["Uniqueid"]
        await ami.action("PlayDTMF", Channel=caller, Digit="5", Receive="true")
        await ami.wait("Newexten", Uniqueid=caller, Exten="5")
        await waits_on(ami, caller)
        assert await ami.variable(caller, "GVQ_STATE") == "waiting"


async def test_the_timeout_comes_back_as_queuestatus(ami: Ami, a: Box) -> None:
    async with Callers(a, "briefly"):
        join = await ami.wait("GvqJoin")
        left = await ami.wait("GvqLeave")
        returned = await ami.wait("Returned")
    assert (left["Outcome"], left["Reason"], left["Visit"]) == ("timeout", "TIMEOUT", "1")
    assert left["Key"] == "the-key"
    assert 1 <= left.at - float(join["Since"]) < 2
    assert returned["Status"] == "TIMEOUT"


async def test_a_released_caller_goes_on_with_the_status(ami: Ami, a: Box) -> None:
    async with Callers(a, "continue"):
        join = await ami.wait("GvqJoin")
        await release(ami, join, "WITHDRAW")
        left, returned = await ami.wait("GvqLeave"), await ami.wait("Returned")
    assert (left["Outcome"], left["Reason"]) == ("redirected", "WITHDRAW")
    assert returned["Status"] == "WITHDRAW"


async def test_hanging_up_runs_the_operators_own_h_extension_once(ami: Ami, a: Box) -> None:
    async with Callers(a, "sales") as callers:
        caller = (await ami.wait("GvqJoin"))["Uniqueid"]
        await callers.hang_up()
        await ami.wait("Hangup", Uniqueid=caller)
    assert len(ami.all("OwnHangupExtension", Uniqueid=caller)) == 1
    assert not ami.all("GvqLeave")


async def test_a_caller_released_out_of_option_b_goes_on_behind_the_queue(ami: Ami, a: Box) -> None:
    async with Callers(a, "released"):
        join = await ami.wait("GvqJoin")
        await ami.wait("Slow")
        await release(ami, join, "WITHDRAW")
        returned = await ami.wait("Returned")
    assert returned["Status"] == "WITHDRAW"
    assert not ami.all("Newexten", Context="gvq-wait", Application="UserEvent")


@pytest.mark.parametrize(("extension", "runs"), [("first-without-h", 1), ("then-without-h", 0)])
async def test_the_h_extension_is_of_the_context_that_called_last(
    ami: Ami, a: Box, extension: str, runs: int
) -> None:
    """Hung up while it talks, in the second queue of two."""
    async with Phone("101", a.sip) as phone, Callers(a, extension) as callers:
        join = await ami.wait("GvqJoin", 2)
        offer_id = await offer(ami, join, "PJSIP/101", visit=2)
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
        ami.events.clear()
        await callers.hang_up()
        await ami.wait("Hangup", Uniqueid=join["Uniqueid"])
        await phone.until(lambda: not phone.active)
    assert len(ami.all("OwnHangupExtension", Uniqueid=join["Uniqueid"])) == runs
    assert not ami.all("Newexten", Context="gvq-gone", AppData="without-h,h,1")


# ── Agent and caller ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("home", "dial"), [("a", "PJSIP/101"), ("b", "PJSIP/101@gvq-b")])
async def test_an_agent_answers_and_both_are_in_one_bridge(
    ami: Ami, a: Box, b: Box, home: str, dial: str
) -> None:
    box = {"a": a, "b": b}[home]
    async with Phone("101", box.sip) as phone, Callers(a, "sales") as callers:
        join = await ami.wait("GvqJoin")
        offer_id = await offer(ami, join, dial)
        agent = await ami.wait("BridgeEnter", Uniqueid=offer_id)
        caller = await ami.wait("BridgeEnter", Uniqueid=join["Uniqueid"])
        assert agent["BridgeUniqueid"] == caller["BridgeUniqueid"]
        assert await ami.variable(join["Uniqueid"], "GVQ_STATE") == "talking"
        assert phone.invites[0].caller == "5550001"
        assert phone.invites[0].caller_name == "Caller 0001"
        phone.hang_up(phone.invites[0])
        calls = await callers.finished()
    assert not calls["5550001"].hung_up
    assert not ami.all("Returned")
    assert len(ami.all("OwnHangupExtension")) == 1


async def test_option_c_goes_on_after_the_agent_hung_up(ami: Ami, a: Box) -> None:
    async with Phone("101", a.sip) as phone, Callers(a, "continue"):
        offer_id = await offer(ami, await ami.wait("GvqJoin"), "PJSIP/101")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
        phone.hang_up(phone.invites[0])
        assert (await ami.wait("Returned"))["Status"] == "CONTINUE"


async def test_the_caller_hangs_up_and_the_agent_is_free(ami: Ami, a: Box) -> None:
    async with Phone("101", a.sip) as phone, Callers(a, "sales") as callers:
        join = await ami.wait("GvqJoin")
        offer_id = await offer(ami, join, "PJSIP/101")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
        await callers.hang_up()
        await phone.until(lambda: not phone.active)
        await ami.wait("Hangup", Uniqueid=offer_id)
    assert phone.invites[0].ended_by == "box"
    assert ami.all("HangupRequest")[0]["Uniqueid"] == join["Uniqueid"]


async def test_when_a_call_is_over_the_phone_is_told_not_in_use(ami: Ami, a: Box) -> None:
    """Both come, and only then is the agent available. Over a trunk in either order."""
    async with Phone("101", a.sip) as phone, Callers(a, "sales"):
        offer_id = await offer(ami, await ami.wait("GvqJoin"), "PJSIP/101")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
        phone.hang_up(phone.invites[0])
        await ami.wait("Hangup", Uniqueid=offer_id)
        await ami.wait("DeviceStateChange", 2, Device="PJSIP/101", State="NOT_INUSE")
    changes = ami.all("DeviceStateChange", Device="PJSIP/101")
    states = [change["State"] for change in changes if change["State"] != "UNAVAILABLE"]
    assert states[:4] == ["NOT_INUSE", "RINGING", "INUSE", "NOT_INUSE"]


@pytest.mark.parametrize(
    ("refusal", "cause"), [("486 Busy Here", "17"), ("603 Decline", "21"), ("480 Gone", "19")]
)
@pytest.mark.parametrize(("home", "dial"), [("a", "PJSIP/101"), ("b", "PJSIP/101@gvq-b")])
async def test_why_an_agent_did_not_answer_is_the_same_over_a_trunk(
    ami: Ami, a: Box, b: Box, home: str, dial: str, refusal: str, cause: str
) -> None:
    box = {"a": a, "b": b}[home]
    async with Phone("101", box.sip, refuse=refusal), Callers(a, "sales"):
        offer_id = await offer(ami, await ami.wait("GvqJoin"), dial)
        assert (await ami.wait("Hangup", Uniqueid=offer_id))["Cause"] == cause
        answer = await ami.wait("OriginateResponse", ActionID=offer_id)
        assert answer["Response"] == "Failure"


async def test_a_cancelled_offer_stops_the_phone_as_answered_elsewhere(
    ami: Ami, a: Box, b: Box
) -> None:
    async with Phone("101", b.sip, answer_after=None) as phone, Callers(a, "sales"):
        offer_id = await offer(ami, await ami.wait("GvqJoin"), "PJSIP/101@gvq-b")
        await phone.until(lambda: bool(phone.active))
        await ami.action("Hangup", Channel=offer_id, Cause="26")
        await phone.until(lambda: not phone.active)
    assert phone.invites[0].ended_by == "cancelled"
    assert "cause=26" in phone.invites[0].reason or "elsewhere" in phone.invites[0].reason


# ── The claim ───────────────────────────────────────────────────────────────────────────────


async def test_of_agents_who_answer_at_once_one_gets_the_caller(ami: Ami, a: Box, b: Box) -> None:
    """I3, twenty times: three phones on two boxes pick up in the same instant."""
    dials = {"101": ("PJSIP/101", a), "102": ("PJSIP/102", a), "103": ("PJSIP/103@gvq-b", b)}
    async with AsyncExitStack() as stack:
        phones = {
            dial: await stack.enter_async_context(Phone(agent, box.sip, answer_after=None))
            for agent, (dial, box) in dials.items()
        }
        for _ in range(20):
            await _one_race(ami, a, phones)


async def _one_race(ami: Ami, box: Box, phones: dict[str, Phone]) -> None:
    await ami.idle()
    async with Callers(box, "sales"):
        join = await ami.wait("GvqJoin")
        offers = {await offer(ami, join, dial): phone for dial, phone in phones.items()}
        for phone in phones.values():
            await phone.until(lambda phone=phone: len(phone.active) == 1)  # type: ignore[misc]
        for phone in phones.values():
            phone.answer(phone.active[0])
        await ami.until(lambda: len(ami.all("Hangup")) == len(offers) - 1)
        assert [event["Cause"] for event in ami.all("Hangup")] == ["26", "26"]
        lost = [offers.pop(event["Uniqueid"]) for event in ami.all("Hangup")]
        for phone in lost:
            await phone.until(lambda phone=phone: not phone.active)  # type: ignore[misc]
        ((winner, talking),) = offers.items()
        await ami.wait("BridgeEnter", Uniqueid=winner)
        assert len(ami.all("BridgeEnter")) == 2
        talking.hang_up(talking.active[0])
        await ami.wait("Hangup", Uniqueid=join["Uniqueid"])


async def test_the_announcement_plays_to_the_agent_before_the_bridge(ami: Ami, a: Box) -> None:
    async with Phone("101", a.sip, audio=True) as phone, Callers(a, "announced"):
        offer_id = await offer(ami, await ami.wait("GvqJoin"), "PJSIP/101")
        answer = await ami.wait("GvqAnswer", Offer=offer_id)
        await phone.until(lambda: phone.heard > 3)
        assert not ami.all("BridgeEnter")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
    assert (answer["Fence"], answer["Key"], answer["Uniqueid"]) == ("1", "the-key", offer_id)


async def test_a_claim_ends_with_its_agent_and_another_may_answer(ami: Ami, a: Box) -> None:
    async with Phone("101", a.sip) as hasty, Phone("102", a.sip) as phone, Callers(a, "announced"):
        join = await ami.wait("GvqJoin")
        first = await offer(ami, join, "PJSIP/101")
        await ami.wait("GvqAnswer", Offer=first)
        hasty.hang_up(hasty.invites[0])
        await ami.wait("Hangup", Uniqueid=first)
        second = await offer(ami, join, "PJSIP/102")
        await ami.wait("BridgeEnter", Uniqueid=second)
    assert not ami.all("BridgeEnter", Uniqueid=first)
    assert phone.invites


async def test_a_caller_who_is_won_does_not_time_out_meanwhile(ami: Ami, a: Box) -> None:
    """The announcement outlasts the caller's second of waiting."""
    async with Phone("101", a.sip), Callers(a, "briefly-announced"):
        join = await ami.wait("GvqJoin")
        offer_id = await offer(ami, join, "PJSIP/101")
        await ami.wait("Newexten", Uniqueid=join["Uniqueid"], Context="gvq-leave")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
    assert not ami.all("GvqLeave")


async def test_a_caller_who_is_won_is_not_released_meanwhile(ami: Ami, a: Box) -> None:
    async with Phone("101", a.sip), Callers(a, "announced"):
        join = await ami.wait("GvqJoin")
        offer_id = await offer(ami, join, "PJSIP/101")
        await ami.wait("GvqAnswer", Offer=offer_id)
        await release(ami, join, "WITHDRAW")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
    assert not ami.all("GvqLeave")


async def test_an_offer_that_is_called_off_by_then_is_not_bridged(ami: Ami, a: Box) -> None:
    """And one that is bridged says so before: the adapter hangs up no conversation."""
    async with Phone("101", a.sip), Phone("102", a.sip), Callers(a, "announced"):
        join = await ami.wait("GvqJoin")
        first = await offer(ami, join, "PJSIP/101")
        await ami.wait("GvqAnswer", Offer=first)
        await ami.action("Setvar", Channel=first, Variable="GVQ_OFF", Value="1")
        await ami.wait("Hangup", Uniqueid=first)
        assert await ami.variable(join["Uniqueid"], "GVQ_STATE") == "waiting"
        second = await offer(ami, join, "PJSIP/102")
        await ami.wait("BridgeEnter", Uniqueid=second)
        assert await ami.variable(second, "GVQ_TALKS") == "1"
    assert not ami.all("BridgeEnter", Uniqueid=first)


async def test_a_late_answer_pulls_nobody_out_of_a_bridge(ami: Ami, a: Box) -> None:
    async with (
        Phone("101", a.sip) as phone,
        Phone("102", a.sip, answer_after=None) as late,
        Callers(a, "sales"),
    ):
        join = await ami.wait("GvqJoin")
        late_offer = await offer(ami, join, "PJSIP/102")
        await late.until(lambda: bool(late.active))
        offer_id = await offer(ami, join, "PJSIP/101")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
        late.answer(late.active[0])
        await ami.wait("Hangup", Uniqueid=late_offer)
        assert phone.active
    assert not ami.all("BridgeEnter", Uniqueid=late_offer)


async def test_a_caller_whom_another_leg_has_bridged_is_not_taken_from_it(ami: Ami, a: Box) -> None:
    """Nobody has claimed this caller: a bridge made elsewhere took it."""
    async with (
        Phone("101", a.sip, answer_after=None) as late,
        Phone("102", a.sip) as phone,
        Callers(a, "sales"),
    ):
        caller = (join := await ami.wait("GvqJoin"))["Uniqueid"]
        late_offer = await offer(ami, join, "PJSIP/101")
        await late.until(lambda: bool(late.active))
        other = {"Application": "Bridge", "Data": caller, "Async": "true"}
        await ami.action("Originate", Channel="PJSIP/102", **other)
        await ami.wait("BridgeEnter", Uniqueid=caller)
        assert await ami.variable(caller, "GVQ_TAKEN") == "nobody"
        late.answer(late.active[0])
        assert (await ami.wait("Hangup", Uniqueid=late_offer))["Cause"] == "26"
        assert phone.active
    assert not ami.all("BridgeEnter", Uniqueid=late_offer)


async def test_an_answer_for_an_earlier_visit_is_lost(ami: Ami, a: Box) -> None:
    async with Phone("101", a.sip, answer_after=None) as phone, Callers(a, "twice"):
        join = await ami.wait("GvqJoin")
        offer_id = await offer(ami, join, "PJSIP/101", visit=1)
        again = await ami.wait("GvqJoin", 2)
        assert (again["Visit"], again["Queue"]) == ("2", "support")
        phone.answer(phone.active[0])
        await ami.wait("Hangup", Uniqueid=offer_id)
        assert await ami.variable(join["Uniqueid"], "GVQ_STATE") == "waiting"
        right = await offer(ami, again, "PJSIP/101", visit=2)
        await phone.until(lambda: bool(phone.active))
        phone.answer(phone.active[0])
        await ami.wait("BridgeEnter", Uniqueid=right)


async def test_an_answer_for_a_caller_who_left_the_queue_is_lost(ami: Ami, a: Box) -> None:
    async with Phone("101", a.sip, answer_after=None) as phone, Callers(a, "voicemail"):
        join = await ami.wait("GvqJoin")
        offer_id = await offer(ami, join, "PJSIP/101")
        await ami.wait("Newexten", Uniqueid=join["Uniqueid"], Application="Wait")
        phone.answer(phone.active[0])
        assert (await ami.wait("Hangup", Uniqueid=offer_id))["Cause"] == "26"
    assert not ami.all("BridgeEnter")


async def test_an_answer_for_a_caller_who_is_gone_is_lost(ami: Ami, a: Box) -> None:
    async with Phone("101", a.sip, answer_after=None) as phone, Callers(a, "sales") as callers:
        join = await ami.wait("GvqJoin")
        offer_id = await offer(ami, join, "PJSIP/101")
        await phone.until(lambda: bool(phone.active))
        await callers.hang_up()
        await ami.wait("Hangup", Uniqueid=join["Uniqueid"])
        phone.answer(phone.active[0])
        await phone.until(lambda: not phone.active)
        await ami.wait("Hangup", Uniqueid=offer_id)
    assert "cause=26" in phone.invites[0].reason


# ── The line is away ────────────────────────────────────────────────────────────────────────


async def fallback(ami: Ami, alive: str, context: str = "local-queues") -> None:
    """What the adapter has told the box, and when it last did (seconds since 1970, or "")."""
    told = {"GVQ_FALLBACK_CONTEXT": context, "GVQ_FALLBACK_AFTER": "2", "GVQ_ALIVE": alive}
    for name, value in told.items():
        await ami.action("Setvar", Variable=name, Value=value)


async def test_without_a_sign_of_life_callers_are_sent_on(ami: Ami, a: Box) -> None:
    await fallback(ami, "1700000000")
    async with Callers(a, "continue"):
        await ami.wait("GvqJoin")
        left = await ami.wait("GvqLeave")
        assert (await ami.wait("SentOn"))["Status"] == "FALLBACK"
        assert await ami.variable(left["Uniqueid"], "GVQ_STATE") == "left"
        assert await ami.variable(left["Uniqueid"], "STACK_PEEK(1,c,1)") == ""
    assert (left["Outcome"], left["Reason"]) == ("redirected", "FALLBACK")
    assert not ami.all("Returned")


async def test_a_box_that_has_heard_of_no_adapter_yet_gives_it_time(ami: Ami, a: Box) -> None:
    await fallback(ami, "")
    async with Callers(a, "sales"):
        join = await ami.wait("GvqJoin")
        sent = await ami.wait("SentOn")
    assert sent.at - join.at > 3, "not when it looked first, after 2 s"


@pytest.mark.parametrize(("alive", "context"), [
    ("9999999999", "local-queues"), ("1700000000", "no-such-context"),
])  # fmt: skip
async def test_callers_are_held_while_the_line_lives_or_nobody_else_would_take_them(
    ami: Ami, a: Box, alive: str, context: str
) -> None:
    await fallback(ami, alive, context)
    async with Callers(a, "sales"):
        caller = (await ami.wait("GvqJoin"))["Uniqueid"]
        # Set as it joins, and at each look.
        await ami.wait("VarSet", 3, Uniqueid=caller, Variable="GVQ_LOOK_AT")
        await waits_on(ami, caller)
        assert await ami.variable(caller, "GVQ_STATE") == "waiting"
    assert not ami.all("GvqLeave")


async def test_a_caller_who_is_won_is_not_sent_on(ami: Ami, a: Box) -> None:
    """The announcement outlasts the time until the caller looks."""
    await fallback(ami, "1700000000")
    async with Phone("101", a.sip), Callers(a, "announced-at-length"):
        join = await ami.wait("GvqJoin")
        offer_id = await offer(ami, join, "PJSIP/101")
        await ami.wait("Newexten", Uniqueid=join["Uniqueid"], Context="gvq-leave")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
    assert not ami.all("GvqLeave")
    assert not ami.all("SentOn")


async def test_who_answers_at_that_moment_has_the_caller_or_has_not(ami: Ami, a: Box) -> None:
    """Race: eight agents pick up around the moment in which their callers look for the line."""
    await fallback(ami, "1700000000")
    numbers = [f"555{n:04d}" for n in range(8)]
    async with AsyncExitStack() as stack:
        phones = [
            await stack.enter_async_context(Phone(f"10{n + 1}", a.sip, answer_after=1.94 + n / 50))
            for n in range(len(numbers))
        ]
        await stack.enter_async_context(Callers(a, "sales", numbers=numbers))
        await ami.wait("GvqJoin", len(numbers))
        joins = ami.all("GvqJoin")
        offers = [
            await offer(ami, join, f"PJSIP/{phone.agent}")
            for join, phone in zip(joins, phones, strict=True)
        ]

        def bridged(channel: str) -> bool:
            return bool(ami.all("BridgeEnter", Uniqueid=channel))

        def lost(channel: str) -> bool:
            return bool(ami.all("Hangup", Uniqueid=channel, Cause="26"))

        await ami.until(lambda: all(bridged(each) != lost(each) for each in offers))
        callers = [join["Uniqueid"] for join in joins]
        gone = {event["Uniqueid"] for event in ami.all("GvqLeave")}
        await ami.wait("SentOn", len(gone)) if gone else None
        assert gone == {event["Uniqueid"] for event in ami.all("SentOn")}
        assert gone == {c for c, each in zip(callers, offers, strict=True) if lost(each)}
        assert set(callers) - gone == {caller for caller in callers if bridged(caller)}


# ── What a caller may put into its number ───────────────────────────────────────────────────

#: As Asterisk decodes it, the From header's user ends its own event and begins another.
FORGED = "5%0d%0aForged%3a yes%0d%0a%0d%0aEvent%3a Hangup%0d%0aUniqueid%3a a-1.1"
FORGED = FORGED.replace(" ", "%20")


async def test_line_breaks_in_a_callers_number_reach_no_event_of_ours(ami: Ami, a: Box) -> None:
    async with connect(a, "gvq") as adapter, Callers(a, "sales", numbers=[FORGED]) as callers:
        join = await adapter.wait("GvqJoin")
        await callers.hang_up()
        await adapter.wait("Hangup", Uniqueid=join["Uniqueid"])
    assert join["CallerNum"] == "5ForgedyesEventHangupUniqueida-1.1"
    assert not adapter.all("Hangup", Uniqueid="a-1.1")


async def test_the_filter_drops_events_that_a_caller_elsewhere_has_forged(ami: Ami, a: Box) -> None:
    """Asterisk itself lets them through, so whoever reads AMI unfiltered believes them."""
    async with connect(a, "gvq") as adapter:
        async with Callers(a, "plain", numbers=[FORGED]) as callers:
            await ami.wait("DeviceStateChange", Device="PJSIP/anonymous", State="INUSE")
            await callers.hang_up()
        async with Callers(a, "sales") as callers:
            join = await adapter.wait("GvqJoin")
            await callers.hang_up()
            await adapter.wait("Hangup", Uniqueid=join["Uniqueid"])
    assert ami.all("Hangup", Uniqueid="a-1.1")
    assert not adapter.all("Hangup", Uniqueid="a-1.1")
    assert len(adapter.all("Hangup")) == 1


async def test_the_adapter_is_told_only_what_it_needs(ami: Ami, a: Box) -> None:
    async with connect(a, "gvq") as adapter, Phone("101", a.sip) as phone, Callers(a, "sales"):
        adapter.events.clear()
        join = await adapter.wait("GvqJoin")
        offer_id = await offer(adapter, join, "PJSIP/101")
        await adapter.wait("BridgeEnter", Uniqueid=offer_id)
        phone.hang_up(phone.invites[0])
        await adapter.wait("Hangup", Uniqueid=join["Uniqueid"])
        await ami.wait("Hangup", Uniqueid=join["Uniqueid"])
    told = {event.name for event in adapter.events}
    ends = {"HangupRequest", "SoftHangupRequest", "Hangup"}
    offers = {"Newchannel", "OriginateResponse", "BridgeEnter"}
    assert told == {"GvqJoin", "GvqAsk", "DeviceStateChange", *offers, *ends}
    # Of the offer's channel only, not of the caller's.
    assert [event["Uniqueid"] for event in adapter.all("Newchannel")] == [offer_id]
    assert [event["Uniqueid"] for event in adapter.all("BridgeEnter")] == [offer_id]
    assert len(ami.events) > 5 * len(adapter.events)
