"""gvq bench adapter: all four ways have seen every message, and ours understood each."""

import pytest

from coordinator.cli.bench.adapter import WAYS
from coordinator.cli.bench.recorded import END, record
from tests.bench.conftest import Bench


async def test_a_recording_is_whole_messages_of_whole_calls() -> None:
    recording = await record(3)
    assert len(recording.offers) == 3
    assert recording.data.endswith(END)
    messages = recording.data.split(END)[:-1]
    assert all(message.startswith(b"Event: ") for message in messages)
    assert sum(b"UserEvent: GvqJoin" in message for message in messages) == 3


def test_every_way_has_seen_everything(bench: Bench) -> None:
    body = bench("adapter")
    assert body.wrong() == []
    costs = [body.values(name, "processor time")[0] for name in WAYS]
    assert all(cost > 0 for cost in costs)
    [filtered], [whole] = (
        body.values(name, "events") for name in ("filtered", "all of its classes")
    )
    assert 3 < filtered < whole


@pytest.mark.lab
def test_the_filters_keep_most_of_a_real_box_away(real_bench: Bench) -> None:
    body = real_bench("adapter")
    assert body.wrong() == []
    for quantity in ("events", "bytes"):
        [filtered], [whole] = (
            body.values(f"real box: {name}", quantity) for name in ("filtered", "all of its events")
        )
        assert 0 < 3 * filtered < whole
