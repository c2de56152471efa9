"""The file follows the journal, whatever becomes of the file, its directory and its writer."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from coordinator.database import Database
from coordinator.history import consumer as consumer_module
from coordinator.history import following
from coordinator.history.consumer import Consumer
from coordinator.history.queries import History
from coordinator.queue_log.lines import Style
from coordinator.queue_log.writer import Writer
from coordinator.tasks import cancel
from tests.history.conftest import Day
from tests.queue_log.conftest import busy, lose_the_line, whole_log
from tests.queue_log.reader import read
from tests.waiting import eventually


class Place:
    """A queue_log, those it was rotated to, and what may befall them."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "queue_log"
        folder.mkdir()

    @property
    def text(self) -> str:
        """All of the log, the rotated ones first."""
        logs = [*sorted(self.path.parent.glob("queue_log.*"), reverse=True), self.path]
        return "".join(log.read_text() for log in logs if log.exists())

    @property
    def lines(self) -> list[list[str]]:
        return [line.split("|") for line in self.text.splitlines()]

    def rotate(self, number: int, create: bool) -> None:
        self.path.rename(self.path.with_name(f"queue_log.{number}"))
        if create:
            self.path.touch()

    def remove(self) -> None:
        shutil.rmtree(self.path.parent)

    def be(self, how: str) -> None:
        """Gone, full, or no directory at all."""
        if how == "full":
            self.path.symlink_to("/dev/full")
        else:
            self.remove()
        if how == "a file":
            self.path.parent.touch()

    def be_well(self, how: str) -> None:
        """The operator has put it right."""
        if how == "full":
            self.path.unlink()
            return
        if how == "a file":
            self.path.parent.unlink()
        self.path.parent.mkdir()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "logs")


@pytest.fixture
def writer(day: Day, history: History, place: Place) -> Writer:
    return Writer(day.engine, history, place.path, Style())


@asynccontextmanager
async def running(writer: Writer, patch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    patch.setattr(following, "RETRY_S", 0.01)
    task = asyncio.create_task(writer.run())
    yield
    await cancel([task])


async def whole(day: Day, history: History) -> str:
    """What the file should hold."""
    entries = await history.journal(limit=1_000_000)
    return "".join(f"{line}\n" for line in await whole_log(entries))


async def complete(day: Day, history: History, place: Place) -> None:
    """Waits until the log is whole."""

    async def so() -> bool:
        return place.text == await whole(day, history)

    await eventually(so)


async def test_it_is_the_whole_log_for_an_independent_reader(
    day: Day, history: History, writer: Writer, place: Place
) -> None:
    await busy(day)
    await writer.catch_up()
    assert place.text == await whole(day, history)
    report = read(place.text)
    assert (report.events["CONNECT"], report.events["COMPLETECALLER"]) == (10, 10)
    assert (report.events["ABANDON"], report.events["RINGNOANSWER"]) == (10, 10)
    assert report.members == {("sales", "PJSIP/101")}


async def test_who_comes_back_after_the_line_was_emptied_enters_once(
    day: Day, history: History, writer: Writer, place: Place
) -> None:
    await lose_the_line(day, writer.catch_up)
    assert place.text == await whole(day, history)
    first, second = ([w[4] for w in place.lines if w[1] == call] for call in ("a-1", "a-2"))
    assert first == ["ENTERQUEUE", "CONNECT", "COMPLETEAGENT"]
    assert second == ["ENTERQUEUE", "EXITWITHTIMEOUT"]


async def test_a_writer_killed_again_and_again_writes_each_line_once(
    day: Day, database: Database, history: History, valkey: str, place: Place
) -> None:
    """kill -9 of the process, wherever it may be, while calls go on."""
    url = database.url.render_as_string(hide_password=False)
    command = [
        sys.executable,
        "-m",
        "tests.queue_log.child",
        valkey,
        day.tenant,
        url,
        str(place.path),
    ]

    async def grown_to(size: int) -> None:
        async def so() -> bool:
            return len(place.text) > size

        await eventually(so, within_s=60)

    await busy(day, 40)
    for kills in range(6):
        child = await asyncio.create_subprocess_exec(*command)
        await grown_to(2000 * (kills + 1))
        child.kill()
        await child.wait()
        await busy(day, 2)
    last = Writer(day.engine, history, place.path, Style())
    await last.catch_up()
    assert place.text == await whole(day, history)


async def test_two_coordinators_of_a_machine_write_one_file(
    day: Day, history: History, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "BATCH", 3)
    both = [Writer(day.engine, history, place.path, Style()) for _ in range(2)]
    async with running(both[0], monkeypatch), running(both[1], monkeypatch):
        await busy(day)
        await complete(day, history, place)


async def test_a_log_that_is_rotated_while_calls_go_on_loses_nothing(
    day: Day, history: History, writer: Writer, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(writer, monkeypatch):
        await busy(day, 2)
        await complete(day, history, place)
        place.rotate(2, create=False)
        await busy(day, 2)
        await complete(day, history, place)
        place.rotate(1, create=True)
        await busy(day, 2)
        await complete(day, history, place)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


async def told(caplog: pytest.LogCaptureFixture) -> None:
    async def so() -> bool:
        return bool(errors(caplog))

    await eventually(so)


@pytest.mark.parametrize(("broken", "why"), [
    ("gone", "No such file or directory"),
    ("a file", "Not a directory"),
    ("full", "No space left on device"),
])  # fmt: skip
async def test_a_directory_that_is_gone_or_full_is_told_once_and_made_up_for(
    broken: str,
    why: str,
    day: Day,
    history: History,
    writer: Writer,
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Calls go on meanwhile: neither the line nor its journal waits for the file."""
    place.be(broken)
    tries = 0
    step = writer.step

    async def counted(block_ms: int | None = None) -> int:
        nonlocal tries
        tries += 1
        return await step(block_ms)

    monkeypatch.setattr(writer, "step", counted)
    async with running(writer, monkeypatch):
        await told(caplog)
        await busy(day, 3)
        before = tries

        async def tried_again() -> bool:
            return tries > before + 5

        await eventually(tried_again)
        assert errors(caplog) == [
            f"queue_log: {place.path} cannot be written: {why}. "
            "Calls go on, and it is made up for later"
        ]
        place.be_well(broken)
        await complete(day, history, place)

        async def told_too() -> bool:
            return f"queue_log: {place.path} is written again" in caplog.text

        await eventually(told_too)
    assert len(errors(caplog)) == 1


async def test_a_directory_that_was_removed_gets_the_whole_log_again(
    day: Day, history: History, writer: Writer, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(writer, monkeypatch):
        await busy(day, 2)
        await complete(day, history, place)
        place.be("gone")
        await busy(day, 2)
        place.be_well("gone")
        await busy(day, 2)
        await complete(day, history, place)


async def test_what_redis_has_dropped_is_read_from_the_history(
    day: Day, database: Database, history: History, writer: Writer, place: Place,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The file was away for longer than Redis keeps the journal."""
    monkeypatch.setattr(consumer_module, "TRIM_EVERY", 1)
    await busy(day, 2)
    await writer.catch_up()
    await busy(day, 30)
    await Consumer(day.engine, database, keep=100).catch_up()
    assert len(await day.journal()) < 300
    await writer.catch_up()
    assert place.text == await whole(day, history)
    assert len(place.lines) > 300
