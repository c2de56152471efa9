"""Keeps a queue_log file up with the journal.

A file that cannot be written stands in nobody's way: it is told once, and the journal keeps what
is missing (in Redis, and in SQL once Redis has dropped it) until it can.
"""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from coordinator.history import following
from coordinator.history.following import Follower
from coordinator.history.queries import History
from coordinator.journal import Entry, stream_position
from coordinator.line.engine import Engine
from coordinator.queue_log.file import LogFile
from coordinator.queue_log.lines import Row, Style
from coordinator.queue_log.project import project
from coordinator.tasks import to_its_end

log = logging.getLogger(__name__)


class Writer(Follower):
    """Writes the whole journal into one file."""

    def __init__(self, engine: Engine, history: History, path: Path, style: Style) -> None:
        super().__init__()
        self._engine = engine
        self._history = history
        self._file = LogFile(path)
        self._style = style
        self._seen: str | None = None

    async def step(self, block_ms: int | None = None) -> int:
        """Takes one batch, waiting up to `block_ms` for it. Returns how many entries came.

        Raises what Redis, SQL and the file raise; then nothing counts as written.
        """
        if self._seen is None:
            self._seen = await to_its_end(asyncio.to_thread(self._file.reached))
        entries = await to_its_end(self._history.journal(self._seen, following.BATCH))
        if not entries:
            return len(await self._engine.journal(self._seen, 1, block_ms)) if block_ms else 0
        made = await to_its_end(project(entries, self._style, self._past))
        batch = [(entry.id, _text(rows)) for entry, rows in zip(entries, made, strict=True)]
        self._seen = await to_its_end(asyncio.to_thread(self._file.append, self._seen, batch))
        return len(entries)

    async def _past(self, entry: Entry) -> Sequence[Entry]:
        place = stream_position(entry.id)
        past = await self._history.journal_of(entry.data["call_id"])
        return [other for other in past if stream_position(other.id) < place]

    def failed(self, error: Exception) -> None:
        """The file, or what it is made from, is away."""
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        log.error(
            "queue_log: %s cannot be written: %s. Calls go on, and it is made up for later",
            self._file.path,
            why,
        )

    def recovered(self) -> None:
        """It is written again."""
        log.warning("queue_log: %s is written again", self._file.path)


def _text(rows: Sequence[Row]) -> str:
    return "".join(f"{row.line}\n" for row in rows)
