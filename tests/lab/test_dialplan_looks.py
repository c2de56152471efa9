"""gvq.conf's gvq-look and gvq-log on a real box. No adapter, no coordinator: this test answers."""

import pytest

from ami_adapter.lab import Box
from ami_adapter.lab.callers import Callers
from tests.lab.ami import Ami, Event

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120, func_only=True)]


async def answer(ami: Ami, look: Event, name: str, value: str) -> None:
    """Sets a variable on the channel that looks, as the adapter does."""
    await ami.action("Setvar", Channel=look["Uniqueid"], Variable=name, Value=value)


def told(looked: Event) -> tuple[str, str]:
    return looked["Status"], looked["Waiting"]


async def test_a_look_asks_and_waits_for_its_own_answer(ami: Ami, a: Box) -> None:
    """The first gets none: that dialplan goes on, and the answer that comes late is no other's."""
    async with Callers(a, "looks"):
        first = await ami.wait("GvqLook")
        fields = ("Number", "Queue", "Interface", "Position", "Key")
        assert [first[name] for name in fields] == ["1", "sales", "", "", "the-key"]
        assert told(await ami.wait("Looked")) == ("LINEAWAY", "")
        second = await ami.wait("GvqLook", 2)
        asked = [second[name] for name in fields]
        assert asked == ["2", "help_2.x-y", "PJSIP%2F101%26x", "2", "the-key"]
        await answer(ami, first, "GVQ_SEEN_1", "FOUND,1,99")
        names = [f"PJSIP/{number}" for number in range(1000, 1320)]
        listed = ",".join(names)
        for part in range(0, len(listed), 900):
            await answer(ami, second, f"GVQ_LIST_2_{part // 900 + 1}", listed[part : part + 900])
        await answer(ami, second, "GVQ_SEEN_2", "FOUND,1,3,,2")
        looked = await ami.wait("Looked", 2)
        assert (*told(looked), looked["End"]) == ("FOUND", "3", f"{len(listed)} PJSIP/1319")
        assert await ami.variable(second["Uniqueid"], "QUEUE_MEMBER_LOGGED") == ""
        assert await ami.variable(second["Uniqueid"], "QUEUE_MEMBER_FREE") == "2"


async def test_who_hangs_up_while_looking_gets_the_callers_own_h_extension(
    ami: Ami, a: Box
) -> None:
    async with Callers(a, "looks") as group:
        await ami.wait("GvqLook")
        await group.hang_up()
        await ami.wait("OwnHangupExtension")
    assert len(ami.all("GvqLook")) == 1


async def test_a_line_for_queue_log_is_told_encoded_and_waits_for_nobody(ami: Ami, a: Box) -> None:
    async with Callers(a, "logs"):
        logged, update = await ami.wait("GvqLog"), await ami.wait("GvqLog", 2)
    fields = ("Queue", "Agent", "What", "Info", "Key")
    told = [logged[name] for name in fields]
    assert told == ["sales", "Agent%2F7", "SURVEY", "5%7Cvery%20good", "the-key"]
    assert logged["Call"] == logged["Uniqueid"]
    told = [update[name] for name in ("Call", *fields)]
    info = "ANSWER%7C61%7C70%7C555"
    assert told == ["17.1", "sales", "Ann%20B", "OUTCALL", info, "the-key"]
