"""Arguments of the Gosub with signs that mean something to Asterisk, on a real box: nothing is
evaluated, and nothing leaves its field."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from ami_adapter.lab import Box
from tests.e2e.lab_site import LabSite
from tests.e2e.rig import Rig
from tests.lab.ami import Ami, Event
from tests.lab.desks import call_to, logged, onlooker

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120, func_only=True)]

#: What the caller's channel keeps of its options.
NAMES = (
    "GVQ_CONTINUE", "GVQ_RING", "GVQ_ONCE", "GVQ_MUSIC", "GVQ_OPTIONS", "GVQ_FEATURES",
    "GVQ_PREDIAL", "GVQ_BEFORE", "GVQ_GO", "GVQ_HIDES",
)  # fmt: skip

#: Options → what they are; left out: 0, and empty. Where the caller is: hard@from-outside.
READ: dict[str, dict[str, str]] = {
    "cn": {"GVQ_CONTINUE": "1", "GVQ_ONCE": "1"},
    "hHtTkKxX": {"GVQ_FEATURES": "HhTtKkXx"},
    "wWdC": {},
    "m(classic)n": {"GVQ_MUSIC": "classic", "GVQ_ONCE": "1"},
    "m(crHni)": {"GVQ_MUSIC": "crHni"},
    "F(a^b^2)I": {"GVQ_GO": "a^b^2", "GVQ_HIDES": "1"},
    "F(a,b,2)c": {"GVQ_GO": "a^b^2", "GVQ_CONTINUE": "1"},
    "F(b^2)": {"GVQ_GO": "from-outside^b^2"},
    "F(2)": {"GVQ_GO": "from-outside^hard^2"},
    "Fc": {"GVQ_GO": "from-outside^hard^2", "GVQ_CONTINUE": "1"},
    "F": {"GVQ_GO": "from-outside^hard^2"},
    "b(a^s^1(x^y))c": {"GVQ_PREDIAL": "a^s^1(x^y)", "GVQ_OPTIONS": "b", "GVQ_CONTINUE": "1"},
    "b(s^1(c^r))": {"GVQ_PREDIAL": "from-outside^s^1(c^r)", "GVQ_OPTIONS": "b"},
    "rB(before^x^1(n))i": {"GVQ_BEFORE": "before^x^1(n)", "GVQ_RING": "1", "GVQ_OPTIONS": "i"},
    "b(a^s^1)B(z^s^1)F(y^s^1)": {
        "GVQ_PREDIAL": "a^s^1", "GVQ_BEFORE": "z^s^1", "GVQ_GO": "y^s^1", "GVQ_OPTIONS": "b",
    },
    'c"n': {"GVQ_CONTINUE": "1", "GVQ_ONCE": "1"},
    'c" = "" | "': {"GVQ_CONTINUE": "1"},
    "c\\n": {"GVQ_CONTINUE": "1", "GVQ_ONCE": "1"},
    "c]&$[1/0]": {"GVQ_CONTINUE": "1"},
    "F(a^b^${SHELL(touch @OUT@)})": {"GVQ_GO": "a^b^${SHELL(touch @OUT@)}"},
    "m(a:System(touch @OUT@))": {"GVQ_MUSIC": "a:System(touch @OUT@)"},
    "c):System(touch @OUT@": {"GVQ_CONTINUE": "1", "GVQ_ONCE": "0"},
    "äöc€": {"GVQ_CONTINUE": "1"},
}  # fmt: skip

#: Where no letter is an option: unset is 0 for some and empty for others.
ZERO = ("GVQ_CONTINUE", "GVQ_RING", "GVQ_ONCE", "GVQ_HIDES")


async def agi(
    heard: asyncio.Queue[dict[str, str]],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """A FastAGI server that tells what it was given, and two variables of the channel."""
    block = (await reader.readuntil(b"\n\n")).decode()
    told = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
    for name in ("GVQ_OFFER", "GVQ_CALLER"):
        writer.write(f"GET VARIABLE {name}\n".encode())
        told[name] = (await reader.readline()).decode().partition("(")[2].partition(")")[0]
    writer.close()
    heard.put_nowait(told)


async def joined(ami: Ami, extension: str, hard: str) -> Event:
    """A call to the extension, with these signs in its arguments; it waits."""
    ami.events.clear()
    await ami.action("Setvar", Variable="HARD", Value=hard)
    await ami.action(
        "Originate", Channel=f"Local/{extension}@from-outside/n", Application="Wait", Data="60",
        Async="true",
    )  # fmt: skip
    return await ami.wait("GvqJoin")


async def test_options_are_read_as_queue_reads_them(ami: Ami, a: Box) -> None:
    root = Path(a.etc_dir).parents[1]
    out = f"{root}/evil"
    wrong = []
    for text, wanted in READ.items():
        join = await joined(ami, "hard", text.replace("@OUT@", out))
        got = {name: await ami.variable(join["Uniqueid"], name) for name in NAMES}
        expected = {name: "0" if name in ZERO else "" for name in NAMES}
        expected |= {name: value.replace("@OUT@", out) for name, value in wanted.items()}
        if got != expected:
            wrong.append((text, {n: got[n] for n in NAMES if got[n] != expected[n]}))
        await ami.idle()
    assert wrong == [], wrong
    assert list(root.rglob("evil")) == []


async def test_what_a_caller_dials_brings_dial_no_options(ami: Ami) -> None:
    """Option b(5): the subroutine is priority 5 of the extension that was dialled."""
    join = await joined(ami, "dialled*1)G(outbound^00123^1", "")
    predial = await ami.variable(join["Uniqueid"], "GVQ_PREDIAL")
    assert predial == "from-outside^dialled*1Goutbound001231^5"
    await ami.idle()


@pytest.mark.asyncio(loop_scope="module")
async def test_arguments_reach_agi_subroutine_and_queue_log_as_they_are(rig: Rig) -> None:
    """FastAGI, with signs in its address that a dialplan would take for its own, and a bracket that
    ends the argument."""
    assert isinstance(rig.site, LabSite)
    root = Path(rig.site.by_name["a"].etc_dir).parents[1]
    hard = "x?a=1&b=$[1+1];{}|y:z"
    evil = f"):System(touch {root}/evil)"
    heard: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    async with await asyncio.start_server(partial(agi, heard), "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await rig.queue(membergosub="popup,a:b/c,d=1")
        await rig.agent("101", "a")
        ami = onlooker(rig)
        ami.events.clear()
        await ami.action("Setvar", Variable="HARD", Value=f"agi://127.0.0.1:{port}/{hard}{evil}")
        caller = await call_to(rig, "asks")
        told = await asyncio.wait_for(heard.get(), 10)
        connected = await rig.coordinator.happens("call.connected", call_id=caller.call_id)
    assert told["agi_uniqueid"] == told["GVQ_OFFER"] == connected.data["offer_id"]
    assert told["GVQ_CALLER"] == connected.data["uniqueid"]
    assert told["agi_network_script"] == hard
    assert (await ami.wait("Popup"))["Args"] == "a:b/c-d=1"
    await logged(rig, caller, f"ENTERQUEUE|http://x/?a=1&b=2_{caller.number}|{caller.number}|1")
    assert list(root.rglob("evil")) == []
