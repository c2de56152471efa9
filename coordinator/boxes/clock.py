"""When the next timer of the line is due, as far as this process has heard."""

import asyncio

from coordinator.line.types import Reply


class Clock:
    """Wakes the keeper in time. Redis's clock counts; ours only measures how long until then."""

    def __init__(self) -> None:
        self._due: float | None = None
        self._sooner = asyncio.Event()

    def notice(self, reply: Reply) -> None:
        """A transition has set a timer (`Engine.on_timer`)."""
        self.due(reply.next_due_us, reply.now_us)

    def due(self, at_us: int, now_us: int) -> None:
        """A timer is due at `at_us`, now being `now_us`, by Redis's clock. 0: there is none."""
        if not at_us:
            return
        due = asyncio.get_running_loop().time() + max(0, at_us - now_us) / 1e6
        if self._due is None or due < self._due:
            self._due = due
            self._sooner.set()

    async def wait(self, at_most_s: float) -> None:
        """Returns when a timer is due, or after `at_most_s`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + at_most_s
        while (remaining := min(until, self._due or until) - loop.time()) > 0:
            self._sooner.clear()
            try:
                await asyncio.wait_for(self._sooner.wait(), remaining)
            except TimeoutError:
                break
        self._due = None
