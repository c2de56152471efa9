"""A directory over each kind of database, with the real line behind it."""

import pytest
from redis.asyncio import Redis

from coordinator.database import Database
from coordinator.directory import Directory, Tokens
from coordinator.line.engine import Engine


@pytest.fixture
def engine(redis: Redis, tenant: str) -> Engine:
    """The line of this test's tenant."""
    return Engine(redis, tenant)


@pytest.fixture
def directory(database: Database, engine: Engine) -> Directory:
    """The directory under test."""
    return Directory(database, engine)


@pytest.fixture
def tokens(database: Database) -> Tokens:
    """The tokens under test."""
    return Tokens(database)
