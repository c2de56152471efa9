"""The embedded Valkey: it lives as long as the coordinator, and what it was given stays."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from coordinator import embedded
from coordinator.embedded import EmbeddedFailed, EmbeddedValkey
from tests.waiting import eventually


@asynccontextmanager
async def running(directory: Path) -> AsyncIterator[tuple[EmbeddedValkey, "Redis"]]:
    valkey = EmbeddedValkey(directory)
    await valkey.start()
    once = Retry(NoBackoff(), 0)
    async with Redis.from_url(valkey.url, decode_responses=True, retry=once) as client:
        yield valkey, client
    await valkey.stop()


def gone(pid: int) -> bool:
    """Whether no such process runs; a zombie, whose parent has yet to ask for it, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except FileNotFoundError:
        return True


async def until_gone(pid: int) -> None:
    async def is_gone() -> bool:
        return gone(pid)

    await eventually(is_gone)


async def test_what_it_was_given_is_there_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path / "valkey") as (valkey, client):
        await client.set("kept", "yes")
        pid = valkey.pid
        assert pid is not None
    assert gone(pid)
    async with running(tmp_path / "valkey") as (_, client):
        assert await client.get("kept") == "yes"


async def test_only_its_user_may_reach_it(tmp_path: Path) -> None:
    async with running(tmp_path / "valkey"):
        assert stat.S_IMODE((tmp_path / "valkey").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "valkey" / "socket").stat().st_mode) == 0o700


async def test_killed_it_is_started_again_with_all_it_acknowledged(tmp_path: Path) -> None:
    async with running(tmp_path / "valkey") as (valkey, client):
        first, acknowledged = valkey.pid, 0
        assert first is not None

        async def write_until_it_fails() -> None:
            nonlocal acknowledged
            while True:
                acknowledged = await client.incr("count")
                if acknowledged == 100:
                    os.kill(first, signal.SIGKILL)

        with pytest.raises((RedisError, OSError)):
            await write_until_it_fails()

        async def back() -> bool:
            try:
                return valkey.pid != first and bool(await client.ping())
            except (RedisError, OSError):
                return False

        await eventually(back)
        assert int(await client.get("count") or 0) >= acknowledged >= 100


async def test_a_second_coordinator_on_the_directory_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path / "valkey") as (valkey, client):
        with pytest.raises(EmbeddedFailed, match="another coordinator is running on"):
            await EmbeddedValkey(tmp_path / "valkey").start()
        assert await client.ping()
        assert valkey.pid is not None


HOST = """
import asyncio, sys
from pathlib import Path
from coordinator.embedded import EmbeddedValkey

async def main():
    valkey = EmbeddedValkey(Path(sys.argv[1]))
    await valkey.start()
    print(valkey.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def host(directory: Path) -> tuple["subprocess.Popen[str]", int]:
    """A process that keeps a server, and the server's pid."""
    command = [sys.executable, "-c", HOST, str(directory)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as out:
        return process, int(out.readline())


async def test_it_dies_with_a_coordinator_that_is_killed(tmp_path: Path) -> None:
    process, pid = host(tmp_path / "valkey")
    process.kill()
    process.wait()
    await until_gone(pid)
    async with running(tmp_path / "valkey") as (_, client):
        assert await client.ping()


async def test_a_leftover_is_stopped_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the kernel does not keep die_with_parent's promise, or the server hangs."""
    process, pid = host(tmp_path / "valkey")
    os.kill(pid, signal.SIGSTOP)
    process.kill()
    process.wait()
    assert not gone(pid)
    monkeypatch.setattr(embedded, "STOP_S", 0.2)
    async with running(tmp_path / "valkey") as (valkey, client):
        assert await client.ping()
        assert valkey.pid != pid
    assert gone(pid)


async def test_another_process_with_the_number_of_the_pid_file_is_left_alone(
    tmp_path: Path,
) -> None:
    directory = tmp_path / "valkey"
    directory.mkdir()
    (directory / "pid").write_text(str(os.getpid()))
    async with running(directory) as (_, client):
        assert await client.ping()


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    directory = tmp_path / "valkey"
    async with running(directory) as (_, client):
        await client.set("kept", "yes")
    (log,) = (directory / "appendonlydir").glob("*.incr.aof")
    log.write_bytes(b"*3\r\nthis is no log\r\n" + log.read_bytes())
    with pytest.raises(EmbeddedFailed, match="Bad file format reading the append only file"):
        await EmbeddedValkey(directory).start()
    with pytest.raises(EmbeddedFailed):  # and its lock was given back
        await EmbeddedValkey(directory).start()


async def test_a_directory_with_a_long_name_will_do(tmp_path: Path) -> None:
    directory = tmp_path / ("long" * 30)
    async with running(directory) as (valkey, client):
        assert await client.ping()
        assert len(valkey.url) < embedded.SOCKET_PATH_MAX
    async with running(directory) as (_, client):
        assert await client.ping()
