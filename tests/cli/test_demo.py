"""The demo: its cast and its story by themselves, and the whole of it as a user runs it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ami_adapter.lab import LabError, root
from ami_adapter.lab.process import wait_until
from coordinator.cli.demo import cast
from coordinator.cli.demo.stage import install
from coordinator.cli.demo.story import Story
from tests.audit.book import busy_day, shop


def test_a_cast_is_the_same_for_every_run_of_a_seed() -> None:
    assert cast.callers(21, 1) == cast.callers(21, 1) != cast.callers(21, 2)
    times = [caller.at for caller in cast.callers(21, 1)]
    assert times == sorted(times)
    assert {caller.box for caller in cast.callers(21, 1)} == set(cast.BOXES)
    assert [agent.penalty for agent in cast.agents(1)] == [0, 0, 1, 1, 2, 2]


def test_a_story_follows_the_journal() -> None:
    story = Story()
    lines = [line for entry in busy_day().entries if (line := story.read(entry))]
    assert lines[0] == "caller 100 (a) joins: position 1"
    assert "agent ann: no answer; 100 (a) keeps its place" in lines
    assert [part.outcome for part in story.in_order_of_joining()] == [
        "answered", "answered", "abandoned", "answered", "answered",
    ]  # fmt: skip
    assert story.over(5)
    assert not story.over(6)
    assert story.served_in_order()
    assert story.checker.report().ok


def test_a_story_tells_when_callers_got_agents_out_of_order() -> None:
    book = shop(ann=0)
    book.join("c1")
    book.step()
    book.join("c2", position=2)
    book.offer("c2", "ann", position=2)
    book.step()
    book.offer_ended("c2", "ann", "busy")
    book.offer("c1", "ann")
    story = Story()
    for entry in book.entries:
        story.read(entry)
    assert not story.served_in_order()
    assert not story.checker.report().ok


def test_installing_is_one_line_and_all_of_them_when_it_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ensure(progress: Callable[[str], None]) -> None:
        for line in said:
            progress(line)
        if "E: no space left" in said:
            raise LabError("debootstrap failed")

    monkeypatch.setattr(root, "ensure", ensure)
    said: list[str] = []
    told: list[str] = []
    install(told.append)
    assert told == [], "it is there already"
    said += ["building the root folder", "I: Unpacking", "I: Configuring"]
    install(told.append)
    assert [line.partition(",")[0] for line in told] == [
        "installing Asterisk into a folder of its own"
    ]
    said.append("E: no space left")
    with pytest.raises(LabError):
        install(told.append)
    assert told[2:] == said


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A cache and a temporary folder of its own: no other demo is in the way."""
    (tmp_path / "tmp").mkdir()
    return tmp_path


def start(home: Path, *arguments: str) -> "subprocess.Popen[str]":
    """`gvq demo`, as from a shell."""
    env = {**os.environ, "XDG_CACHE_HOME": str(home), "TMPDIR": str(home / "tmp")}
    return subprocess.Popen(
        [sys.executable, "-m", "coordinator.cli", "demo", *arguments],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def processes_of(home: Path) -> Iterator[str]:
    """Command lines of processes that belong to this demo: they name its folder, or work in it."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            about = (folder / "environ").read_text() + str((folder / "cwd").readlink())
            if str(home) in about:
                yield (folder / "cmdline").read_text()
        except OSError:
            continue


def test_the_demo_on_simulated_boxes(home: Path) -> None:
    process = start(home, "--simulated", "--callers", "8", "--json")
    out, err = process.communicate(timeout=110)
    assert process.returncode == 0, err
    assert "SIMULATED" in err
    told = json.loads(out)
    assert told["ok"] is True
    assert told["boxes"] == "three simulated boxes"
    assert [row["served"] for row in told["callers"]] == list(range(1, 9))
    assert told["verify"]["outcomes"] == {"answered": 8}
    assert list(processes_of(home)) == []
    assert list((home / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_an_interrupted_demo_leaves_nothing(
    home: Path, number: signal.Signals, status: int
) -> None:
    process = start(home, "--simulated")
    assert process.stdout is not None
    for line in process.stdout:
        if "callers dial" in line:
            break
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == status, err
    assert "stopping everything" in out
    assert "Traceback" not in err
    assert list(processes_of(home)) == []
    assert list((home / "tmp").iterdir()) == []


def test_a_killed_demo_takes_its_processes_with_it(home: Path) -> None:
    process = start(home, "--simulated")
    assert process.stdout is not None
    for line in process.stdout:
        if "the coordinator is up" in line:
            break
    process.kill()
    process.communicate(timeout=60)
    assert wait_until(lambda: not list(processes_of(home)), 30)


def test_two_demos_do_not_share_their_boxes(home: Path) -> None:
    first = start(home, "--simulated")
    assert first.stdout is not None
    first.stdout.readline()
    second = start(home, "--simulated")
    _, err = second.communicate(timeout=60)
    first.terminate()
    first.communicate(timeout=60)
    assert second.returncode == 1
    assert err == "gvq: Another gvq demo is running.\n"


@pytest.mark.lab
def test_the_demo_on_real_boxes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GVQ_LAB_ROOT", str(root.ensure(print)))
    process = start(home, "--callers", "8", "--json")
    out, err = process.communicate(timeout=110)
    assert process.returncode == 0, err
    told = json.loads(out)
    assert told["boxes"] == "three real Asterisk boxes"
    assert [row["served"] for row in told["callers"]] == list(range(1, 9))
    assert list(processes_of(home)) == []
