"""The demo's own processes: gvq serve and gvq adapter, as an operator would start them.

They die with the demo, whatever kills it (die_with_parent.py), and never see a Ctrl-C that is
meant for the demo, which stops them in order.
"""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from coordinator import die_with_parent
from coordinator.cli.errors import CliError

#: Seconds a child has to come up, or to stop when told, before it is given up or killed.
START_S = 60.0
STOP_S = 15.0

TOKEN = re.compile(r"gvq_[A-Za-z0-9_-]{20,}")
URL = re.compile(r"https?://\S+")


class Child:
    """One `gvq` process; `running` starts and stops it.

    Its log is <folder>/<name>.log. Only what the demo sets of GVQ_* reaches it.
    """

    def __init__(
        self, name: str, arguments: list[str], env: Mapping[str, str], folder: Path
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._arguments = arguments
        self._env = {k: v for k, v in os.environ.items() if not k.startswith("GVQ_")} | {**env}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """The process is there; it has done nothing yet."""
        launcher = [sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid())]
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *launcher,
                *(sys.executable, "-m", "coordinator.cli", *self._arguments),
                env=self._env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )

    async def stop(self) -> None:
        """Told to stop, and killed when it does not."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def kill(self) -> None:
        """SIGKILL, with no farewell; it may be started again."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    @property
    def pid(self) -> int:
        """Of the process that was started."""
        assert self._process is not None
        return self._process.pid

    def check(self) -> None:
        """CliError with its last words when it is no more."""
        if self._process is not None and self._process.returncode is not None:
            lines = self.log.read_text(errors="replace").splitlines()
            raise CliError(f"{self.name} stopped: {lines[-1] if lines else 'no word'}")


@asynccontextmanager
async def running(*children: Child) -> AsyncIterator[None]:
    """They run as long as the block."""
    try:
        for child in children:
            await child.start()
        yield
    finally:
        await asyncio.gather(*(child.stop() for child in children))


async def announced(serve: Child) -> tuple[str, str]:
    """URL and first admin token, as `gvq serve` prints them at its first start. CliError else."""
    with suppress(TimeoutError):
        async with asyncio.timeout(START_S):
            while True:
                text = serve.log.read_text(errors="replace")
                url, token = URL.search(text), TOKEN.search(text)
                if url and token:
                    return url.group(), token.group()
                serve.check()
                await asyncio.sleep(0.05)
    raise CliError(f"The coordinator was not up within {START_S:.0f} s; see {serve.log}.")
