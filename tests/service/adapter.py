"""Peers over real WebSockets, and the operator's hand on the API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from coordinator.tasks import cancel
from tests.boxes.peer import Peer


@asynccontextmanager
async def peer_at(url: str, box: str, token: str, epoch: int = 1) -> AsyncIterator[Peer]:
    """A peer linked to the API at `url`."""
    address = url.replace("http://", "ws://") + f"/v1/boxes/{box}/link"
    headers = {"Authorization": f"Bearer {token}"}
    async with connect(address, additional_headers=headers, proxy=None) as socket:
        peer = Peer(box, epoch=epoch)
        pumps = [asyncio.create_task(pump(peer, socket)) for pump in (_up, _down)]
        yield peer
        await cancel(pumps)


async def _up(peer: Peer, socket: ClientConnection) -> None:
    with suppress(ConnectionClosed):
        while (text := await peer.wire.up.get()) is not None:
            await socket.send(text)


async def _down(peer: Peer, socket: ClientConnection) -> None:
    try:
        while True:
            peer.wire.down.put_nowait(str(await socket.recv()))
    except ConnectionClosed as end:
        code = end.rcvd.code if end.rcvd else 1006
        await peer.wire.close(code, end.rcvd.reason if end.rcvd else "")


class Operator:
    """The API with an admin token."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        # A commit waits for the disk, which others write to as well.
        self._client = httpx.AsyncClient(
            base_url=url, headers=headers, trust_env=False, timeout=30.0
        )

    async def __aenter__(self) -> "Operator":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def ask(self, method: str, path: str, **body: object) -> Any:
        answer = await self._client.request(method, path, json=body or None)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def box_token(self, box: str) -> str:
        """Creates the box; its token."""
        await self.ask("PUT", f"/v1/boxes/{box}")
        return str((await self.ask("POST", "/v1/tokens", role="box", box=box))["token"])

    async def staff(self, queue: str, *agents: str) -> None:
        """A queue with agents at work."""
        await self.ask("PUT", f"/v1/queues/{queue}", strategy="linear")
        for agent in agents:
            await self.ask("PUT", f"/v1/agents/{agent}", name=agent, interface=f"PJSIP/{agent}")
            await self.ask("PUT", f"/v1/queues/{queue}/members/{agent}", penalty=0)
            await self.ask("POST", f"/v1/agents/{agent}/login")

    async def waiting(self, queue: str) -> list[str]:
        callers = await self.ask("GET", f"/v1/queues/{queue}/callers")
        return [caller["call_id"] for caller in callers]
