"""The journal as it grows, for everyone in this process who listens (SSE, webhooks, metrics).

One blocking read for all. Each subscriber has a bounded queue: one that does not keep up is cut
off with `Dropped`, and holds nobody else up. It may come back with the last id it has had.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from coordinator.history.queries import History
from coordinator.journal import Entry, stream_position
from coordinator.line.engine import Engine
from coordinator.redis_client import AWAY
from coordinator.tasks import to_its_end

log = logging.getLogger(__name__)

#: Entries a subscriber may be behind before it is dropped.
BEHIND = 1_000

#: Entries a page of the past holds, for one who resumes.
PAGE = 500

#: How long a read waits for an entry, ms; and seconds until another try when Redis is away.
BLOCK_MS = 4_000
RETRY_S = 0.2


class Dropped(Exception):
    """The subscriber was too slow, or the coordinator stops. It may resume after `last_id`."""

    def __init__(self, reason: str, last_id: str | None) -> None:
        self.reason = reason
        self.last_id = last_id
        super().__init__(reason)


class _Mailbox:
    """One subscriber's queue. `dropped` says why nothing more comes."""

    def __init__(self) -> None:
        self._entries: asyncio.Queue[Entry | None] = asyncio.Queue()
        self.dropped = ""

    def put(self, entry: Entry) -> None:
        if self._entries.qsize() >= BEHIND:
            self.drop(f"too slow: more than {BEHIND} entries behind")
        elif not self.dropped:
            self._entries.put_nowait(entry)

    def drop(self, reason: str) -> None:
        if not self.dropped:
            self.dropped = reason
            self._entries.put_nowait(None)

    async def get(self) -> Entry | None:
        """The next entry; None when dropped, after the last one that came before."""
        return await self._entries.get()


class Live:
    """The fan-out of one process."""

    def __init__(self, engine: Engine, history: History) -> None:
        self._engine = engine
        self._history = history
        self._mailboxes: set[_Mailbox] = set()
        self._over = ""
        self._well = True

    @property
    def subscribers(self) -> int:
        """How many listen now."""
        return len(self._mailboxes)

    async def run(self) -> None:
        """Reads from the end of what SQL has, for ever, and hands round."""
        last = ""
        while True:
            try:
                last = last or await to_its_end(self._history.newest())
                for entry in await self._engine.journal(last, PAGE, BLOCK_MS):
                    for mailbox in self._mailboxes:
                        mailbox.put(entry)
                    last = entry.id
                self._well = True
            except (*AWAY, SQLAlchemyError) as error:
                if self._well:
                    log.error("live events wait: %r", error)
                self._well = False
                await asyncio.sleep(RETRY_S)

    def stop(self) -> None:
        """Ends every subscription, and those to come."""
        self._over = "the coordinator stops"
        for mailbox in self._mailboxes:
            mailbox.drop(self._over)

    async def follow(self, after: str | None = None) -> AsyncGenerator[Entry, None]:
        """Entries after that id (None: from now on), each once, in order. Raises Dropped.

        The past is read in pages until it touches the present; only then is the mailbox opened,
        so that a long past does not overfill it, and what came meanwhile is read once more.
        """
        last = after
        async for entry in self._past(last):
            yield entry
            last = entry.id
        with self._mailbox() as mailbox:
            async for entry in self._past(last):
                yield entry
                last = entry.id
            while (next_entry := await mailbox.get()) is not None:
                if last is None or stream_position(next_entry.id) > stream_position(last):
                    yield next_entry
                    last = next_entry.id
        raise Dropped(mailbox.dropped, last)

    async def _past(self, after: str | None) -> AsyncIterator[Entry]:
        while after is not None:
            page = await to_its_end(self._history.journal(after, PAGE))
            for entry in page:
                yield entry
            after = page[-1].id if page else None

    @contextmanager
    def _mailbox(self) -> Iterator[_Mailbox]:
        mailbox = _Mailbox()
        self._mailboxes.add(mailbox)
        if self._over:
            mailbox.drop(self._over)
        try:
            yield mailbox
        finally:
            self._mailboxes.discard(mailbox)
