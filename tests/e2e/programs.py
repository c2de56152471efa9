"""The programs under test as an operator runs them: `gvq serve`, `gvq adapter`, `gvq verify`."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from coordinator.journal import Entry
from tests.waiting import eventually

GVQ = str(Path(sys.executable).with_name("gvq"))

#: Seconds a program has to start, to stop, and a condition to come true on a loaded machine.
START_S, STOP_S, WITHIN_S = 30.0, 15.0, 30.0

#: Timing of coordinator and adapters under test, seconds: shorter than an operator's.
TIMING = {
    "GVQ_LEASE_S": "2",
    "GVQ_HEARTBEAT_S": "0.3",
    "GVQ_OFFER_GRACE_S": "2",
    "GVQ_RECONNECT_MAX_S": "0.5",
    "GVQ_LAMPS_AWAY_S": "1.5",
}

_TOKEN = re.compile(r"gvq_[A-Za-z0-9_-]{20,}")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class Program:
    """One process and its log. `settings` take the place of all GVQ_* of the environment."""

    def __init__(self, command: str, log: Path, settings: dict[str, str]) -> None:
        self.command, self.log = command, log
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None

    def twin(self) -> "Program":
        """The same once more, with a log of its own."""
        return Program(self.command, self.log.with_suffix(".twin.log"), self._settings)

    async def start(self) -> None:
        """Start it; it is not ready yet."""
        ours = {name: v for name, v in os.environ.items() if not name.startswith("GVQ_")}
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                GVQ, self.command, env={**ours, **self._settings}, stdout=log, stderr=log
            )

    def check(self) -> None:
        """AssertionError with the log's end when the program ended by itself."""
        ended = self._process is not None and self._process.returncode is not None
        assert not ended, f"gvq {self.command} ended:\n{self.log.read_text('utf-8')[-2000:]}"

    async def says(self, words: str) -> None:
        """Wait until its log holds these words."""

        async def so() -> bool:
            return words in self.log.read_text("utf-8")

        await eventually(so, WITHIN_S)

    async def stop(self) -> None:
        """SIGTERM; TimeoutError when that does not end it."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """SIGKILL: no farewell."""
        await self._end(signal.SIGKILL)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It stands still (SIGSTOP), and goes on afterwards."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    async def _end(self, how: signal.Signals) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            process.send_signal(how)
            try:
                async with asyncio.timeout(STOP_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
                raise
        self._process = None


class Coordinator:
    """`gvq serve` on one data directory, and its API with the first admin token."""

    def __init__(self, directory: Path) -> None:
        self.data_dir = directory / "data"
        self.queue_log = directory / "queue_log"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.program = Program(
            "serve",
            directory / "serve.log",
            {
                "GVQ_DATA_DIR": str(self.data_dir),
                "GVQ_LISTEN": f"127.0.0.1:{port}",
                "GVQ_NAME": "one",
                "GVQ_QUEUE_LOG": str(self.queue_log),
                **TIMING,
            },
        )
        self.token = ""
        self.entries: list[Entry] = []
        self._begun = 0
        self._http = httpx.AsyncClient(base_url=self.url, timeout=10.0)

    async def start(self) -> None:
        """Start and wait until it is ready."""
        await self.program.start()
        await self.back()
        if not self.token:
            found = _TOKEN.search(self.program.log.read_text("utf-8"))
            assert found, "no admin token at the first start"
            self.token = found[0]
            self._http.headers["Authorization"] = f"Bearer {self.token}"

    async def back(self) -> None:
        """Wait until it is ready, again or for the first time."""

        async def so() -> bool:
            self.program.check()
            return await self._ready()

        await eventually(so, START_S)

    async def close(self) -> None:
        """Stop it."""
        try:
            await self.program.stop()
        finally:
            await self._http.aclose()

    async def _ready(self) -> bool:
        try:
            return (await self._http.get("/readyz")).is_success
        except httpx.TransportError:
            return False

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request. HTTPStatusError when it is refused."""
        answer = await self._http.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    # ── the journal ─────────────────────────────────────────────────────────────────────────

    async def catch_up(self) -> list[Entry]:
        """All entries so far. A coordinator that is away has no news."""
        try:
            while page := await self._page():
                self.entries += map(Entry.from_json, page)
        except (httpx.TransportError, httpx.HTTPStatusError):
            pass
        return self.entries

    async def _page(self) -> list[Any]:
        after = self.entries[-1].id if self.entries else "0"
        page: list[Any] = await self.ask("GET", f"/v1/journal?after={after}&limit=1000")
        return page

    async def until(
        self, condition: Callable[[list[Entry]], Any], within_s: float = WITHIN_S
    ) -> list[Entry]:
        """Wait until the journal meets the condition. TimeoutError with its end otherwise."""

        async def so() -> bool:
            return bool(condition(await self.catch_up()))

        try:
            await eventually(so, within_s)
        except TimeoutError:
            tail = "\n".join(str(entry.to_json()) for entry in self.entries[-12:])
            raise TimeoutError(f"the journal did not come to it; its end is\n{tail}") from None
        return self.entries

    def of(self, type_: str, **wanted: Any) -> list[Entry]:
        """Entries of this test, as caught up, of this type and with these fields."""
        return [
            entry
            for entry in self.entries[self._begun :]
            if entry.type == type_ and all(entry.data.get(k) == v for k, v in wanted.items())
        ]

    def begin(self) -> None:
        """A test begins: entries so far are another's."""
        self._begun = len(self.entries)

    async def happens(self, type_: str, count: int = 1, **wanted: Any) -> Entry:
        """Wait for the count-th such entry."""
        await self.until(lambda _: len(self.of(type_, **wanted)) >= count)
        return self.of(type_, **wanted)[count - 1]

    def valkey_pid(self) -> int:
        """The embedded Valkey's process id, from its own pid file."""
        [file] = self.data_dir.rglob("pid")
        return int(file.read_text())


def adapter(
    box: str, token: str, coordinator: str, ami: tuple[str, int, str, str], log: Path,
    **more: object,
) -> Program:  # fmt: skip
    """`gvq adapter` of a box. `ami`: host, port, username, secret; `more`: settings."""
    host, port, username, secret = ami
    settings = {
        "GVQ_COORDINATOR_URL": coordinator,
        "GVQ_BOX": box,
        "GVQ_TOKEN": token,
        "GVQ_AMI_HOST": host,
        "GVQ_AMI_PORT": str(port),
        "GVQ_AMI_USERNAME": username,
        "GVQ_AMI_SECRET": secret,
        **TIMING,
        **{f"GVQ_{name.upper()}": str(value) for name, value in more.items()},
    }
    return Program("adapter", log, settings)


async def gvq(
    *arguments: str, text: str = "", environment: Sequence[tuple[str, str]] = ()
) -> tuple[int, str]:
    """Run a command to its end with `text` on stdin; exit status and all it printed."""
    process = await asyncio.create_subprocess_exec(
        GVQ, *arguments, env={**os.environ, **dict(environment)},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate(text.encode())
    assert process.returncode is not None
    return process.returncode, output.decode()
