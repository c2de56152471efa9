"""How a queue stands: from the dialplan's event to the variables on the channel; and QueueLog()."""

import re
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

import ami_adapter
from ami_adapter import looks
from ami_adapter.actions import MAX_LINE
from ami_adapter.headers import Headers
from coordinator.protocol import Figures, Logged, Look, MemberFigures, Seen
from tests.adapter.support.adapter import running
from tests.adapter.support.asterisk import Manager
from tests.adapter.support.coordinator import Coordinator
from tests.adapter.support.events import KEY, box
from tests.waiting import eventually

CALLER = "a-21.7"
DIALPLAN = (Path(ami_adapter.__file__).parent / "dialplan" / "gvq.conf").read_text("utf-8")
SECTION = DIALPLAN.partition("[gvq-look]\n")[2]

FIGURES: dict[str, Any] = {
    "waiting": 3, "logged": 4, "free": 2, "ready": 1, "count": 5, "channel": "PJSIP/t-00000001",
    "box": "b", "maxlen": 20, "strategy": "linear", "hold_s": 12, "talk_s": 60, "completed": 8,
    "abandoned": 7, "level_s": 30, "level_percent": 87.5, "members": ["PJSIP/101", "Local/1@x/n"],
}  # fmt: skip


def wanted(**changes: str) -> Headers:
    """A GvqLook as the dialplan raises it."""
    headers = {
        "event": "UserEvent", "userevent": "GvqLook", "uniqueid": CALLER, "number": "1",
        "queue": "sales", "interface": "", "position": "", "key": KEY,
    }  # fmt: skip
    return headers | changes


def seen(member: MemberFigures | None = None, number: int = 1, **changes: Any) -> Seen:
    figures = Figures(**FIGURES | changes)
    return Seen(uniqueid=CALLER, number=number, result="FOUND", figures=figures, member=member)


LOOK = Look(uniqueid=CALLER, number=1, queue="sales")


def test_what_the_dialplan_leaves_out_is_not_asked() -> None:
    taken = box().take(wanted())
    assert taken.look == LOOK
    assert (taken.events, taken.problem, taken.change) == ((), "", None)


def test_all_that_can_be_asked() -> None:
    said = {"queue": "a%0d%0aX: 1", "interface": "PJSIP%2F101", "position": "12", "number": "9"}
    asked = Look(uniqueid=CALLER, number=9, queue="a  X: 1", interface="PJSIP/101", position=12)
    assert box().take(wanted(**said)).look == asked


@pytest.mark.parametrize("changes", [
    {"queue": ""}, {"position": "0"}, {"position": "-1"}, {"position": "first"},
    {"position": "1000001"}, {"position": "1%0d"},
])  # fmt: skip
def test_nonsense_is_answered_at_once(changes: dict[str, str]) -> None:
    invalid = Seen(uniqueid=CALLER, number=1, result="INVALID")
    assert box().take(wanted(**changes)).look == invalid


@pytest.mark.parametrize(("changes", "says"), [
    ({"key": "x"}, "our key"), ({"number": "0"}, "Number"), ({"number": ""}, "number is missing"),
    ({"uniqueid": ""}, "uniqueid is missing"), ({"uniqueid": "/x"}, "uniqueid"),
])  # fmt: skip
def test_whom_nobody_can_answer_is_dropped_and_said(changes: dict[str, str], says: str) -> None:
    taken = box().take(wanted(**changes))
    assert taken.look is None
    assert says in taken.problem
    assert taken.foreign == ("key" in changes)


def shown(answer: Seen) -> dict[str, str]:
    """What the dialplan makes of an answer: its ARRAY() over the fields."""
    [names] = re.findall(r"ARRAY\(([A-Z_,]+)\)=\$\{GVQ_SEEN\}", SECTION)
    fields = dict(looks.variables(answer))[f"GVQ_SEEN_{answer.number}"].split(",")
    assert len(fields) <= len(names.split(","))
    return dict(zip(names.split(","), fields, strict=False))


def test_the_dialplan_gives_each_field_the_name_of_its_function() -> None:
    assert shown(seen(MemberFigures(penalty=5, paused=True, ringinuse=False))) == {
        "LOOKSTATUS": "FOUND", "QUEUE_EXISTS": "1", "QUEUE_WAITING_COUNT": "3",
        "QUEUE_MEMBER_LOGGED": "4", "QUEUE_MEMBER_FREE": "2", "QUEUE_MEMBER_READY": "1",
        "QUEUE_MEMBER_COUNT": "5", "QUEUE_GET_CHANNEL": "PJSIP/t-00000001", "QUEUE_GET_BOX": "b",
        "QUEUEMAX": "20", "QUEUESTRATEGY": "linear", "QUEUECALLS": "3", "QUEUEHOLDTIME": "12",
        "QUEUETALKTIME": "60", "QUEUECOMPLETED": "8", "QUEUEABANDONED": "7", "QUEUESRVLEVEL": "30",
        "QUEUESRVLEVELPERF": "87.5", "QUEUE_MEMBER_PENALTY": "5", "QUEUE_MEMBER_PAUSED": "1",
        "QUEUE_MEMBER_RINGINUSE": "0",
    }  # fmt: skip
    assert "QUEUE_MEMBER_PENALTY" not in shown(seen())


def test_without_figures_only_the_result_is_said() -> None:
    for result, there in (("NOSUCHQUEUE", "0"), ("INVALID", ""), ("LINEAWAY", "")):
        answer = Seen.model_validate({"uniqueid": CALLER, "number": 1, "result": result})
        assert shown(answer) == {"LOOKSTATUS": result, "QUEUE_EXISTS": there}


@pytest.mark.parametrize("members", [0, 1, 90, 91, 2000])
def test_a_list_comes_in_parts_of_whole_names_as_long_as_the_dialplan_reads_it(
    members: int,
) -> None:
    interfaces = [f"PJSIP/{1000 + number}" for number in range(members)]
    *parts, last = looks.variables(seen(members=interfaces, number=3))
    assert last[0] == "GVQ_SEEN_3"
    assert all(len(f"Value: {value}\r\n") <= MAX_LINE for _, value in parts)
    read = re.findall(r"GVQ_LIST_\$\{GVQ_LOOKED\}_(\d)", SECTION)
    assert [name for name, _ in parts] == [f"GVQ_LIST_3_{n}" for n in read][: len(parts)]
    names = "".join(value for _, value in parts).split(",") if parts else []
    assert names == interfaces[: len(names)]
    assert len(names) == members or len(names) >= 325


async def test_a_look_is_asked_and_answered_on_the_channel(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        here.dialplan(dict(wanted()))
        assert await here.link.look() == LOOK
        await here.link.seen(seen())
        listed, told = await here.box.expect("Setvar"), await here.box.expect("Setvar")
        assert (listed["Channel"], listed["Value"]) == (CALLER, "PJSIP/101,Local/1@x/n")
        assert (told["Channel"], told["Variable"]) == (CALLER, "GVQ_SEEN_1")


async def test_nonsense_never_leaves_the_box(asterisk: Manager, line: Coordinator) -> None:
    async with running(asterisk, line) as here:
        here.dialplan(dict(wanted(number="2", position="x")))
        action = await here.box.expect("Setvar")
        assert (action["Variable"], action["Value"]) == ("GVQ_SEEN_2", "INVALID,")
        here.dialplan(dict(wanted()))
        assert (await here.link.look()).number == 1


async def test_without_a_link_the_dialplan_is_told_at_once(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        line.refuse = HTTPStatus.SERVICE_UNAVAILABLE
        await here.link.close(1012, "restart")
        await eventually(lambda: _tried_again(line))
        here.dialplan(dict(wanted()))
        action = await here.box.expect("Setvar")
        assert (action["Variable"], action["Value"]) == ("GVQ_SEEN_1", "LINEAWAY,")


async def _tried_again(line: Coordinator) -> bool:
    return line.tries >= 2


# ── QueueLog() ──────────────────────────────────────────────────────────────────────────────


def logs(**changes: str) -> Headers:
    """A GvqLog as the dialplan raises it."""
    headers = {
        "event": "UserEvent", "userevent": "GvqLog", "uniqueid": CALLER, "queue": "sales",
        "call": "17.1", "agent": "PJSIP%2F101", "what": "SURVEY", "info": "5%7Cgood", "key": KEY,
    }  # fmt: skip
    return headers | changes


SURVEY = Logged(
    queue="sales", uniqueid="17.1", interface="PJSIP/101", event="SURVEY", message="5|good"
)


def test_a_line_for_queue_log_is_an_event() -> None:
    assert box().take(logs()).events == (SURVEY,)
    [bare] = box().take(logs(info="", call="x%0d%0ay")).events
    assert bare == SURVEY.model_copy(update={"message": "", "uniqueid": "x  y"})


@pytest.mark.parametrize("missing", ["queue", "call", "agent", "what"])
def test_a_line_that_lacks_what_queuelog_needs_is_dropped_and_said(missing: str) -> None:
    taken = box().take(logs(**{missing: ""}))
    assert (taken.events, taken.problem) == (
        (),
        f"UserEvent GvqLog dropped: header {missing} is missing",
    )


def test_a_forged_line_is_dropped() -> None:
    assert box().take(logs(key="x")).foreign


async def test_a_line_is_kept_back_while_the_link_is_down(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        line.refuse = HTTPStatus.SERVICE_UNAVAILABLE
        await here.link.close(1012, "restart")
        await eventually(lambda: _tried_again(line))
        here.dialplan(dict(logs()))
        line.refuse = None
        again = await line.accept(seq=1)
        assert (await again.event()).event == SURVEY
