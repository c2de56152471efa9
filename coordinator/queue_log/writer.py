"""Keeps a queue_log file up with the journal.

A file that cannot be written stands in nobody's way: it is told once, and the journal keeps what
is missing (in Redis, and in SQL once Redis has dropped it) until it can.
"""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from coordinator.history.queries import History
from coordinator.journal import Entry, stream_position
from coordinator.line.engine import Engine
from coordinator.queue_log.file import LogFile
from coordinator.queue_log.lines import Row, Style
from coordinator.queue_log.project import project
from coordinator.tasks import to_its_end

log = logging.getLogger(__name__)

#: Entries a batch has at most.
BATCH = 500

#: How long a read waits for an entry, ms.
BLOCK_MS = 4_000

#: Seconds between an entry and its lines: a burst then costs one append.
LINGER_S = 0.05

#: Seconds until another try after a failure.
RETRY_S = 1.0


class Writer:
    """Writes the whole journal into one file."""

    def __init__(self, engine: Engine, history: History, path: Path, style: Style) -> None:
        self._engine = engine
        self._history = history
        self._file = LogFile(path)
        self._style = style
        self._seen: str | None = None
        self._well = True

    async def run(self) -> None:
        """Writes for ever."""
        while True:
            try:
                taken = await self.step(BLOCK_MS)
                self._recovered()
                if taken < BATCH:
                    await asyncio.sleep(LINGER_S)
            except Exception as error:
                self._failed(error)
                await asyncio.sleep(RETRY_S)

    async def catch_up(self) -> None:
        """Writes until nothing is left."""
        while await self.step():
            pass

    async def step(self, block_ms: int | None = None) -> int:
        """Takes one batch, waiting up to `block_ms` for it. Returns how many entries came.

        Raises what Redis, SQL and the file raise; then nothing counts as written.
        """
        if self._seen is None:
            self._seen = await to_its_end(asyncio.to_thread(self._file.reached))
        entries = await to_its_end(self._history.journal(self._seen, BATCH))
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

    def _failed(self, error: Exception) -> None:
        if self._well:
            why = error.strerror if isinstance(error, OSError) and error.strerror else error
            log.error(
                "queue_log: %s cannot be written: %s. Calls go on, and it is made up for later",
                self._file.path,
                why,
            )
        self._well = False

    def _recovered(self) -> None:
        if not self._well:
            log.warning("queue_log: %s is written again", self._file.path)
        self._well = True


def _text(rows: Sequence[Row]) -> str:
    return "".join(f"{row.line}\n" for row in rows)
