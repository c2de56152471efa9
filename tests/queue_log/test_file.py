"""The log file and its position: each line once, whatever is killed, renamed, emptied or full."""

import fcntl
import os
import resource
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from coordinator.queue_log import file as file_module
from coordinator.queue_log.file import START, LogFile

#: Entries and their lines; the third has none.
BATCH = [("1-0", "1|a\n"), ("1-1", "2|b\n2|c\n"), ("2-0", ""), ("3-0", "3|d\n")]
WHOLE = "1|a\n2|b\n2|c\n3|d\n"


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue_log"


def goes_on(path: Path, batch: list[tuple[str, str]] = BATCH) -> str:
    """A new process takes up where the file is. Returns the entry reached."""
    log = LogFile(path)
    after = log.reached()
    rest = [(entry, text) for entry, text in batch if entry > after or after == START]
    return log.append(after, rest)


def test_a_log_is_written_and_remembers_how_far(path: Path) -> None:
    assert LogFile(path).reached() == START
    assert LogFile(path).append(START, BATCH) == "3-0"
    assert path.read_text() == WHOLE
    assert LogFile(path).reached() == "3-0"
    assert LogFile(path).append("3-0", [("3-1", "4|e\n")]) == "3-1"
    assert path.read_text() == WHOLE + "4|e\n"


def test_what_is_there_is_not_written_again(path: Path) -> None:
    """Another coordinator of this machine was faster, with a part of it."""
    LogFile(path).append(START, BATCH[:2])
    assert LogFile(path).append(START, BATCH) == "3-0"
    assert LogFile(path).append(START, BATCH[:1]) == "3-0"
    assert path.read_text() == WHOLE


def test_a_gap_is_not_written(path: Path) -> None:
    """A position that is older than what the writer has seen: it is told where to go on from."""
    LogFile(path).append(START, BATCH[:1])
    assert LogFile(path).append("1-1", BATCH[2:]) == "1-0"
    assert path.read_text() == "1|a\n"


def test_a_log_that_was_there_is_gone_on_with(path: Path) -> None:
    """A box's own queue_log, for instance."""
    path.write_text("0|old\n")
    LogFile(path).append(START, BATCH)
    assert path.read_text() == "0|old\n" + WHOLE


@contextmanager
def killed_at(patch: pytest.MonkeyPatch, step: str, time: int, before: bool) -> Iterator[None]:
    """The process ends before or after so manieth call of a step of the file's."""
    owner = os if hasattr(os, step) else file_module
    real, calls = getattr(owner, step), iter(range(1000))

    def dies(*args: object) -> object:
        now = next(calls) == time
        if now and before:
            raise Killed
        done = real(*args)
        if now:
            raise Killed
        return done

    with patch.context() as here:
        here.setattr(owner, step, dies)
        yield


#: Every step of a first batch, which records a base before it appends, and of a later one.
FIRST = [("write", 0), ("fsync", 0), ("fsync", 1), ("fsync", 2), ("pwrite", 0), ("pwrite", 1)]
LATER = [("write", 0), ("fsync", 0), ("fsync", 1), ("pwrite", 0)]


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(("step", "time"), FIRST)
def test_killed_at_any_step_each_line_is_there_once(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: str, time: int, before: bool
) -> None:
    with killed_at(monkeypatch, step, time, before), pytest.raises(Killed):
        goes_on(path)
    goes_on(path)
    assert path.read_text() == WHOLE


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(("step", "time"), LATER)
def test_killed_and_then_renamed_each_line_is_there_once(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: str, time: int, before: bool
) -> None:
    """logrotate comes between the two processes."""
    path.write_text("0|old\n")
    goes_on(path, BATCH[:1])
    with killed_at(monkeypatch, step, time, before), pytest.raises(Killed):
        goes_on(path)
    rotated = path.rename(path.with_name("queue_log.1"))
    goes_on(path)
    here = path.read_text() if path.exists() else ""
    assert rotated.read_text() + here == "0|old\n" + WHOLE


def write_a_part_and_die(descriptor: int, data: bytes) -> None:
    os.write(descriptor, data[:6])
    os.kill(os.getpid(), signal.SIGKILL)


def test_killed_by_a_signal_after_a_part_of_the_lines(path: Path) -> None:
    """A real one: the child has written half of a line when it is killed."""
    LogFile(path).append(START, BATCH[:1])
    child = os.fork()
    if child == 0:
        file_module._write_all = write_a_part_and_die
        LogFile(path).append("1-0", BATCH[1:])
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert path.read_text() == "1|a\n2|b\n2|"
    goes_on(path)
    assert path.read_text() == WHOLE


@pytest.mark.parametrize("create", [True, False])
def test_a_renamed_log_is_followed(path: Path, create: bool) -> None:
    log = LogFile(path)
    log.append(START, BATCH[:2])
    rotated = path.rename(path.with_name("queue_log.1"))
    if create:
        path.touch()
    log.append("1-1", BATCH[2:])
    assert (rotated.read_text(), path.read_text()) == ("1|a\n2|b\n2|c\n", "3|d\n")


def test_an_emptied_log_is_followed(path: Path) -> None:
    """logrotate's copytruncate."""
    log = LogFile(path)
    log.append(START, BATCH[:1])
    copy = shutil.copy(path, path.with_name("queue_log.1"))
    os.truncate(path, 0)
    log.append("1-0", BATCH[1:])
    assert Path(copy).read_text() + path.read_text() == WHOLE


def test_an_emptied_log_that_has_outgrown_its_record_when_killed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record must not be taken for the place where the unrecorded lines begin."""
    log = LogFile(path)
    log.append(START, BATCH[:1])
    os.truncate(path, 0)
    with killed_at(monkeypatch, "write", 0, before=False), pytest.raises(Killed):
        log.append("1-0", BATCH[1:])
    assert path.stat().st_size > len("1|a\n")
    goes_on(path)
    assert path.read_text() == WHOLE.removeprefix("1|a\n")


def test_a_file_of_another_is_never_cut(path: Path) -> None:
    """The rotated log is looked for by name and inode; what only has grown nearby stays."""
    LogFile(path).append(START, BATCH[:1])
    path.unlink()
    other = path.with_name("messages")
    other.write_text("x" * 1000)
    LogFile(path).append("1-0", BATCH[1:])
    assert len(other.read_text()) == 1000


def test_a_disk_that_is_full_in_the_middle_of_a_line_loses_nothing(path: Path) -> None:
    log = LogFile(path)
    log.append(START, BATCH[:1])
    with limited_to(6), pytest.raises(OSError, match="too large"):
        log.append("1-0", BATCH[1:])
    assert path.read_text() == "1|a\n2|"
    assert log.reached() == "1-0"
    log.append("1-0", BATCH[1:])
    assert path.read_text() == WHOLE


@contextmanager
def limited_to(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes: what fits is written, then an error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("text", ["{", "[]", '{"entry": 7}', '{"entry": "x"}', '{"other": 1}'])
def test_a_position_that_is_not_ours_is_told_and_nothing_is_written(path: Path, text: str) -> None:
    LogFile(path).append(START, BATCH[:1])
    path.with_name(".queue_log.position").write_text(text)
    with pytest.raises(ValueError, match=r"queue_log\.position is not as it was written; remove"):
        LogFile(path).append("1-0", BATCH[1:])
    assert path.read_text() == "1|a\n"


def test_the_log_is_not_for_everybody(path: Path) -> None:
    """Callers' numbers are in it."""
    LogFile(path).append(START, BATCH)
    assert not path.stat().st_mode & 0o007


def test_who_writes_waits_for_another_to_record(path: Path) -> None:
    """Race: both have read the position, and both append."""
    LogFile(path).append(START, BATCH[:1])
    position = path.with_name(".queue_log.position")
    done: list[str] = []
    with position.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second = Thread(target=lambda: done.append(LogFile(path).append("1-0", BATCH[1:])))
        second.start()
        while second.is_alive() and not waited_for(position):
            second.join(0.01)
        assert not done
        fcntl.flock(held, fcntl.LOCK_UN)
    second.join()
    assert done == ["3-0"]
    assert path.read_text() == WHOLE


def waited_for(path: Path) -> bool:
    """Whether somebody waits for the lock of the file (proc(5): /proc/locks)."""
    rows = Path("/proc/locks").read_text().splitlines()
    return any("->" in row and f":{path.stat().st_ino} " in row for row in rows)
