"""Time, injectable: the loop's, or one that tests move by hand."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A delay that may be called off."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """What a box asks of time. Seconds everywhere."""

    def now(self) -> float:
        """Wall clock, seconds since 1970."""
        ...

    def later(self, delay: float, then: Callable[[], object]) -> Timer:
        """Run `then` after `delay` seconds."""
        ...


class LoopClock:
    """Real time: one heap of timers in the running loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def now(self) -> float:
        return time.time()

    def later(self, delay: float, then: Callable[[], object]) -> Timer:
        return self._loop.call_later(delay, then)


class ManualClock:
    """Time that moves only when told: for tests with no sockets. Equal times keep their order."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start
        self._order = itertools.count()
        self._heap: list[tuple[float, int, _Manual]] = []

    def now(self) -> float:
        return self._now

    def later(self, delay: float, then: Callable[[], object]) -> Timer:
        timer = _Manual(then)
        heapq.heappush(self._heap, (self._now + delay, next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass, running what falls due, each at its own moment."""
        until = self._now + seconds
        while self._heap and self._heap[0][0] <= until:
            due, _, timer = heapq.heappop(self._heap)
            self._now = max(self._now, due)
            timer.run()
        self._now = until


class _Manual:
    def __init__(self, then: Callable[[], object]) -> None:
        self._then: Callable[[], object] | None = then

    def cancel(self) -> None:
        self._then = None

    def run(self) -> None:
        if self._then is not None:
            self._then()
