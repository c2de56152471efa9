"""What an agent changes by phone: from the dialplan's event to the answer on the channel."""

import re
from http import HTTPStatus
from pathlib import Path
from typing import get_args

import pytest

import ami_adapter
from ami_adapter.actions import MAX_LINE
from ami_adapter.headers import Headers
from coordinator.boxes.changing import BEGIN_S
from coordinator.protocol import AgentChange, Change, Changed, ChangeResult
from tests.adapter.support.adapter import running
from tests.adapter.support.asterisk import Manager
from tests.adapter.support.coordinator import Coordinator
from tests.adapter.support.events import KEY, box
from tests.waiting import eventually

PHONE = "a-21.7"
DIALPLAN = (Path(ami_adapter.__file__).parent / "dialplan" / "gvq.conf").read_text("utf-8")


def wanted(change: str = "pause", **changes: str) -> Headers:
    """A GvqChange as the dialplan raises it."""
    headers = {
        "event": "UserEvent", "userevent": "GvqChange", "channel": "PJSIP/101-00000001",
        "uniqueid": PHONE, "number": "1", "change": change, "interface": "PJSIP%2F101", "key": KEY,
    }  # fmt: skip
    return headers | changes


PAUSE = Change(uniqueid=PHONE, number=1, what="pause", interface="PJSIP/101")


def test_what_the_dialplan_leaves_out_is_not_set() -> None:
    taken = box().take(wanted())
    assert taken.change == PAUSE
    assert (taken.events, taken.problem, taken.ask) == ((), "", None)


def test_all_that_can_be_said() -> None:
    said = {
        "queue": "sales", "reason": "caf%C3%A9%0d%0aX: 1", "penalty": "7", "paused": "1",
        "membername": "Ann%20B", "stateinterface": "hint%3A101%40phones", "wrapuptime": "30",
        "ringinuse": "1",
    }  # fmt: skip
    assert box().take(wanted("add", number="12", **said)).change == Change(
        uniqueid=PHONE, number=12, what="add", interface="PJSIP/101", queue="sales",
        reason="café  X: 1", penalty=7, paused=True, name="Ann B",
        state_interface="hint:101@phones", wrapuptime=30, ringinuse=True,
    )  # fmt: skip


@pytest.mark.parametrize("changes", [
    {"change": "delete"}, {"change": ""}, {"interface": ""}, {"interface": "101"},
    {"interface": "PJSIP%2F101%26PJSIP%2F102"}, {"interface": "PJSIP%2F" + "1" * 80},
    {"penalty": "-1"}, {"penalty": "100000"}, {"penalty": "high"}, {"wrapuptime": "-1"},
    {"wrapuptime": "86401"}, {"stateinterface": "phone"}, {"stateinterface": "hint:1@a%0d"},
])  # fmt: skip
def test_nonsense_is_answered_at_once(changes: dict[str, str]) -> None:
    invalid = Changed(uniqueid=PHONE, number=1, result="INVALID")
    assert box().take(wanted(**changes)).change == invalid


@pytest.mark.parametrize(("changes", "says"), [
    ({"key": "x"}, "our key"), ({"number": "0"}, "Number"), ({"number": ""}, "number is missing"),
    ({"number": "1000001"}, "Number"), ({"uniqueid": ""}, "uniqueid is missing"),
    ({"uniqueid": "/x"}, "uniqueid"),
])  # fmt: skip
def test_whom_nobody_can_answer_is_dropped_and_said(changes: dict[str, str], says: str) -> None:
    taken = box().take(wanted(**changes))
    assert taken.change is None
    assert says in taken.problem
    assert taken.foreign == ("key" in changes)


def test_the_dialplan_asks_for_what_there_is_and_says_something_to_every_answer() -> None:
    assert set(re.findall(r"=Change: (\w+)", DIALPLAN)) == set(get_args(AgentChange))
    heard = DIALPLAN.partition("[gvq-hears]")[2]
    own = set(re.findall(r"^exten => ([A-Z]+),1", heard, re.MULTILINE))
    assert own < set(get_args(ChangeResult))
    assert all(re.fullmatch("[A-Z]+", result) for result in get_args(ChangeResult))
    assert "exten => _[A-Z]!,1," in heard


def test_the_dialplan_waits_longer_than_a_change_may_wait_to_be_made() -> None:
    waiting = DIALPLAN.partition("[gvq-change]")[2].partition("\n[")[0]
    [looks] = re.findall(r"LOCAL\(GVQ_LOOKS\)=(\d+)", waiting)
    [pause] = re.findall(r"Wait\(([.\d]+)\)", waiting)[:1]
    assert int(looks) * float(pause) > BEGIN_S + 1


async def test_a_change_is_asked_and_answered_on_the_channel(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        here.dialplan(dict(wanted()))
        assert await here.link.change() == PAUSE
        await here.link.changed(Changed(uniqueid=PHONE, number=1, result="PAUSED"))
        action = await here.box.expect("Setvar")
        assert len(action.raw) < MAX_LINE
        assert (action["Channel"], action["Variable"], action["Value"]) == (
            PHONE, "GVQ_CHANGED_1", "PAUSED",
        )  # fmt: skip


async def test_nonsense_never_leaves_the_box(asterisk: Manager, line: Coordinator) -> None:
    async with running(asterisk, line) as here:
        here.dialplan(dict(wanted(number="2", interface="")))
        action = await here.box.expect("Setvar")
        assert (action["Variable"], action["Value"]) == ("GVQ_CHANGED_2", "INVALID")
        here.dialplan(dict(wanted()))
        assert (await here.link.change()).number == 1


async def test_without_a_link_the_phone_is_told_at_once_and_nobody_later(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        line.refuse = HTTPStatus.SERVICE_UNAVAILABLE
        await here.link.close(1012, "restart")
        await eventually(lambda: _tried_again(line))
        here.dialplan(dict(wanted()))
        action = await here.box.expect("Setvar")
        here.box.answer(action)
        assert (action["Variable"], action["Value"]) == ("GVQ_CHANGED_1", "LINEAWAY")
        line.refuse = None
        again = await line.accept(seq=1)
        here.dialplan(dict(wanted(number="9")))
        assert (await again.change()).number == 9


async def _tried_again(line: Coordinator) -> bool:
    return line.tries >= 2
