"""A whole coordinator: started, killed in its parts, stopped; and two of them on one Redis."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from coordinator.app import serve
from coordinator.protocol import (
    CLOSE_RESYNC,
    CLOSE_STALE,
    CLOSE_UNAVAILABLE,
    Connect,
    Heartbeat,
    WaitingCall,
)
from coordinator.server import listen, url_of
from coordinator.settings import Settings
from tests.boxes.peer import Peer
from tests.service.adapter import Operator, peer_at
from tests.service.test_embedded import gone
from tests.service.valkeys import free_port
from tests.waiting import eventually

#: What an adapter answers with a new link.
COME_AGAIN = (CLOSE_RESYNC, CLOSE_UNAVAILABLE, 1006, 1012)


@dataclass
class Served:
    url: str
    secret: str
    task: "asyncio.Task[None]"


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[Served]:
    """A coordinator in this process."""
    urls: asyncio.Queue[str] = asyncio.Queue()
    said: list[str] = []
    stop = asyncio.Event()
    task = asyncio.create_task(serve(settings, said.append, urls.put_nowait, stop))
    task.add_done_callback(lambda _: urls.put_nowait("ended"))
    url = await urls.get()
    if url != "ended":
        yield Served(url, said[0].split()[-1] if said else "", task)
        stop.set()
    async with asyncio.timeout(20):
        await task


def settings(folder: Path, **more: Any) -> Settings:
    return Settings(data_dir=folder, listen="127.0.0.1:0", **more)


def valkey_pid(folder: Path) -> int:
    return int((folder / "valkey" / "pid").read_text())


async def link(stack: AsyncExitStack, url: str, box: str, token: str, epoch: int = 1) -> Peer:
    """A welcomed adapter, however often it must try."""
    while True:
        peer = await stack.enter_async_context(peer_at(url, box, token, epoch))
        hello: asyncio.Future[Any] = asyncio.ensure_future(peer.hello())
        await asyncio.wait({hello, peer.wire.closed}, return_when=asyncio.FIRST_COMPLETED)
        if hello.done():
            await hello
            return peer
        hello.cancel()
        assert (await peer.closed())[0] in COME_AGAIN


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def test_the_first_token_is_told_once_and_nothing_is_left_behind(tmp_path: Path) -> None:
    async with served(settings(tmp_path)) as first:
        async with Operator(first.url, first.secret) as operator:
            assert (await operator.ask("GET", "/healthz"))["status"] == "ok"
            await operator.ask("GET", "/readyz")
            await operator.staff("sales", "101")
        pid = valkey_pid(tmp_path)
        assert not gone(pid)
    assert gone(pid)
    async with served(settings(tmp_path)) as second:
        assert second.secret == ""
        async with Operator(second.url, first.secret) as operator:
            assert [queue["name"] for queue in await operator.ask("GET", "/v1/queues")] == ["sales"]


async def test_a_call_from_link_to_history(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(served(settings(tmp_path)))
        operator = await stack.enter_async_context(Operator(one.url, one.secret))
        await operator.staff("sales", "101")
        a = await link(stack, one.url, "a", await operator.box_token("a"))
        await a.snapshot("101")
        assert (await a.tell(a.caller("1"))).code == "ok"
        offer = await a.rung()
        await a.tell(Connect(offer_id=offer.offer_id, fence=offer.fence))

        async def recorded() -> bool:
            call = await operator.ask("GET", "/v1/calls/a-1-1")
            return bool(call["outcome"] == "answered" and call["agent"] == "101")

        await eventually(recorded)


async def test_callers_who_wait_keep_their_order_when_redis_is_killed(tmp_path: Path) -> None:
    order = [f"a-{name}-1" for name in range(5)]
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(served(settings(tmp_path)))
        operator = await stack.enter_async_context(Operator(one.url, one.secret))
        await operator.staff("sales", "101")
        token = await operator.box_token("a")
        a = await link(stack, one.url, "a", token)
        await a.snapshot()
        acks = [await a.tell(a.caller(str(name))) for name in range(5)]
        os.kill(valkey_pid(tmp_path), signal.SIGKILL)
        assert (await a.closed())[0] in COME_AGAIN
        again = await link(stack, one.url, "a", token, epoch=2)
        # The snapshot holds the callers with their tickets, in any order.
        calls = [
            WaitingCall(join=a.caller(str(name)), age_us=1, rank=ack.ticket.rank)
            for name, ack in enumerate(acks)
            if ack.ticket
        ]
        assert (await again.snapshot("101", calls=calls[::-1])).code == "ok"
        again.send(Heartbeat())  # it has nothing kept back: the line need not await it longer
        assert (await again.rung()).call_id == order[0]
        assert await operator.waiting("sales") == order


async def test_a_killed_coordinator_comes_back_with_its_callers(tmp_path: Path) -> None:
    log = tmp_path / "log"
    environment = {**os.environ, "GVQ_DATA_DIR": str(tmp_path / "data"), "GVQ_NAME": "one"}
    environment |= {"GVQ_LISTEN": f"127.0.0.1:{free_port()}", "PYTHONUNBUFFERED": "1"}

    async def answers() -> bool:
        return "answers at" in log.read_text()

    async with AsyncExitStack() as stack:

        async def run() -> asyncio.subprocess.Process:
            with log.open("wb") as out:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "coordinator.cli", "serve",
                    env=environment, stdout=out, stderr=out,
                )  # fmt: skip
            stack.push_async_callback(_end, process)
            await eventually(answers, within_s=60)
            return process

        first = await run()
        secret = re.findall(r"First admin token.* (gvq_\S+)", log.read_text())[0]
        url = "http://" + environment["GVQ_LISTEN"]
        operator = await stack.enter_async_context(Operator(url, secret))
        await operator.staff("sales", "101")
        token = await operator.box_token("a")
        a = await link(stack, url, "a", token)
        await a.snapshot()
        kept = await a.tell(a.caller("1"))
        assert kept.ticket is not None
        valkey = valkey_pid(tmp_path / "data")
        first.kill()
        await first.wait()
        assert (await a.closed())[0] in COME_AGAIN
        second = await run()
        assert gone(valkey)
        assert await operator.waiting("sales") == ["a-1-1"]
        # Its Redis is another one as well, so the box begins anew, and the caller is no other.
        again = await link(stack, url, "a", token, epoch=2)
        calls = [WaitingCall(join=a.caller("1"), age_us=1, rank=kept.ticket.rank)]
        await again.snapshot("101", calls=calls)
        again.send(Heartbeat())
        assert (await again.rung()).call_id == "a-1-1"
        assert "First admin token" not in log.read_text()
        valkey = valkey_pid(tmp_path / "data")
        second.terminate()
        assert await second.wait() == 0
        assert gone(valkey)


async def test_two_coordinators_share_redis_and_database(
    tmp_path: Path, valkey: str, tenant: str, empty_url: URL
) -> None:
    shared = {
        "redis_url": valkey,
        "tenant": tenant,
        "database_url": empty_url.render_as_string(hide_password=False),
    }
    async with AsyncExitStack() as stack:
        one, two = [
            await stack.enter_async_context(served(settings(tmp_path / name, name=name, **shared)))
            for name in ("one", "two")
        ]
        assert two.secret == ""
        operator = await stack.enter_async_context(Operator(two.url, one.secret))
        await operator.staff("sales", "101")
        token = await operator.box_token("a")
        a = await link(stack, one.url, "a", token)
        await a.snapshot("101")
        await a.tell(a.caller("1"))
        await a.rung()
        there = await link(stack, two.url, "a", token)
        assert there.seq == 2
        a.post(a.caller("2"))
        assert (await a.closed())[0] == CLOSE_STALE
        assert (await there.tell(there.caller("2"))).code == "ok"
        assert await operator.waiting("sales") == ["a-1-1", "a-2-1"]


async def test_sigterm_ends_it_all(tmp_path: Path) -> None:
    async with served(settings(tmp_path)) as one:
        pid = valkey_pid(tmp_path)
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(20):
            await one.task
        assert gone(pid)


@pytest.mark.parametrize("address", ["8800", "host:port", "127.0.0.1:"])
async def test_a_listen_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(ValueError, match="GVQ_LISTEN"):
        await serve(Settings(data_dir=tmp_path, listen=address))


async def test_an_address_that_is_taken_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with listen("127.0.0.1:0") as taken:
        address = url_of(taken).removeprefix("http://")
        with pytest.raises(OSError, match="in use"):
            await serve(Settings(data_dir=tmp_path / "data", listen=address))
    assert not (tmp_path / "data").exists()


async def test_small_frames_are_not_held_back() -> None:
    """With Nagle's algorithm an ack that follows another frame comes 40 ms late."""
    accepted: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()
    with listen("127.0.0.1:0") as listener:
        address = listener.getsockname()
        server = await asyncio.start_server(lambda _, w: accepted.set_result(w), sock=listener)
        _, ours = await asyncio.open_connection(*address)
        theirs = await accepted
        connection = theirs.get_extra_info("socket")
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        for writer in (ours, theirs):
            writer.close()
            await writer.wait_closed()
        server.close()
        await server.wait_closed()


def test_an_ipv6_address_will_do() -> None:
    with listen("[::1]:0") as listener:
        assert url_of(listener).startswith("http://[::1]:")


@pytest.mark.parametrize(
    ("address", "shown"),
    [("0.0.0.0:0", "http://127.0.0.1:"), ("[::]:0", "http://[::1]:")],
)
def test_an_url_that_is_shown_can_be_opened(address: str, shown: str) -> None:
    with listen(address) as listener:
        url = url_of(listener)
        assert url.startswith(shown)
        host, _, port = url.removeprefix("http://").rpartition(":")
        socket.create_connection((host.strip("[]"), int(port))).close()
