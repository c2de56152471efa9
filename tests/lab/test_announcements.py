"""What a waiting caller hears on a real box: real sound files, real digits, real bridges.

The answers of the line are given by hand here; what the line would say is tests/boxes' matter.
"""

import re
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ami_adapter.lab import Box
from ami_adapter.lab.callers import Callers
from ami_adapter.lab.phones import Phone
from coordinator.line.announcing import Announcing
from tests.lab import heard
from tests.lab.ami import Ami
from tests.lab.by_hand import offer, release

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120, func_only=True)]

#: GVQ_TOLD is `again,heard,words,context,musicclass,ringing,patience`; without the last: 0.
WORDS = ["queue-thereare", "#23", "queue-callswaiting", "queue-thankyou"]
POSITION = "0,23.0.0..0,queue-thereare&#23&queue-callswaiting&queue-thankyou,,,0"
#: The same, where digits lead to the context [exits].
WITH_KEYS = POSITION.replace(",,,0", ",exits,,0")


async def tell(ami: Ami, caller: str, told: str) -> None:
    """Answer a caller's ask, as the adapter does."""
    await ami.action("Setvar", Channel=caller, Variable="GVQ_TOLD", Value=told)


async def asked(ami: Ami, told: str) -> str:
    """Wait for a caller who asks, and answer; its channel."""
    caller = (await ami.wait("GvqAsk"))["Uniqueid"]
    await tell(ami, caller, told)
    return caller


def words(ami: Ami, caller: str) -> list[str]:
    """What was said to this channel."""
    return heard.words(ami.events, "Uniqueid", caller)


def music(ami: Ami, caller: str) -> list[str]:
    """When music began and ended."""
    return [
        event.name.removeprefix("MusicOnHold")
        for event in ami.events
        if event.name.startswith("MusicOnHold") and event["Uniqueid"] == caller
    ]


async def word(ami: Ami, caller: str, name: str, count: int = 1) -> None:
    """Wait until this word is being said."""
    chosen = {"Uniqueid": caller, "Variable": "GVQ_WORD", "Value": name}
    await ami.wait("VarSet", count, **chosen)
    await ami.until(lambda: words(ami, caller).count(name) == count)


async def press(ami: Ami, caller: str, digits: str) -> None:
    """The caller's phone sends these digits, one after the other."""
    for digit in digits:
        await ami.action("PlayDTMF", Channel=caller, Digit=digit, Receive="true")


# ── Words and music ─────────────────────────────────────────────────────────────────────────


async def test_words_are_said_and_then_there_is_music(ami: Ami, a: Box) -> None:
    async with (
        Phone("120", a.sip, audio=True) as ear,
        Callers(a, "sales", media_port=ear.audio_port),
    ):
        caller = await asked(ami, POSITION)
        await word(ami, caller, "queue-thereare")
        before = ear.heard
        await word(ami, caller, "queue-thankyou")
        assert ear.heard > before + 100, "two seconds of speech at least, 50 packets each"
        await ami.wait("MusicOnHoldStart", Uniqueid=caller)
        before = ear.heard
        await ear.until(lambda: ear.heard > before + 20)
        assert await ami.variable(caller, "GVQ_HEARD") == "23.0.0..0"
    assert words(ami, caller) == WORDS
    played = ami.all("VarSet", Uniqueid=caller, Variable="PLAYBACKSTATUS")
    assert [event["Value"] for event in played] == ["SUCCESS"] * 3
    assert music(ami, caller)[0] == "Start"


def test_every_sound_that_queue_names_is_a_file_of_asterisks_own(a: Box) -> None:
    texts = [field.default for field in Announcing.__dataclass_fields__.values()]
    names = [text for text in texts if isinstance(text, str) and text.startswith("queue-")]
    sounds = Path(a.root) / "usr/share/asterisk/sounds/en_US_f_Allison"
    assert len(names) == 12
    assert [name for name in names if not (sounds / f"{name}.gsm").exists()] == []


async def test_music_goes_on_while_nobody_answers_and_the_line_is_asked_again(
    ami: Ami, a: Box
) -> None:
    async with Callers(a, "sales"):
        join = await ami.wait("GvqJoin")
        caller = join["Uniqueid"]
        started = await ami.wait("MusicOnHoldStart", Uniqueid=caller)
        assert started.at - join.at > 0.9
        again = await ami.wait("GvqAsk", 2)
        assert again.at - join.at > 4
        await ami.wait("Newexten", 15, Uniqueid=caller, Context="gvq-wait", Priority="1")
        await tell(ami, caller, POSITION)
        await word(ami, caller, "queue-thereare")
        assert music(ami, caller) == ["Start", "Stop"]


async def test_the_line_is_asked_again_when_it_said(ami: Ami, a: Box) -> None:
    async with Callers(a, "sales"):
        caller = await asked(ami, POSITION.replace("0,", "2,", 1))
        first = await ami.wait("GvqAsk")
        again = await ami.wait("GvqAsk", 2)
    # The words took longer than two seconds, so it asks as they end.
    assert (first["Heard"], first["Spoke"]) == ("", "0")
    assert again["Heard"] == "23.0.0..0"
    assert abs(int(again["Spoke"]) - (again.at - first.at)) < 2
    assert words(ami, caller) == WORDS
    assert again["Key"] == first["Key"] == "the-key"


@pytest.mark.parametrize(("extension", "told", "expected"), [
    ("sales", "0,,,,other,0", ["other"]),
    ("sales", "0,,,,,0", ["default"]),
    ("sales", "0,,,,,1", []),
    ("own-music", "0,,,,other,1", ["default"]),
])  # fmt: skip
async def test_the_queues_music_unless_the_caller_has_its_own(
    ami: Ami, a: Box, extension: str, told: str, expected: list[str]
) -> None:
    async with Callers(a, extension):
        caller = await asked(ami, told)
        # What stops it tells what plays.
        hush = "StopMusicOnHold" if expected else "StopPlayTones"
        await ami.wait("VarSet", Uniqueid=caller, Variable="GVQ_HUSH", Value=hush)
        classes = [event["Class"] for event in ami.all("MusicOnHoldStart", Uniqueid=caller)]
    assert classes == expected


# ── An agent answers ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("said", ["queue-thereare", "#23", "queue-callswaiting"])
async def test_who_answers_amid_an_announcement_talks_at_once_and_nothing_follows(
    ami: Ami, a: Box, said: str
) -> None:
    async with Phone("101", a.sip) as phone, Callers(a, "continue"):
        caller = await asked(ami, POSITION)
        await word(ami, caller, said)
        offer_id = await offer(ami, (await ami.wait("GvqJoin")), "PJSIP/101")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
        spoken = words(ami, caller)
        assert spoken == WORDS[: WORDS.index(said) + 1]
        phone.hang_up(phone.invites[0])
        assert (await ami.wait("Returned"))["Status"] == "CONTINUE"
        assert not ami.all("MusicOnHoldStart", Uniqueid=caller)
    assert words(ami, caller) == spoken


async def test_nothing_is_said_to_a_caller_whom_an_agent_has(ami: Ami, a: Box) -> None:
    """It would be cut off by the bridge."""
    async with Phone("101", a.sip), Callers(a, "announced-at-length"):
        caller = (join := await ami.wait("GvqJoin"))["Uniqueid"]
        offer_id = await offer(ami, join, "PJSIP/101")
        await ami.wait("GvqAnswer", Offer=offer_id)
        await ami.wait("GvqAsk", 2)
        await tell(ami, caller, POSITION)
        await ami.wait("VarSet", 2, Uniqueid=caller, Variable="GVQ_WORDS", Value="")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
    assert words(ami, caller) == []
    assert music(ami, caller).count("Start") == 1


async def test_whenever_an_agent_answers_the_talk_is_the_last_the_caller_hears(
    ami: Ami, a: Box
) -> None:
    """Race: twelve agents pick up at any step of their callers' announcements."""
    numbers = [f"555{n:04d}" for n in range(12)]
    async with AsyncExitStack() as stack:
        phones = [
            await stack.enter_async_context(
                Phone(f"1{n + 1:02d}", a.sip, answer_after=n / 7, talk=0.1)
            )
            for n in range(len(numbers))
        ]
        await stack.enter_async_context(Callers(a, "continue", numbers=numbers))
        await ami.wait("GvqAsk", len(numbers))
        joins = ami.all("GvqJoin")
        for join, phone in zip(joins, phones, strict=True):
            await tell(ami, join["Uniqueid"], POSITION)
            await offer(ami, join, f"PJSIP/{phone.agent}")
        await ami.wait("Returned", len(numbers))
    for join in joins:
        caller = join["Uniqueid"]
        entered = ami.all("BridgeEnter", Uniqueid=caller)
        assert len(entered) == 1
        after = ami.events[ami.events.index(entered[0]) :]
        later = [event for event in after if event["Uniqueid"] == caller]
        assert not [event for event in later if event.name == "MusicOnHoldStart"]
        assert heard.steps(later, "Uniqueid", caller) == []
    assert {event["Status"] for event in ami.all("Returned")} == {"CONTINUE"}


# ── Digits ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("said", ["", "queue-thereare", "#23", "queue-thankyou"])
@pytest.mark.parametrize("digits", ["1", "29", "*7"])
async def test_digits_lead_out(ami: Ami, a: Box, said: str, digits: str) -> None:
    """During music, a file, a number; one digit or several."""
    async with Callers(a, "continue"):
        caller = await asked(ami, WITH_KEYS if said else "0,,,exits,,0")
        if said:
            await word(ami, caller, said)
        else:
            await ami.wait("MusicOnHoldStart", Uniqueid=caller)
        await press(ami, caller, digits)
        left = await ami.wait("GvqLeave")
        out = await ami.wait("WentOut")
        assert await ami.variable(caller, "GVQ_STATE") == "left"
    assert (left["Outcome"], left["Reason"], left["Key"]) == ("exit_key", digits, "the-key")
    assert (out["Exten"], out["Status"], out["Stack"]) == (digits, "EXITWITHKEY", "")
    spoken = words(ami, caller)
    assert spoken == (WORDS[: WORDS.index(said) + 1] if said else [])
    assert not ami.all("Returned")


async def test_a_digit_that_leads_nowhere_is_forgotten_after_a_pause(ami: Ami, a: Box) -> None:
    async with Callers(a, "continue"):
        caller = await asked(ami, WITH_KEYS)
        await word(ami, caller, "queue-callswaiting")
        await press(ami, caller, "5")
        await ami.wait("MusicOnHoldStart", Uniqueid=caller)
        assert words(ami, caller) == WORDS[:3], "the announcement is over"
        first = await ami.wait("VarSet", Uniqueid=caller, Variable="GVQ_DIGITS", Value="5")
        await press(ami, caller, "1")
        await ami.wait("VarSet", Uniqueid=caller, Variable="GVQ_DIGITS", Value="51")
        assert await ami.variable(caller, "GVQ_STATE") == "waiting"
        # As if it had been pressed four seconds before.
        past = {"Variable": "GVQ_DIGIT_AT", "Value": f"{first.at - 4:.6f}"}
        await ami.action("Setvar", Channel=caller, **past)
        await press(ami, caller, "1")
        assert (await ami.wait("WentOut"))["Exten"] == "1"


async def test_where_digits_lead_nowhere_they_do_nothing(ami: Ami, a: Box) -> None:
    async with Callers(a, "continue"):
        caller = await asked(ami, POSITION)
        for said in WORDS:
            await word(ami, caller, said)
            await press(ami, caller, "1")
        await ami.wait("MusicOnHoldStart", Uniqueid=caller)
        await press(ami, caller, "1")
        await ami.wait("Newexten", Uniqueid=caller, Exten="1")
        assert await ami.variable(caller, "GVQ_STATE") == "waiting"
    assert words(ami, caller) == WORDS


async def test_a_key_pressed_while_an_agent_has_the_caller_counts_if_the_agent_goes(
    ami: Ami, a: Box
) -> None:
    async with Phone("101", a.sip) as phone, Callers(a, "announced-at-length"):
        join = await ami.wait("GvqJoin")
        caller = await asked(ami, "0,,,exits,,0")
        await ami.wait("MusicOnHoldStart", Uniqueid=caller)
        offer_id = await offer(ami, join, "PJSIP/101")
        await ami.wait("GvqAnswer", Offer=offer_id)
        await press(ami, caller, "1")
        await ami.wait("Newexten", Uniqueid=caller, Context="gvq-leave")
        assert not ami.all("GvqLeave")
        phone.hang_up(phone.invites[0])
        assert (await ami.wait("WentOut"))["Status"] == "EXITWITHKEY"
    assert not ami.all("BridgeEnter")


# ── Leaving amid an announcement ────────────────────────────────────────────────────────────


async def test_a_timeout_comes_after_the_word_and_a_release_at_once(ami: Ami, a: Box) -> None:
    async with Callers(a, "briefly"):
        caller = await asked(ami, POSITION)
        assert (await ami.wait("Returned"))["Status"] == "TIMEOUT"
    assert words(ami, caller) == ["queue-thereare"]
    ami.events.clear()
    async with Callers(a, "continue"):
        caller = await asked(ami, POSITION)
        await word(ami, caller, "queue-thereare")
        await release(ami, await ami.wait("GvqJoin"), "WITHDRAW")
        assert (await ami.wait("Returned"))["Status"] == "WITHDRAW"
    assert words(ami, caller) == ["queue-thereare"]


async def test_queuestatus_says_who_gave_up_and_who_was_served(ami: Ami, a: Box) -> None:
    """Queue() leaves it unset; the h extension finds it."""
    async with Callers(a, "sales") as callers:
        await ami.wait("MusicOnHoldStart")
        await callers.hang_up()
        assert (await ami.wait("OwnHangupExtension"))["Status"] == "ABANDON"
    ami.events.clear()
    async with Phone("101", a.sip) as phone, Callers(a, "sales"):
        offer_id = await offer(ami, await ami.wait("GvqJoin"), "PJSIP/101")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
        phone.hang_up(phone.invites[0])
        assert (await ami.wait("OwnHangupExtension"))["Status"] == "COMPLETE"


# ── What the agent hears, and the caller just before the talk ───────────────────────────────


def to_agent(ami: Ami, offer_id: str) -> list[str]:
    """What was played to the agent, said and waited, in order."""
    steps = (
        re.fullmatch(r"(?:1\?)?((?:Playback|SayNumber|Wait)\(.*\))", data)
        for event in ami.all("Newexten", Uniqueid=offer_id)
        for data in (f"{event['Application']}({event['AppData']})", event["AppData"])
    )
    return [match[1] for match in steps if match]


@pytest.mark.parametrize(("extension", "meeting", "expected"), [
    ("sales", "beep&beeperr,0,0,,,,", ["Playback(beep&beeperr)"]),
    ("announced", "beeperr,0,0,,,,", ["Playback(beep)"]),
    ("sales", ",1,0,,,,", ["Wait(1)"]),
    ("sales", "beep,1,1,queue-reporthold,queue-minutes,queue-seconds,",
     ["Wait(1)", "Playback(beep)", "Playback(queue-reporthold)", "SayNumber(2,n)",
      "Playback(queue-minutes)", "SayNumber(5,n)", "Playback(queue-seconds)"]),
    ("sales", ",0,1,,,,", ["SayNumber(2,n)", "SayNumber(5,n)"]),
])  # fmt: skip
async def test_the_agent_hears_what_the_queue_says(
    ami: Ami, a: Box, extension: str, meeting: str, expected: list[str]
) -> None:
    async with Phone("101", a.sip, audio=True) as phone, Callers(a, extension):
        join = await ami.wait("GvqJoin")
        caller = await asked(ami, "0,,,,,0")
        waits = any(step.startswith("Wait") for step in expected)
        since = int(time.time()) - 125 + (2 if "beep" in meeting and waits else 0)
        await ami.action("Setvar", Channel=caller, Variable="GVQ_SINCE", Value=f"{since}.0")
        offer_id = await offer(ami, join, "PJSIP/101", meeting=meeting)
        await ami.wait("GvqAnswer", Offer=offer_id)
        assert not ami.all("BridgeEnter")
        await ami.wait("BridgeEnter", Uniqueid=offer_id)
        played = [re.sub(r"SayNumber\([4-7],n\)", "SayNumber(5,n)", step)
                 for step in to_agent(ami, offer_id)]  # fmt: skip
        assert phone.heard or not any("Playback" in step for step in expected)
    assert played == expected


async def test_the_caller_hears_the_callerannounce_before_the_agent(ami: Ami, a: Box) -> None:
    """The agent's phone sends no audio, so what the caller hears in the bridge is the file."""
    for meeting, greets in ((",0,0,,,,queue-youarenext", True), (",0,0,,,,", False)):
        await ami.idle()
        async with (
            Phone("101", a.sip) as phone,
            Phone("120", a.sip, audio=True) as ear,
            Callers(a, "continue", media_port=ear.audio_port),
        ):
            await asked(ami, "0,,,,,0")
            offer_id = await offer(ami, await ami.wait("GvqJoin"), "PJSIP/101", meeting=meeting)
            await ami.wait("BridgeEnter", Uniqueid=offer_id)
            await ami.wait("BridgeEnter", Uniqueid=(await ami.wait("GvqJoin"))["Uniqueid"])
            before = ear.heard
            if greets:
                await ear.until(lambda before=before: ear.heard > before + 40)  # type: ignore[misc]
            phone.hang_up(phone.invites[0])
            assert (await ami.wait("Returned"))["Status"] == "CONTINUE"
            assert greets or ear.heard < before + 20
