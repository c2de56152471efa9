"""Peers on loopback, and the adapter between them."""

import time
from collections.abc import AsyncIterator

import pytest

from ami_adapter.connection import Peer
from tests.adapter.support.asterisk import SECRET, Manager, manager
from tests.adapter.support.coordinator import Coordinator, coordinator


def now_us() -> int:
    """The clock the adapter uses."""
    return time.monotonic_ns() // 1000


@pytest.fixture
async def asterisk() -> AsyncIterator[Manager]:
    """A manager the test plays."""
    async with manager() as here:
        yield here


@pytest.fixture
async def line() -> AsyncIterator[Coordinator]:
    """A coordinator the test plays."""
    async with coordinator() as here:
        yield here


@pytest.fixture
def peer(asterisk: Manager) -> Peer:
    """How the manager is reached: short times, as all of it is on loopback."""
    return Peer("127.0.0.1", asterisk.port, "gvq", SECRET, deadline_s=5.0, ping_s=60.0)
