"""The lab itself: boxes are found again, stopped by name, and a load of calls goes through."""

import asyncio
import json
import os
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path

import pytest

from ami_adapter import lab as real_lab
from ami_adapter.lab import LabError, LabStatus
from ami_adapter.lab.callers import Callers
from ami_adapter.lab.phones import Phone

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120, func_only=True)]


def other_address() -> str:
    """No lab's of this session's fixtures."""
    return f"127.3.{os.getpid() % 256}.11"


def test_status_is_what_the_command_prints(lab: LabStatus) -> None:
    printed = json.loads(json.dumps(asdict(real_lab.status(lab.path))))
    names = {"name", "address", "sip", "ami", "ami_username", "ami_secret", "etc_dir", "root"}
    assert [box["name"] for box in printed["boxes"]] == ["a", "b", "c"]
    for box in printed["boxes"]:
        assert names <= set(box)
        assert (Path(box["etc_dir"]) / "gvq.conf").is_file()
        assert Path(box["root"] + box["etc_dir"], "gvq.conf").is_file()


def test_a_box_answers_on_its_console(lab: LabStatus) -> None:
    assert "gvq-caller" in lab.boxes[0].cli("dialplan show gvq-caller")


def test_up_again_leaves_a_running_lab_alone(lab: LabStatus) -> None:
    again = real_lab.up(3, lab.path)
    assert again == real_lab.status(lab.path)
    assert [box.pid for box in again.boxes] == [box.pid for box in lab.boxes]


def test_up_replaces_boxes_that_died_and_down_stops_them_all(tmp_path: Path) -> None:
    first = real_lab.up(1, tmp_path, first_address=other_address())
    real_lab.stop_box(tmp_path, "a", kill=True)
    second = real_lab.up(1, tmp_path, first_address=other_address())
    assert first.boxes[0].pid != second.boxes[0].pid
    assert second.boxes[0].running
    assert real_lab.down(tmp_path).boxes == []
    assert not second.boxes[0].process.alive()
    assert real_lab.down(tmp_path).boxes == []
    real_lab.remove(tmp_path)
    assert not (tmp_path / "chroot").exists()


def test_an_address_in_use_is_one_clear_sentence(lab: LabStatus, tmp_path: Path) -> None:
    with pytest.raises(LabError, match=f"Something else holds {lab.boxes[0].sip}"):
        real_lab.up(1, tmp_path, first_address=lab.boxes[0].address)
    real_lab.remove(tmp_path)


def test_a_box_that_is_not_there(lab: LabStatus) -> None:
    with pytest.raises(LabError, match="There is no box 'z'"):
        real_lab.stop_box(lab.path, "z")


async def test_sixty_callers_and_six_phones(lab: LabStatus) -> None:
    """Callers call agents' numbers at once, without any queue: what the machine itself does."""
    async with AsyncExitStack() as stack:
        for agent in range(101, 107):
            box = lab.boxes[agent % 3]
            phone = Phone(str(agent), box.sip, talk=0.2)
            await stack.enter_async_context(phone)
        groups = [
            await stack.enter_async_context(
                Callers(box, "sales", 20, per_second=10, stay_s=2, first_number=number)
            )
            for box, number in zip(lab.boxes, (5550001, 5550101, 5550201), strict=True)
        ]
        done = await asyncio.gather(*(group.finished() for group in groups))
    calls = [call for group in done for call in group.values()]
    assert len(calls) == 60
    assert all(call.answered and call.hung_up and not call.refused for call in calls)
