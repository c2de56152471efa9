"""Processes that outlive us, known by pid and start time so that a reused pid is never killed."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: Between two looks at a condition, seconds.
POLL_S = 0.02


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look at the condition until it holds (True) or the time is over (False)."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_S)
    return True


#: A killed process goes as soon as the kernel has time for it, seconds.
KILL_S = 10.0


@dataclass(frozen=True)
class Process:
    """A process: its pid, and when it started in clock ticks since boot (proc(5), field 22)."""

    pid: int
    started: int

    @classmethod
    def find(cls, pid: int) -> "Process | None":
        """The living process with this pid. A zombie is dead, once none of its threads is left:
        as long as one is, the process holds its sockets."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return None
        state, *fields = stat.rpartition(")")[2].split()
        threads, started = int(fields[16]), int(fields[18])
        return None if state in "ZX" and threads <= 1 else cls(pid, started)

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return Process.find(self.pid) == self

    def stop(self, patience_s: float = 5.0) -> None:
        """End it with SIGTERM, or SIGKILL when that does not help, and wait until it is gone."""
        self.send(signal.SIGTERM)
        if not wait_until(lambda: not self.alive(), patience_s):
            self.kill()

    def kill(self) -> None:
        """End it with SIGKILL, as a power cut does, and wait until it is gone."""
        self.send(signal.SIGKILL)
        wait_until(lambda: not self.alive(), KILL_S)

    def send(self, number: signal.Signals) -> None:
        """Send a signal if it is still there."""
        if self.alive():
            os.kill(self.pid, number)
