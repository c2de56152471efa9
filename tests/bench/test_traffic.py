"""gvq bench traffic: it counts what was sent, for calls that were served."""

import asyncio
import json
from urllib.parse import urlsplit

from coordinator.cli.bench.traffic import BARE, CALL, DOWN, IDLE, LOG, UP, WIRES, Relay
from coordinator.protocol import Connect, EventFrame
from tests.bench.conftest import Bench

BYTES = 300_000


async def _twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Whatever is said comes back two times."""
    while data := await reader.read(BYTES):
        writer.write(data * 2)
    writer.close()


async def test_a_relay_passes_everything_on_and_counts_it() -> None:
    async with await asyncio.start_server(_twice, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        relay = Relay()
        async with relay.way(f"http://127.0.0.1:{port}") as url:
            reader, writer = await asyncio.open_connection(urlsplit(url).hostname, _port(url))
            writer.write(b"x" * BYTES)
            writer.write_eof()
            assert await reader.read(-1) == b"x" * 2 * BYTES
            writer.close()
    assert relay.passed == {UP: BYTES, DOWN: 2 * BYTES}


async def test_a_relay_ends_its_connections() -> None:
    async with await asyncio.start_server(_twice, "127.0.0.1", 0) as server:
        relay = Relay()
        async with relay.way(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as url:
            reader, writer = await asyncio.open_connection("127.0.0.1", _port(url))
            writer.write(b"x")
            await reader.readexactly(2)
        assert await reader.read(-1) == b""
        writer.close()


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def test_a_call_is_counted_on_every_wire(bench: Bench) -> None:
    body = bench("traffic")
    assert body.wrong() == []
    [transitions] = body.values(CALL, "transitions")
    # Join, connect, complete, and a phone that rings, talks and is free again; beats beside them.
    assert transitions >= 6
    sent = {wire: body.values(wire, "bytes")[0] for wire in WIRES}
    # The least that a transition can be on the link, and an event's arguments in Redis and its log.
    least = len(EventFrame(seq=1, age_us=0, event=Connect(offer_id="o", fence=1)).model_dump_json())
    assert sent[UP] > 6 * least
    assert sent[DOWN] > 6 * len(json.dumps({"kind": "ack", "seq": 1}))
    assert min(sent[wire] for wire in WIRES) > 0
    assert sent[LOG] > sent[UP]
    for part in ("coordinator", "adapters", "Valkey"):
        assert body.values(f"{IDLE}: {part}", "processor time")[0] >= 0
    assert body.values(BARE, "processor time")[0] >= 0
    assert body.values("coordinator", "resident memory")[0] > 20
