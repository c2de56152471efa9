"""Lamps on the box: written when they differ, a few at a time, and honest without the line."""

import logging
from http import HTTPStatus

import pytest

from ami_adapter.lamps import AT_ONCE
from tests.adapter.support.adapter import running, serving, settings, settle
from tests.adapter.support.asterisk import Action, Conversation, Lines, Manager
from tests.adapter.support.coordinator import Coordinator
from tests.adapter.support.events import originate
from tests.waiting import eventually

#: What the box shows of former days.
FOUND: list[Lines] = [
    {"Device": "Custom:Queue:sales", "State": "RINGING"},
    {"Device": "Custom:Queue:gone", "State": "NOT_INUSE"},
    {"Device": "Custom:night", "State": "INUSE"},
    {"Device": "PJSIP/101", "State": "NOT_INUSE"},
]


def _lamp(action: Action) -> tuple[str, str]:
    assert action["Action"] == "Setvar"
    assert action["Channel"] == ""
    name = action["Variable"].removeprefix("DEVICE_STATE(Custom:Queue:").removesuffix(")")
    return name, action["Value"]


async def _written(box: Conversation) -> tuple[str, str]:
    action = await box.next()
    box.answer(action)
    return _lamp(action)


async def test_what_the_line_says_is_written_once(asterisk: Manager, line: Coordinator) -> None:
    async with running(asterisk, line) as here:
        await here.link.lamps({"sales": "RINGING"}, complete=True)
        assert await _written(here.box) == ("sales", "RINGING")
        await here.link.lamps({"sales": "RINGING"})
        await here.link.lamps({"sales": "NOT_INUSE"})
        assert await _written(here.box) == ("sales", "NOT_INUSE")


async def test_an_epoch_begins_with_what_the_box_shows(
    asterisk: Manager, line: Coordinator
) -> None:
    async with serving(settings(asterisk, line.url)):
        here = await settle(asterisk, line, devices=FOUND)
        assert here.snapshot.devices == {"PJSIP/101": "NOT_INUSE", "Custom:night": "INUSE"}
        await here.link.lamps({"sales": "RINGING", "support": "NOT_INUSE"})
        assert await _written(here.box) == ("support", "NOT_INUSE")
        await here.link.lamps({"sales": "NOT_INUSE"}, complete=True)
        written = {await _written(here.box), await _written(here.box)}
        assert written == {("sales", "NOT_INUSE"), ("gone", "INVALID")}


async def test_an_originate_waits_for_a_few_lamps_only(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.lamps({f"q{n}": "INUSE" for n in range(1000)})
        lamps = [await here.box.next() for _ in range(AT_ONCE)]
        await here.link.command("1-0", originate())
        assert (await here.box.next())["Action"] == "Originate"
        for action in lamps:
            here.box.answer(action)
        await _written(here.box)


async def test_of_what_changes_meanwhile_the_last_state_is_written(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        await here.link.lamps({"sales": "RINGING"})
        first = await here.box.next()
        for state in ("NOT_INUSE", "RINGING", "NOT_INUSE"):
            await here.link.lamps({"sales": state})
        await here.link.lamps({"last": "INUSE"})
        here.box.answer(first)
        assert await _written(here.box) == ("sales", "NOT_INUSE")
        assert await _written(here.box) == ("last", "INUSE")


async def test_without_the_line_for_long_lamps_say_so_until_it_is_back(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line, lamps_away_s=0.2) as here:
        await here.link.lamps({"sales": "RINGING", "sales_avail": "INUSE"}, complete=True)
        assert [await _written(here.box) for _ in range(2)]
        line.refuse = HTTPStatus.SERVICE_UNAVAILABLE
        await here.link.close(1012, "the coordinator stops")
        dark = {await _written(here.box), await _written(here.box)}
        assert dark == {("sales", "UNAVAILABLE"), ("sales_avail", "UNAVAILABLE")}
        line.refuse = None
        again = await line.accept(seq=1)
        await again.lamps({"sales": "RINGING", "sales_avail": "NOT_INUSE"}, complete=True)
        assert await _written(here.box) == ("sales", "RINGING")
        assert await _written(here.box) == ("sales_avail", "NOT_INUSE")


async def test_an_adapter_that_never_met_the_line_puts_old_lamps_out(
    asterisk: Manager, line: Coordinator
) -> None:
    line.refuse = HTTPStatus.SERVICE_UNAVAILABLE
    async with serving(settings(asterisk, line.url, lamps_away_s=0.1)):
        box = await asterisk.accept()
        await box.log_in()
        await box.resync(devices=FOUND)
        dark = {await _written(box), await _written(box)}
        assert dark == {("sales", "UNAVAILABLE"), ("gone", "UNAVAILABLE")}


async def test_a_second_adapter_that_the_line_refuses_leaves_the_lamps_alone(
    asterisk: Manager, line: Coordinator
) -> None:
    line.refuse = HTTPStatus.CONFLICT
    async with serving(settings(asterisk, line.url, lamps_away_s=0.05, ami_ping_s=0.02)):
        box = await asterisk.accept()
        await box.log_in()
        await box.resync(devices=FOUND)

        async def tried_often() -> bool:
            action = await box.read()
            assert action["Action"] == "Ping", action
            box.answer(action)
            return line.tries > 10

        await eventually(tried_often)


async def test_a_box_that_takes_no_lamps_is_told_of_once(
    asterisk: Manager, line: Coordinator, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(asterisk, line) as here:
        await here.link.lamps({"sales": "RINGING", "support": "INUSE"})
        for _ in range(2):
            here.box.answer(await here.box.next(), "Error", Message="Variable failed to be set")
        await here.join()
        errors = [r for r in caplog.records if r.levelno == logging.ERROR]
        assert [r.getMessage() for r in errors] == [
            "No lamps: Variable failed to be set; is func_devstate loaded?"
        ]


async def test_what_the_box_says_of_its_lamps_goes_nowhere(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        here.box.event("DeviceStateChange", Device="Custom:Queue:sales", State="RINGING")
        here.box.event("DeviceStateChange", Device="PJSIP/101", State="INUSE")
        event = (await here.link.event()).event
        assert event.kind == "device"
        assert event.interface == "PJSIP/101"


async def test_a_lamp_that_would_be_another_function_ends_the_link(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        await here.link.socket.send('{"type":"lamps","states":{"Queue:a)b(c":"INUSE"}}')
        await here.link.ended()
        again = await line.accept(seq=1)
        await again.lamps({"sales": "INUSE"})
        assert await _written(here.box) == ("sales", "INUSE")
