"""The link to the coordinator, over real sockets: order, resumption, refusals, replicas."""

import logging
from http import HTTPStatus

import pytest

from coordinator.protocol import (
    CLOSE_ALREADY_LINKED,
    CLOSE_BAD_FRAME,
    CLOSE_OUT_OF_SEQUENCE,
    CLOSE_RESYNC,
    CLOSE_STALE,
    CLOSE_UNAUTHORIZED,
    CLOSE_UNAVAILABLE,
    CLOSE_WRONG_BOX,
    Join,
    Snapshot,
)
from tests.adapter.support.adapter import running, serving, settings, settle
from tests.adapter.support.asterisk import Manager
from tests.adapter.support.coordinator import Coordinator, coordinator
from tests.adapter.support.events import joined
from tests.waiting import eventually


async def test_hello_says_who_we_are(asterisk: Manager, line: Coordinator) -> None:
    async with running(asterisk, line) as here:
        assert line.paths == ["/v1/boxes/a/link"]
        assert line.tokens == ["Bearer t0ken"]
        assert (here.link.hello.box, here.link.hello.version) == ("a", 2)
        assert here.first.seq == 1
        assert here.snapshot == Snapshot()


async def test_the_link_beats(asterisk: Manager, line: Coordinator) -> None:
    async with serving(settings(asterisk, line.url)):
        box = await asterisk.accept()
        await box.log_in()
        await box.resync()
        link = await line.accept(heartbeat_s=0.01)
        await link.event()
        for _ in range(3):
            await link.beat()


async def test_events_wait_for_no_clock(asterisk: Manager, line: Coordinator) -> None:
    """Fifty joins, each waited for: any polling on the way would take longer."""
    async with running(asterisk, line) as here:
        ages = []
        for n in range(50):
            here.dialplan(dict(joined(f"a-{n}.1")))
            ages.append((await here.link.event()).age_us)
        assert sorted(ages)[25] < 10_000


async def test_unacked_events_are_sent_again_in_order_and_older(
    asterisk: Manager, line: Coordinator
) -> None:
    async with running(asterisk, line) as here:
        for uniqueid in ("a-1.1", "a-1.2"):
            here.dialplan(dict(joined(uniqueid)))
        before = [await here.link.event(ack=False) for _ in range(2)]
        await here.link.close(1012, "restart")
        here.dialplan(dict(joined("a-1.3")))
        again = await line.accept(seq=1)
        after = [await again.event() for _ in range(3)]
        assert again.hello == here.link.hello
        assert [frame.seq for frame in after] == [2, 3, 4]
        assert [frame.event for frame in after[:2]] == [frame.event for frame in before]
        assert all(new.age_us > old.age_us for new, old in zip(after, before, strict=False))


async def test_what_the_line_has_is_not_sent_again(asterisk: Manager, line: Coordinator) -> None:
    """The ack was lost on the way; the welcome makes up for it."""
    async with running(asterisk, line) as here:
        here.dialplan(dict(joined("a-1.1")))
        await here.link.event(ack=False)
        await here.link.close(1012)
        again = await line.accept(seq=2)
        here.dialplan(dict(joined("a-1.2")))
        assert (await again.event()).seq == 3


@pytest.mark.parametrize("code", [
    CLOSE_OUT_OF_SEQUENCE, CLOSE_UNAVAILABLE, CLOSE_UNAUTHORIZED, CLOSE_WRONG_BOX,
    CLOSE_ALREADY_LINKED, CLOSE_STALE, 1000, 1011, 4999,
])  # fmt: skip
async def test_after_most_ends_the_epoch_goes_on(
    asterisk: Manager, line: Coordinator, code: int
) -> None:
    async with running(asterisk, line) as here:
        await here.link.close(code, "why")
        again = await line.accept(seq=1)
        assert again.hello == here.link.hello
        here.dialplan(dict(joined()))
        assert (await again.event()).seq == 2


@pytest.mark.parametrize("code", [CLOSE_RESYNC, CLOSE_BAD_FRAME])
async def test_after_some_ends_a_new_epoch_begins(
    asterisk: Manager, line: Coordinator, code: int
) -> None:
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.close(code, "why")
        await here.box.closed()
        again = await settle(asterisk, line)
        assert again.link.hello.epoch > here.link.hello.epoch
        assert again.link.hello.instance == here.link.hello.instance
        assert (again.first.seq, again.snapshot) == (1, Snapshot())


async def test_a_line_that_forgot_us_gets_a_new_epoch(asterisk: Manager, line: Coordinator) -> None:
    """An emptied Redis welcomes with 0, and what came before is not kept any more."""
    async with running(asterisk, line) as here:
        await here.join()
        await here.link.close(1012)
        await line.accept(seq=0)
        again = await settle(asterisk, line)
        assert again.first.seq == 1


async def test_a_full_backlog_begins_a_new_epoch(asterisk: Manager, line: Coordinator) -> None:
    async with running(asterisk, line, backlog=5) as here:
        await here.link.close(CLOSE_UNAVAILABLE)
        line.refuse = HTTPStatus.SERVICE_UNAVAILABLE
        for n in range(6):
            here.dialplan(dict(joined(f"a-{n}.1")))
        await here.box.closed()
        line.refuse = None
        assert (await settle(asterisk, line)).link.hello.epoch > here.link.hello.epoch


async def test_a_refused_token_is_said_once_and_tried_again(
    asterisk: Manager, line: Coordinator, caplog: pytest.LogCaptureFixture
) -> None:
    line.refuse = HTTPStatus.UNAUTHORIZED

    async def tried() -> bool:
        return line.tries >= 3

    async with serving(settings(asterisk, line.url, refused_retry_s=0.01)):
        box = await asterisk.accept()
        await box.log_in()
        await box.resync()
        await eventually(tried)
        line.refuse = None
        await (await line.accept()).event()
    errors = [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]
    assert errors == [f"Link to {line.url}: the coordinator answers 401"]


async def test_a_closing_reason_is_said_once(
    asterisk: Manager, line: Coordinator, caplog: pytest.LogCaptureFixture
) -> None:
    reason = "box_already_linked: Box 'a' is linked by another adapter."
    async with serving(settings(asterisk, line.url)):
        box = await asterisk.accept()
        await box.log_in()
        await box.resync()
        for _ in range(3):
            await (await line.arrival()).close(CLOSE_ALREADY_LINKED, reason)
        await (await line.accept()).event()
    assert caplog.text.count(reason) == 1


async def test_another_version_is_tried_slowly_and_costs_no_epoch(
    asterisk: Manager, line: Coordinator, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(settings(asterisk, line.url)):
        box = await asterisk.accept()
        await box.log_in()
        await box.resync()
        refused = await line.arrival()
        await refused.close(CLOSE_BAD_FRAME, "unsupported_version: 2 is not spoken here")
        again = await line.accept()
        assert again.hello == refused.hello
    assert "unsupported_version" in caplog.text


async def test_replicas_are_tried_in_turn(asterisk: Manager, line: Coordinator) -> None:
    async with coordinator() as other:
        other.refuse = HTTPStatus.SERVICE_UNAVAILABLE
        urls = f"http://127.0.0.1:1, {other.url}/ ,ws://127.0.0.1:{line.port}"
        async with serving(settings(asterisk, urls)):
            here = await settle(asterisk, line)
            assert other.paths == ["/v1/boxes/a/link"]
            other.refuse, line.refuse = None, HTTPStatus.SERVICE_UNAVAILABLE
            await here.link.close(1001)
            moved = await other.accept(seq=1)
            assert moved.hello == here.link.hello


async def test_a_replica_that_is_down_costs_no_pause(asterisk: Manager, line: Coordinator) -> None:
    urls = f"http://127.0.0.1:1,http://127.0.0.1:1,{line.url}"
    pauses = {"reconnect_min_s": 90.0, "reconnect_max_s": 90.0}
    async with serving(settings(asterisk, urls, **pauses)):
        await settle(asterisk, line)


async def test_a_silent_coordinator_is_left(asterisk: Manager, line: Coordinator) -> None:
    """It takes the connection and never welcomes."""
    async with serving(settings(asterisk, line.url, link_timeout_s=0.2)):
        box = await asterisk.accept()
        await box.log_in()
        await box.resync()
        first = await line.arrival()
        await first.ended()
        assert (await line.arrival()).hello == first.hello


async def test_a_frame_that_is_none_ends_the_link_not_the_epoch(
    asterisk: Manager, line: Coordinator, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(asterisk, line) as here:
        await here.link.socket.send('{"type": "surprise"}')
        again = await line.accept(seq=1)
        assert again.hello == here.link.hello
    assert "not our protocol" in caplog.text


async def test_a_refused_join_is_said_and_the_link_goes_on(
    asterisk: Manager, line: Coordinator, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(asterisk, line) as here:
        here.dialplan(dict(joined()))
        await here.link.event(code="unknown_queue", detail="There is no queue named 'sales'.")
        await here.join("a-2.1")
        frame = here.link.events[-1]
        assert isinstance(frame.event, Join)
    assert "Event 2 (join) refused: There is no queue named 'sales'." in caplog.text
