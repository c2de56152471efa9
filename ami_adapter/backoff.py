"""How long to wait before trying again."""

import random


class Backoff:
    """Pauses that double from `low` to `high`, seconds, each up to half shorter by chance.

    The chance keeps the boxes of a cluster from coming back all at once.
    """

    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = low, high
        self._tries = 0

    def reset(self) -> None:
        """It worked."""
        self._tries = 0

    def pause(self) -> float:
        """The next pause, s."""
        longest: float = min(self._high, self._low * 2.0 ** min(self._tries, 30))
        self._tries += 1
        return longest * random.uniform(0.5, 1.0)
