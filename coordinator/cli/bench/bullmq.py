"""BullMQ beside the line: installed with npm into the user's cache, run by node as a child."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ami_adapter.lab.root import cache
from coordinator import die_with_parent

#: Pinned: a comparison is with these.
PACKAGES = {"bullmq": "6.7.0", "ioredis": "6.0.0"}

#: Jobs processed at a time.
WORKERS = 50

SCRIPT = Path(__file__).with_name("bullmq.mjs")


class NoBullmq(Exception):
    """BullMQ cannot be run here; the message says why."""


@dataclass(frozen=True, slots=True)
class Bullmq:
    """A running load; `play` may be called again and again."""

    process: asyncio.subprocess.Process

    async def play(self, seconds: float) -> dict[str, Any]:
        """cycles, seconds; added, completed: since it was started."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{seconds}\n".encode())
        await self.process.stdin.drain()
        found: dict[str, Any] = json.loads(await _line(self.process))
        return found


@asynccontextmanager
async def bullmq(path: str) -> AsyncIterator[Bullmq]:
    """On the Valkey at this Unix socket, as long as the block runs. Raises NoBullmq."""
    folder = await asyncio.to_thread(_installed)
    launcher = [sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid())]
    process = await asyncio.create_subprocess_exec(
        *launcher, str(shutil.which("node")), str(folder / SCRIPT.name), path, str(WORKERS),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=folder,
    )  # fmt: skip
    try:
        if await _line(process) != "ready":
            raise NoBullmq("BullMQ did not start")
        yield Bullmq(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode().strip()
    if not line:
        raise NoBullmq("BullMQ stopped; its last words are above")
    return line


def _installed() -> Path:
    """The folder with node_modules; installed when it is not there yet."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise NoBullmq(f"there is no {program} here")
    folder = cache() / "bench" / "-".join(f"{name}-{v}" for name, v in PACKAGES.items())
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(SCRIPT, folder)
    if not (folder / "installed").exists():
        _install(folder)
    return folder


def _install(folder: Path) -> None:
    import subprocess

    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": PACKAGES}))
    command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoBullmq(f"npm could not install it: {done.stderr.strip()[-200:]}")
    (folder / "installed").touch()
