"""Callers: one SIPp process per group, from the root folder, each call in its message log."""

import asyncio
import itertools
import os
import shutil
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ami_adapter.lab import siplog
from ami_adapter.lab.boxes import Box
from ami_adapter.lab.config import render
from ami_adapter.lab.phones import NO_AUDIO
from ami_adapter.lab.process import POLL_S

#: The first caller's number; the next ones count on.
FIRST_NUMBER = 5550001

#: How long SIPp may take to end its calls when told to, seconds.
STOP_S = 10.0

_groups = itertools.count(1)


class Callers:
    """A group of callers. Use as `async with Callers(box, "sales", 60, per_second=9) as group:`.

    Leaving the block hangs up whoever still holds. stay_s: each hangs up by itself after so long;
    None: it stays until the box ends the call. numbers: as they stand in the From header, %
    escapes allowed; by default 5550001, 5550002, … media_port: where the box sends its audio.
    """

    def __init__(
        self,
        box: Box,
        extension: str,
        count: int = 1,
        *,
        per_second: float = 100.0,
        stay_s: float | None = None,
        numbers: list[str] | None = None,
        first_number: int = FIRST_NUMBER,
        media_port: int = NO_AUDIO,
        address: str = "127.0.0.1",
    ) -> None:
        self.box = box
        self.numbers = numbers or [str(first_number + n) for n in range(count)]
        self._extension = extension
        self._per_second = per_second
        self._stay_s = stay_s
        self._media_port = media_port
        self._address = address
        self._folder = Path(box.etc_dir).parents[1] / f"callers-{os.getpid()}-{next(_groups)}"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def calls(self) -> dict[str, siplog.CallerLog]:
        """What is known of each caller so far, by number."""
        try:
            lines = (self._folder / "log").read_text("utf-8").splitlines(keepends=True)
        except FileNotFoundError:
            return {}
        whole = [line for line in lines if line.endswith("\n")]
        return {
            self.numbers[int(call.call_id.partition("-")[0]) - 1]: call
            for call in siplog.calls(whole)
        }

    async def until(
        self, condition: Callable[[dict[str, siplog.CallerLog]], bool], seconds: float = 10.0
    ) -> None:
        """Wait until the callers' log meets the condition. TimeoutError else."""
        async with asyncio.timeout(seconds):
            while not condition(self.calls):  # noqa: ASYNC110 - SIPp only writes a file
                await asyncio.sleep(POLL_S)

    async def finished(self, seconds: float = 60.0) -> dict[str, siplog.CallerLog]:
        """Wait until every call is over, and return them. TimeoutError else."""
        assert self._process is not None
        async with asyncio.timeout(seconds):
            await self._process.wait()
        return self.calls

    async def hang_up(self) -> None:
        """All hang up now."""
        process = self._process
        assert process is not None
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            # SIPp: once, no new calls; twice, end those that are. Not process.send_signal, which
            # may take the exit status away from asyncio's own watcher.
            os.kill(process.pid, signal.SIGUSR1)
            os.kill(process.pid, signal.SIGUSR1)
        async with asyncio.timeout(STOP_S):
            await process.wait()

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True)
        self._write()
        self._process = await asyncio.create_subprocess_exec(
            *self._command(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.hang_up()
        shutil.rmtree(self._folder)

    def _write(self) -> None:
        until = ""
        if self._stay_s is not None:
            until = f' timeout="{round(self._stay_s * 1000)}" ontimeout="hang_up"'
        scenario = render(
            "caller.xml", extension=self._extension, media_port=self._media_port, until=until
        )
        (self._folder / "caller.xml").write_text(scenario, "utf-8")
        rows = [f"{number};Caller {number[-4:]}" for number in self.numbers]
        (self._folder / "numbers").write_text("\n".join(["SEQUENTIAL", *rows, ""]), "utf-8")

    def _command(self) -> list[str]:
        folder, count = self._folder, str(len(self.numbers))
        return [
            *("chroot", self.box.root, "sipp", self.box.sip, "-nostdin"),
            *("-sf", f"{folder}/caller.xml", "-inf", f"{folder}/numbers", "-cid_str", "%u-%p@%s"),
            *("-i", self._address, "-p", str(_free_port(self._address))),
            *(
                "-m",
                count,
                "-l",
                count,
                "-r",
                str(round(self._per_second * 1000)),
                "-rp",
                "1000000",
            ),
            *("-trace_shortmsg", "-shortmessage_file", f"{folder}/log"),
        ]


def _free_port(address: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port
