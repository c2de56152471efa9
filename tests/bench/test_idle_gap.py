"""gvq bench idle-gap and join on real boxes, beside Queue() on the same boxes."""

import pytest

from coordinator.cli.bench.idle_gap import (
    ANSWER,
    BRIDGE,
    INVITE,
    OURS,
    QUEUE_ONE,
    QUEUE_THREE,
    overtaken,
)
from coordinator.cli.bench.join import DELAY, REAL
from coordinator.cli.bench.queue_app import queues_conf
from tests.bench.conftest import Bench


def test_who_is_rung_after_a_later_one_was_overtaken() -> None:
    assert overtaken(list("abcd"), list("abcd")) == 0
    assert overtaken(list("abcd"), list("bacd")) == 1
    assert overtaken(list("abcd"), list("dabc")) == 3


def test_a_member_elsewhere_is_rung_over_the_trunk() -> None:
    lines = queues_conf("a", {"101": ("a", 0), "102": ("b", 1)}).splitlines()
    members = [line for line in lines if line.startswith("member")]
    assert members == [
        "member => PJSIP/101,0", "member => PJSIP/102,1", "member => PJSIP/101,0",
        "member => PJSIP/102@gvq-b,1,102,Custom:gvq-free",
    ]  # fmt: skip


@pytest.mark.lab
def test_three_ways_on_the_same_boxes(bench: Bench) -> None:
    body = bench("idle-gap")
    assert body.wrong() == []
    for way in (OURS, QUEUE_ONE, QUEUE_THREE):
        [invite], [answer] = (body.values(way, f"{what} median") for what in (INVITE, ANSWER))
        assert 0 < invite < answer
    [bridge] = body.values(OURS, f"{BRIDGE} median")
    assert bridge > 0
    assert body.values(OURS, "second INVITEs at a busy phone") == [0]


@pytest.mark.lab
def test_callers_on_real_boxes_have_a_place(real_bench: Bench) -> None:
    body = real_bench("join")
    assert body.wrong() == []
    assert body.values(REAL, f"{DELAY} p99")[0] > 0
