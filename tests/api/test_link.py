"""The links' door: whose token opens which box, and for how long."""

import asyncio
import contextlib
import json

import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect

from coordinator.api.routes import link
from coordinator.api.services import Services
from coordinator.directory import Role
from coordinator.protocol import (
    CLOSE_UNAUTHORIZED,
    CLOSE_UNAVAILABLE,
    CLOSE_WRONG_BOX,
    MAX_FRAME,
    EventFrame,
    Heartbeat,
    Hello,
    Snapshot,
)
from tests.api.client import Client
from tests.waiting import eventually


def dial(url: str, box: str, token: str | None) -> connect:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    address = f"{url.replace('http', 'ws')}/v1/boxes/{box}/link"
    return connect(address, additional_headers=headers, max_size=MAX_FRAME, proxy=None)


async def close_code(socket: ClientConnection) -> int | None:
    """The code with which the coordinator closes."""
    async with asyncio.timeout(10):
        await socket.wait_closed()
    return socket.close_code


async def say_hello(socket: ClientConnection) -> None:
    """Begins an epoch, to its first acknowledgement."""
    await socket.send(Hello(box="a", instance="adapter", epoch=1).model_dump_json())
    assert json.loads(await socket.recv())["type"] == "welcome"
    await socket.send(EventFrame(seq=1, event=Snapshot()).model_dump_json())
    assert json.loads(await socket.recv())["code"] == "ok"


async def test_an_adapter_gets_in(
    url: str, clients: dict[Role, Client], services: Services
) -> None:
    async with dial(url, "a", clients["box"].token) as socket:
        await say_hello(socket)
        (box,) = await services.engine.boxes()
        assert (box.name, box.linked, box.attached) == ("a", True, True)


@pytest.mark.parametrize("role", [None, "read", "operate", "admin"])
async def test_only_a_box_token_opens(
    url: str, clients: dict[Role, Client], role: Role | None
) -> None:
    async with dial(url, "a", clients[role].token if role else None) as socket:
        assert await close_code(socket) == CLOSE_UNAUTHORIZED


async def test_only_that_very_box(url: str, clients: dict[Role, Client]) -> None:
    await clients["admin"].ask("PUT", "/v1/boxes/b", 201)
    async with dial(url, "b", clients["box"].token) as socket:
        assert await close_code(socket) == CLOSE_WRONG_BOX
        assert socket.close_reason == "wrong_box: This token is for box 'a', not for 'b'."


async def test_a_disabled_box_stays_out(url: str, clients: dict[Role, Client]) -> None:
    await clients["admin"].ask("PUT", "/v1/boxes/a", json={"enabled": False})
    async with dial(url, "a", clients["box"].token) as socket:
        assert await close_code(socket) == CLOSE_UNAUTHORIZED


@pytest.mark.parametrize("how", ["revoked", "disabled", "removed"])
async def test_a_link_ends_with_its_right(
    url: str,
    clients: dict[Role, Client],
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    monkeypatch.setattr(link, "RECHECK_S", 0.05)
    token, secret = await services.tokens.create("box", "a")
    async with dial(url, "a", secret) as socket:
        await say_hello(socket)
        if how == "revoked":
            await clients["admin"].ask("DELETE", f"/v1/tokens/{token.id}", 204)
        elif how == "disabled":
            await clients["admin"].ask("PUT", "/v1/boxes/a", json={"enabled": False})
        else:
            await clients["admin"].ask("DELETE", "/v1/boxes/a", 204)
        assert await close_code(socket) == CLOSE_UNAUTHORIZED

    async def unlinked() -> bool:
        (box,) = await services.engine.boxes()
        return not box.linked

    await eventually(unlinked)


async def test_a_database_that_is_away_neither_lets_in_nor_throws_out(
    url: str, clients: dict[Role, Client], services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "RECHECK_S", 0.02)
    looked = asyncio.Event()

    async def fail(_secret: str) -> None:
        looked.set()
        raise OSError("no route to the database")

    async with dial(url, "a", clients["box"].token) as inside:
        await say_hello(inside)
        monkeypatch.setattr(services.tokens, "check", fail)
        async with asyncio.timeout(10):
            await looked.wait()
        async with dial(url, "a", clients["box"].token) as outside:
            assert await close_code(outside) == CLOSE_UNAVAILABLE
        await inside.send(Heartbeat().model_dump_json())
        await inside.ping()
        assert inside.state is websockets.State.OPEN


async def test_a_frame_too_large_is_cut_off_by_the_server(
    url: str, clients: dict[Role, Client]
) -> None:
    async with dial(url, "a", clients["box"].token) as socket:
        # The server does not read to its end.
        with contextlib.suppress(websockets.ConnectionClosed):
            await socket.send("x" * (MAX_FRAME + 1))
        assert await close_code(socket) == 1009
