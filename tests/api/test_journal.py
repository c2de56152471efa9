"""The journal by pages, and as server-sent events over a real socket."""

import asyncio
import itertools
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from redis.asyncio import Redis

from coordinator.api import events
from coordinator.api.services import Services
from coordinator.line.keys import key
from coordinator.line.types import QueueSettings
from tests.api.client import Client
from tests.waiting import eventually


async def put_queues(services: Services, *names: str) -> None:
    """Each makes one entry."""
    for name in names:
        await services.directory.put_queue(name, QueueSettings())


class Stream:
    """An open stream of events."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def line(self) -> str:
        """The next line."""
        async with asyncio.timeout(10):
            return await anext(self._lines)

    async def block(self) -> list[str]:
        """The lines up to the next empty one."""
        lines = []
        while line := await self.line():
            lines.append(line)
        return lines

    async def event(self) -> dict[str, str]:
        """The next event's fields; comments and the time to reconnect are passed over."""
        while True:
            lines = await self.block()
            fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
            if "data" in fields:
                return fields


@asynccontextmanager
async def listening(url: str, token: str, **options: Any) -> AsyncIterator[Stream]:
    """Opens /v1/events; the time to come back has been said."""
    headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
    async with (
        httpx.AsyncClient(base_url=url, headers=headers, timeout=20) as client,
        client.stream("GET", "/v1/events", **options) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        stream = Stream(response)
        assert await stream.block() == [f"retry: {events.RETRY_MS}"]
        yield stream


async def test_pages(admin: Client, services: Services) -> None:
    await put_queues(services, "a", "b", "c")
    pages: list[dict[str, Any]] = []
    after = "0"
    while page := await admin.ask("GET", f"/v1/journal?after={after}&limit=2"):
        assert len(page) <= 2
        pages += page
        after = page[-1]["id"]
    changed = [entry["queue"] for entry in pages if entry["type"] == "queue.changed"]
    assert changed == ["a", "b", "c"]
    assert pages == [entry.to_json() for entry in await services.engine.journal()]


@pytest.mark.parametrize("query", ["after=x", "limit=0", "limit=10001", "after=1-2-3"])
async def test_pages_that_are_none(admin: Client, query: str) -> None:
    await admin.refused("invalid", "GET", f"/v1/journal?{query}")


async def test_events_come_as_they_happen(url: str, admin: Client, services: Services) -> None:
    await put_queues(services, "before")
    async with listening(url, admin.token) as stream:
        await listeners(services, 1)
        await put_queues(services, "sales")
        event = await stream.event()
    entry = json.loads(event["data"])
    assert (event["event"], entry["queue"]) == ("queue.changed", "sales")
    assert event["id"] == entry["id"] == (await services.engine.journal())[-1].id
    await listeners(services, 0)


@pytest.mark.parametrize("how", ["header", "query"])
async def test_one_who_comes_back_misses_nothing(
    url: str, admin: Client, services: Services, how: str
) -> None:
    await put_queues(services, "a", "b", "c")
    entries = [e for e in await services.engine.journal() if e.type == "queue.changed"]
    known = entries[0].id
    options = {"headers": {"Last-Event-ID": known}} if how == "header" else {}
    if how == "query":
        options = {"params": {"after": known}}
    async with listening(url, admin.token, **options) as stream:
        seen = [json.loads((await stream.event())["data"])["queue"] for _ in range(2)]
        await put_queues(services, "d")
        seen.append(json.loads((await stream.event())["data"])["queue"])
    assert seen == ["b", "c", "d"]


async def test_silence_is_filled(url: str, admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.05)
    async with listening(url, admin.token) as stream:
        assert await stream.block() == [": still here"]
        assert await stream.block() == [": still here"]


async def test_a_revoked_token_listens_no_longer(
    url: str, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.05)
    token, secret = await services.tokens.create("read")
    async with listening(url, secret) as stream:
        await services.tokens.revoke(token.id)
        while (lines := await stream.block()) == [": still here"]:
            pass
        assert lines == [": cut off, unauthorized"]
        with pytest.raises(StopAsyncIteration):
            await stream.line()


async def test_a_revoked_token_listens_no_longer_amid_traffic(
    url: str, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.3)
    token, secret = await services.tokens.create("read")

    async def traffic() -> None:
        for number in itertools.count():
            await put_queues(services, f"q{number}")

    async with listening(url, secret) as stream:
        busy = asyncio.create_task(traffic())
        await services.tokens.revoke(token.id)
        while not (lines := await stream.block())[0].startswith(": cut off"):
            pass
        busy.cancel()
        assert lines == [": cut off, unauthorized"]


async def test_streams_end_when_the_coordinator_stops(
    url: str, admin: Client, services: Services
) -> None:
    async with listening(url, admin.token) as stream:
        await listeners(services, 1)
        services.live.stop()
        assert (await stream.block())[0].startswith(": cut off")


async def test_one_who_does_not_read_is_cut_off(
    url: str,
    admin: Client,
    services: Services,
    redis: Redis,
    tenant: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "STUCK_S", 0.2)
    # More than the kernel keeps for a connection that is not read.
    for _ in range(60):
        entry = {"at_us": "1", "type": "line.held", "reason": "x" * 200_000}
        await redis.xadd(key(tenant, "journal"), {"entry": json.dumps(entry)})
    with open_connection(url) as deaf:
        deaf.sendall(
            f"GET /v1/events?after=0 HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {admin.token}\r\n\r\n".encode()
        )
        cut_off: list[str] = []
        monkeypatch.setattr(events.log, "info", lambda text, *_: cut_off.append(text))

        async def noticed() -> bool:
            return bool(cut_off)

        await eventually(noticed)
        assert deaf.recv(12) == b"HTTP/1.1 200"
    await listeners(services, 0)


@pytest.mark.parametrize("after", ["9" * 20, "9223372036854775808-0", "0-18446744073709551615"])
async def test_an_id_beyond_what_can_be_stored_is_refused(
    admin: Client, services: Services, after: str
) -> None:
    await put_queues(services, "sales")
    await admin.refused("invalid", "GET", f"/v1/journal?after={after}")
    await admin.refused("invalid", "GET", f"/v1/events?after={after}")
    await admin.refused("invalid", "GET", "/v1/events", headers={"Last-Event-ID": after})


def open_connection(url: str) -> socket.socket:
    """A connection that takes little before it is read."""
    address = urlsplit(url)
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect((address.hostname, address.port))
    return made


async def listeners(services: Services, number: int) -> None:
    """Waits until so many listen."""

    async def reached() -> bool:
        return services.live.subscribers == number

    await eventually(reached)
