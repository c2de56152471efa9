"""A whole coordinator behind its API, on each kind of database, with the real line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import URL

from coordinator.api.app import create_app
from coordinator.api.services import Services
from coordinator.app import Coordinator
from coordinator.directory import Role
from coordinator.server import listen, url_of, web_server
from tests.api.client import Client
from tests.coordinators import coordinating


@pytest.fixture
async def coordinator(
    empty_url: URL, valkey: str, tenant: str, tmp_path: Path
) -> AsyncIterator[Coordinator]:
    """Running, without its web server."""
    database_url = empty_url.render_as_string(hide_password=False)
    async with coordinating(tmp_path, valkey, tenant, database_url=database_url) as started:
        yield started


@pytest.fixture
def services(coordinator: Coordinator) -> Services:
    """What the API is given."""
    parts = {name: getattr(coordinator, name) for name in Services.__dataclass_fields__}
    return Services(**parts)


@pytest.fixture
def app(services: Services) -> FastAPI:
    """The application under test."""
    return create_app(services)


@pytest.fixture
async def url(app: FastAPI) -> AsyncIterator[str]:
    """The application on a socket: http://127.0.0.1:PORT."""
    with closing(listen("127.0.0.1:0")) as listener:
        server = web_server(app)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield url_of(listener)
        app.state.services.live.stop()
        await app.state.services.links.stop()
        server.should_exit = True
        await serving


@pytest.fixture
async def clients(app: FastAPI, services: Services) -> AsyncIterator[dict[Role, Client]]:
    """A client for each role, and one without a token."""
    # A failure inside is shown to the client as it would be in production, and not raised here.
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    await services.directory.put_box("a")
    made: dict[Role, Client] = {}
    for role in ("read", "operate", "admin"):
        made[role] = Client(transport, (await services.tokens.create(role))[1])
    made["box"] = Client(transport, (await services.tokens.create("box", "a"))[1])
    yield made
    for client in made.values():
        await client.aclose()


@pytest.fixture
def admin(clients: dict[Role, Client]) -> Client:
    """May do everything."""
    return clients["admin"]


@pytest.fixture
async def nobody(app: FastAPI) -> AsyncIterator[Client]:
    """A client without a token."""
    client = Client(httpx.ASGITransport(app, raise_app_exceptions=False), None)
    yield client
    await client.aclose()
