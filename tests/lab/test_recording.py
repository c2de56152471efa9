"""monitor_format on real boxes: the talk is recorded, both sides, and nothing after it."""

import math
import wave
from pathlib import Path

import pytest

from tests.e2e.rig import Rig
from tests.lab.desks import call_to, desk, files, recordings
from tests.waiting import eventually

pytestmark = [
    pytest.mark.lab,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120, func_only=True),
]


def loudness(path: Path) -> tuple[float, int]:
    """Seconds of it, and its loudest sample."""
    with wave.open(str(path)) as file:
        frames = file.readframes(file.getnframes())
    samples = memoryview(frames).cast("h")
    return len(samples) / 8000, max(map(abs, samples), default=0)


async def test_a_talk_is_recorded_and_what_follows_is_not(rig: Rig) -> None:
    await rig.queue(monitor_format="wav")
    await rig.queue("support")
    await rig.agent("101", "a", sales=0, support=0)
    caller = await call_to(rig, "recorded")
    await rig.answered_by(caller)
    phone = desk(rig, "101")
    phone.speak(phone.active[0])
    name = f"rec-{caller.number}"

    async def lasts() -> bool:
        return any(path.stat().st_size > 16_000 for path in recordings(rig, name))

    await eventually(lasts, 4)
    phone.hang_up(phone.active[0])
    await rig.coordinator.happens("call.connected", queue="support")
    [file] = recordings(rig, name)
    size = file.stat().st_size
    seconds, loudest = loudness(file)
    assert seconds > 0.5
    assert loudest > 10_000
    phone.hang_up(phone.active[-1])
    await rig.coordinator.happens("call.completed", queue="support")
    assert file.stat().st_size == size


def strength(path: Path, hz: int) -> float:
    """How loud this tone is in the file's last second, by Goertzel's filter; 1: nothing else."""
    with wave.open(str(path)) as file:
        samples = memoryview(file.readframes(file.getnframes())).cast("h")[-8000:]
    turn = 2 * math.cos(2 * math.pi * hz / 8000)
    last = before = 0.0
    for sample in samples:
        last, before = sample + turn * last - before, last
    power = last * last + before * before - turn * last * before
    return 2 * power / len(samples) / max(sum(sample * sample for sample in samples), 1)


async def test_both_sides_are_in_it_and_each_by_itself_and_a_command_follows(rig: Rig) -> None:
    await rig.queue(monitor_format="wav")
    await rig.agent("101", "a")
    await rig.phone("110", "a")
    customer, phone = desk(rig, "110"), desk(rig, "101")
    line = await customer.call("both")
    await rig.coordinator.happens("call.connected")
    customer.speak(line, 1000)
    phone.speak(phone.active[0], 400)

    async def lasts() -> bool:
        return any(path.stat().st_size > 26_000 for path in recordings(rig, "both-a"))

    await eventually(lasts, 6)
    customer.close(line)
    await rig.coordinator.happens("call.completed")

    async def told() -> bool:
        return any(path.suffix == ".done" for path in files(rig, "both-a"))

    await eventually(told, 4)
    [mixed], [received], [sent] = (recordings(rig, f"both-{name}") for name in ("a", "in", "out"))
    assert mixed.name == "both-a:bcd.wav"
    assert strength(mixed, 400) > 0.2 < strength(mixed, 1000)
    assert strength(received, 400) > 0.5 > strength(received, 1000)
    assert strength(sent, 1000) > 0.5 > strength(sent, 400)
    assert mixed.with_name("both-a:bcd.wav.done").read_text() == "for, 101\n"
