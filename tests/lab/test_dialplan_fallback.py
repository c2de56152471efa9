"""gvq.conf on real boxes: callers while nobody tells that the line lives."""

from contextlib import AsyncExitStack

import pytest

from ami_adapter.lab import Box
from ami_adapter.lab.callers import Callers
from ami_adapter.lab.phones import Phone
from tests.lab.ami import Ami
from tests.lab.by_hand import offer, waits_on

# Building the lab's root folder, once, is not the first test's own time.
pytestmark = [pytest.mark.lab, pytest.mark.timeout(120, func_only=True)]


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
