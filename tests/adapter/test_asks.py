"""What a waiting caller is to hear: asked by the dialplan, answered on the channel."""

import pytest

from ami_adapter import asks
from ami_adapter.actions import MAX_LINE
from ami_adapter.headers import Headers
from coordinator.protocol import Ask, Told
from tests.adapter.support.adapter import running
from tests.adapter.support.asterisk import Manager
from tests.adapter.support.coordinator import Coordinator
from tests.adapter.support.events import BOX, CALLER, KEY, box, joined, left

TOLD = Told(
    call_id="a-17.1-1",
    uniqueid=CALLER,
    words=["queue-thereare", "#12", "queue-callswaiting"],
    heard="12.0.0..0",
    again_s=15,
    context="keys",
    musicclass="jazz",
    ringing=True,
    patience_s=7200,
)


def asked(visit: str = "1", **changes: str) -> Headers:
    """A GvqAsk as the dialplan raises it."""
    headers = {"event": "UserEvent", "userevent": "GvqAsk", "uniqueid": CALLER, "key": KEY}
    return headers | {"visit": visit, "heard": "3.40.0..0", "spoke": "7"} | changes


def test_a_waiting_caller_asks() -> None:
    here = box()
    here.take(joined())
    taken = here.take(asked())
    assert taken.ask == Ask(call_id="a-17.1-1", heard="3.40.0..0", spoke_s=7)
    assert (taken.events, taken.problem) == ((), "")
    assert here.take(asked(heard="", spoke="99999")).ask == Ask(call_id="a-17.1-1", spoke_s=3600)


def test_nobody_else_does() -> None:
    """Not joined by our account yet, another visit, left already."""
    here = box()
    assert here.take(asked()).ask is None
    here.take(joined())
    assert here.take(asked(visit="2")).ask is None
    here.take(left())
    assert here.take(asked()).ask is None


@pytest.mark.parametrize(("changes", "says"), [
    ({"key": "x"}, "our key"), ({"visit": "0"}, "Visit"), ({"visit": ""}, "visit is missing"),
    ({"spoke": "-1"}, "Spoke"), ({"heard": "1|2"}, "heard"), ({"heard": "1" * 65}, "heard"),
])  # fmt: skip
def test_what_cannot_be_read_is_dropped_and_said(changes: dict[str, str], says: str) -> None:
    here = box()
    here.take(joined())
    taken = here.take(asked(**changes))
    assert taken.ask is None
    assert says in taken.problem
    assert taken.foreign == ("key" in changes)


def test_the_answer_in_a_variable() -> None:
    words = "queue-thereare&#12&queue-callswaiting"
    assert asks.answer(TOLD) == f"15,12.0.0..0,{words},keys,jazz,1,7200,0"


def test_the_longest_answer_fits_a_line_of_the_manager() -> None:
    sound = "a" * 64
    longest = Told(
        call_id="a-1-1", uniqueid="a-1", words=[sound] * 11, heard="1" * 64, again_s=86_400,
        context=sound, musicclass=sound, ringing=True, patience_s=7200,
    )  # fmt: skip
    assert len(f"Value: {asks.answer(longest)}\r\n") <= MAX_LINE


async def test_an_ask_is_answered_on_the_channel(asterisk: Manager, line: Coordinator) -> None:
    """Behind the join of the same read: the line must know who asks."""
    async with running(asterisk, line) as here:
        here.dialplan(dict(joined()))
        here.dialplan(dict(asked()))
        await here.link.event()
        assert await here.link.asked() == Ask(call_id="a-17.1-1", heard="3.40.0..0", spoke_s=7)
        await here.link.tells(TOLD)
        action = await here.box.expect("Setvar")
        assert (action["Channel"], action["Variable"]) == (CALLER, "GVQ_TOLD")
        assert action["Value"] == asks.answer(TOLD)
        here.box.answer(action)


async def test_an_answer_for_who_waits_no_more_is_passed_over(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        here.dialplan(dict(left()))
        await here.link.event()
        await here.link.tells(TOLD)
        await here.join("a-18.1")
        other = TOLD.model_copy(update={"uniqueid": "a-18.1", "call_id": f"{BOX}-18.1-1"})
        await here.link.tells(other)
        assert (await here.box.expect("Setvar"))["Channel"] == "a-18.1"


async def test_what_was_asked_without_a_link_is_not_asked_later(
    asterisk: Manager, line: Coordinator
) -> None:
    """The answer would speak of a place that is not the caller's any more."""
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.close(1012, "restart")
        here.dialplan(dict(asked(spoke="1")))
        here.dialplan(dict(joined("a-18.1")))
        again = await line.accept(seq=2)
        await again.event()
        here.dialplan(dict(asked(spoke="2")))
        assert (await again.asked()).spoke_s == 2
