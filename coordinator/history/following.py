"""Going after the journal, batch by batch, for ever: what all who write it elsewhere share."""

import asyncio
from abc import ABC, abstractmethod

#: Entries a batch has at most; SQLite allows 32,766 parameters a statement.
BATCH = 500

#: How long a read waits for an entry, ms.
BLOCK_MS = 4_000

#: Seconds between an entry and its batch: a burst then costs one write.
LINGER_S = 0.05

#: Seconds until another try after a failure.
RETRY_S = 1.0


class Follower(ABC):
    """Takes the journal's entries in order, through every failure.

    One who follows stands in nobody's way: a failure is told once, and tried again until it is
    over, which is told too.
    """

    def __init__(self) -> None:
        self._well = True

    @abstractmethod
    async def step(self, block_ms: int | None = None) -> int:
        """Takes one batch, waiting up to `block_ms` for it. Returns how many entries came."""

    @abstractmethod
    def failed(self, error: Exception) -> None:
        """Tells of the first failure."""

    @abstractmethod
    def recovered(self) -> None:
        """Tells that it is over."""

    async def run(self) -> None:
        """Follows for ever."""
        while True:
            try:
                taken = await self.step(BLOCK_MS)
                if not self._well:
                    self.recovered()
                self._well = True
                if taken < BATCH:
                    await asyncio.sleep(LINGER_S)
            except Exception as error:
                if self._well:
                    self.failed(error)
                self._well = False
                await asyncio.sleep(RETRY_S)

    async def catch_up(self) -> None:
        """Follows until nothing is left."""
        while await self.step():
            pass
