"""Events of an epoch are kept, in order, until the line has them."""

import pytest

from ami_adapter.outbox import Broken, Outbox
from coordinator.protocol import MAX_AGE_US, Device, EventFrame


def event(n: int) -> Device:
    """An event that can be told from another."""
    return Device(interface=f"PJSIP/{n}", state="INUSE")


def filled(count: int, limit: int = 100) -> Outbox:
    """Events 1 to `count`, which happened at n µs."""
    outbox = Outbox(limit)
    for n in range(1, count + 1):
        outbox.put(event(n), n)
    return outbox


def drain(outbox: Outbox, now_us: int = 1000) -> list[EventFrame]:
    """All that is to be sent."""
    frames = []
    while (frame := outbox.next(now_us)) is not None:
        frames.append(frame)
    return frames


def test_events_are_numbered_from_one_and_sent_once() -> None:
    outbox = filled(3)
    assert [frame.seq for frame in drain(outbox)] == [1, 2, 3]
    assert drain(outbox) == []


def test_what_was_not_acked_is_sent_again_with_its_age_as_it_is_then() -> None:
    outbox = filled(3)
    assert [frame.age_us for frame in drain(outbox, 10)] == [9, 8, 7]
    assert outbox.acked(1) == event(1)
    outbox.resume(1)
    assert [(f.seq, f.age_us, f.event) for f in drain(outbox, 500)] == [
        (2, 498, event(2)), (3, 497, event(3)),
    ]  # fmt: skip


def test_the_welcome_says_more_than_the_acks_did() -> None:
    outbox = filled(3)
    drain(outbox)
    outbox.resume(2)
    assert [frame.seq for frame in drain(outbox)] == [3]


@pytest.mark.parametrize("seq", [0, 4])
def test_a_gap_breaks_the_epoch(seq: int) -> None:
    outbox = filled(3)
    drain(outbox)
    outbox.acked(1)
    with pytest.raises(Broken, match=f"has events up to {seq}, here are 2 to 3"):
        outbox.resume(seq)


def test_the_bound_breaks_the_epoch() -> None:
    outbox = filled(2, limit=2)
    drain(outbox)
    with pytest.raises(Broken, match="2 events wait"):
        outbox.put(event(3), 3)
    outbox.acked(1)
    outbox.put(event(3), 3)
    assert len(outbox) == 2


def test_an_ack_of_what_was_never_sent_is_passed_over() -> None:
    outbox = filled(2)
    assert outbox.acked(7) is None
    assert [frame.seq for frame in drain(outbox)] == [1, 2]
    assert outbox.acked(7) == event(2)
    assert outbox.acked(1) is None


@pytest.mark.parametrize(("now", "age"), [(0, 0), (MAX_AGE_US * 2, MAX_AGE_US)])
def test_an_age_is_within_the_protocols_bounds(now: int, age: int) -> None:
    assert drain(filled(1), now)[0].age_us == age
