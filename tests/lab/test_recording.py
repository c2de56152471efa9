"""monitor_format on real boxes: the talk is recorded, both sides, and nothing after it."""

import wave
from pathlib import Path

import pytest

from tests.e2e.lab_site import LabSite
from tests.e2e.rig import Rig
from tests.lab.desks import call_to, desk
from tests.waiting import eventually

pytestmark = [
    pytest.mark.lab,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120, func_only=True),
]


def recordings(rig: Rig, name: str) -> list[Path]:
    assert isinstance(rig.site, LabSite)
    box = rig.site.by_name["a"]
    return sorted(Path(box.etc_dir).parents[1].rglob(f"{name}*.wav"))


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
