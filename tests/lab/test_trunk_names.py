"""What a trunk may ask a box to ring: names of phones, and Local channels that the box lets in."""

import pytest

from tests.lab.ami import Ami, Event

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120, func_only=True)]


async def asked(ami: Ami, name: str) -> tuple[Event, list[str]]:
    """The end of a call that comes to this name over the trunk, and what was dialled for it."""
    ami.events.clear()
    call = {"Channel": f"Local/{name}@gvq-trunk/n", "Application": "Wait", "Data": "60"}
    await ami.action("Originate", Async="true", **call)
    response = await ami.wait("OriginateResponse")
    await ami.until(lambda: any(end["Channel"].endswith(";2") for end in ami.all("Hangup")))
    steps = ami.all("Newexten", Context="gvq-trunk")
    dials = [step["AppData"] for step in steps if step["Application"] in ("Dial", "ExecIf")]
    return response, dials


@pytest.mark.parametrize("name", [
    '101&202" & "a" = "b', "101&202", '101"', "101\\", "101)", "101 ", "101${X}",
    'local~101~agents" | "a" = "a', 'local~101&102~agents',
])  # fmt: skip
async def test_no_sign_gets_past_the_name(ami: Ami, name: str) -> None:
    response, dialled = await asked(ami, name)
    assert response["Response"] == "Failure"
    assert dialled == []


@pytest.mark.parametrize(("let_in", "name", "dialled"), [
    ("", "local~9001", []),
    ("", "local~9001~", []),
    ("", "local~9001~default", []),
    ("others,agents", "local~9001", []),
    ("others,agents", "local~9001~.*", []),
    ("others,agents", "local~9001~agent.", []),
    ("others,agents", "local~9001~others~agents", []),
    ("others,agents", "local~101~agents", ["Local/101@agents/n,3600"]),
    ("agents", "local~101~AGENTS", ["Local/101@agents/n,3600"]),
    ("agents", "local~101~agents", ["Local/101@agents/n,3600"]),
])  # fmt: skip
async def test_only_contexts_that_the_box_names_are_let_in(
    ami: Ami, let_in: str, name: str, dialled: list[str]
) -> None:
    before = (await ami.action("Getvar", Variable="GVQ_LOCAL"))["Value"]
    await ami.action("Setvar", Variable="GVQ_LOCAL", Value=let_in)
    try:
        assert (await asked(ami, name))[1] == dialled
        assert not ami.all("Astray")
    finally:
        await ami.action("Setvar", Variable="GVQ_LOCAL", Value=before)


async def test_the_end_of_a_call_rings_nobody(ami: Ami) -> None:
    _, (dialled,) = await asked(ami, "199")
    assert dialled.endswith(":Dial(PJSIP/199,3600)")
