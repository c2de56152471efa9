"""The file queue_log, each line once, though its writer may be killed at any moment.

Beside `queue_log` stands `.queue_log.position`: the last journal entry whose lines are in, and the
file's inode and size by then. A batch is one append, then one record there; what the file has
beyond the record was appended by a writer who did not come to record it, and is cut off. Both
files are opened anew for each batch, under a lock on the position: so the log may be renamed or
emptied (logrotate), the whole directory may go and come back, and two coordinators of one machine
may write one file.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from coordinator.journal import stream_position

#: Where a journal begins.
START = "0-0"

#: Bytes of the position's record. Always so many: it is overwritten in place, which needs no room
#: on a full disk and is one step.
RECORD = 128

#: Callers' numbers are in it.
MODE = 0o640


@dataclass(frozen=True, slots=True)
class Position:
    """How far the log has come: the entry, and the file by then."""

    entry: str = START
    inode: int = 0
    size: int = 0


class LogFile:
    """A queue_log file. Methods raise OSError when a file cannot be had, ValueError when the
    position is not one of ours; they block, and belong into a thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.position_path = path.with_name(f".{path.name}.position")

    def reached(self) -> str:
        """Id of the last entry whose lines are in."""
        with self._position() as held:
            return self._read(held).entry

    def append(self, after: str, batch: Sequence[tuple[str, str]]) -> str:
        """Writes those of the batch, (entry id, lines), that the file has not got; all of the
        journal after the entry `after`. Returns the entry reached: an earlier one than `after`
        when the file lacks what was before, and then nothing is written.
        """
        with self._position() as held:
            position = self._read(held)
            reached = stream_position(position.entry)
            fresh = [(entry, text) for entry, text in batch if stream_position(entry) > reached]
            if not fresh or reached < stream_position(after):
                return position.entry
            self._write(held, position, "".join(text for _, text in fresh).encode(), fresh[-1][0])
            return fresh[-1][0]

    def _write(self, held: int, position: Position, lines: bytes, entry: str) -> None:
        with _open(self.path, os.O_RDWR | os.O_APPEND) as log:
            inode, size = self._settle(log, held, position)
            _write_all(log, lines)
            os.fsync(log)
            _record(held, Position(entry, inode, size + len(lines)))

    def _settle(self, log: int, held: int, position: Position) -> tuple[int, int]:
        """Cuts off what is not recorded. Returns the file's inode and size, recorded by now: what
        is appended next is beyond them.
        """
        here = os.fstat(log)
        size = here.st_size
        if here.st_ino != position.inode:
            self._cut_rotated(position)
        elif size > position.size:
            os.ftruncate(log, position.size)
            size = position.size
        if (here.st_ino, size) != (position.inode, position.size):
            _record(held, Position(position.entry, here.st_ino, size))
        return here.st_ino, size

    def _cut_rotated(self, position: Position) -> None:
        """The same of the file that was renamed before it was recorded."""
        for other in self.path.parent.glob(f"{self.path.name}*"):
            found = other.stat()
            if found.st_ino == position.inode and found.st_size > position.size:
                os.truncate(other, position.size)

    @contextmanager
    def _position(self) -> Iterator[int]:
        with _open(self.position_path, os.O_RDWR) as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield held

    def _read(self, held: int) -> Position:
        text = os.pread(held, RECORD, 0)
        try:
            position = Position(**json.loads(text)) if text else Position()
            stream_position(position.entry)
        except (ValueError, TypeError, AttributeError):
            raise ValueError(
                f"{self.position_path} is not as it was written; remove it together with the log, "
                "and the log is written anew from the beginning"
            ) from None
        return position


@contextmanager
def _open(path: Path, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, MODE)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    """A disk that fills up takes a part, and refuses the rest with OSError."""
    while data:
        data = data[os.write(descriptor, data) :]


def _record(held: int, position: Position) -> None:
    os.pwrite(held, json.dumps(asdict(position)).ljust(RECORD - 1).encode() + b"\n", 0)
    os.fsync(held)
