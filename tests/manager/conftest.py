"""A whole coordinator with its manager on a socket, and boxes that the tests speak for."""

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from coordinator.app import Coordinator
from coordinator.line.types import QueueSettings
from coordinator.manager.filters import advanced, legacy
from coordinator.manager.parts import Parts
from coordinator.manager.server import Clients, serving
from coordinator.manager.users import User, Users
from coordinator.server import listen
from tests.api.lines import Box
from tests.coordinators import coordinating
from tests.manager.client import Ami

USERS: Users = {
    "wall": User("wall", "seen", read=frozenset({"agent", "system"})),
    "boss": User(
        "boss", "moved", read=frozenset({"agent", "system"}), write=frozenset({"agent"})
    ),
    "door": User(
        "door", "joins", read=frozenset({"agent", "system"}), filters=(
            advanced("name(QueueCallerJoin)", ""), advanced("name(QueueCallerLeave)", ""),
            legacy("!Queue: help"),
        ),
    ),
}  # fmt: skip


@pytest.fixture
async def coordinator(valkey: str, tenant: str, tmp_path: Path) -> AsyncIterator[Coordinator]:
    """Running, with SQLite; without its web server."""
    async with coordinating(tmp_path, valkey, tenant) as started:
        yield started


@pytest.fixture
def parts(coordinator: Coordinator) -> Parts:
    """What the manager is given."""
    names = Parts.__dataclass_fields__
    return Parts(**{name: getattr(coordinator, name) for name in names})


class Manager:
    """A manager that listens, its clients, and those who are connected."""

    def __init__(self, port: int, clients: Clients) -> None:
        self.port, self.clients = port, clients
        self._mine: list[Ami] = []

    async def connect(self) -> Ami:
        """A client that has seen the banner."""
        ami = await Ami.connect(self.port)
        self._mine.append(ami)
        return ami

    async def login(self, name: str = "boss", events: str = "on") -> Ami:
        """A client that is logged in, with FullyBooted read when it came."""
        ami = await self.connect()
        secret = USERS[name].secret
        answer = await ami.ask("Login", Username=name, Secret=secret, Events=events)
        assert answer["Response"] == "Success"
        if events == "on":
            assert (await ami.read())["Event"] == "FullyBooted"
        return ami

    async def close(self) -> None:
        for ami in self._mine:
            await ami.close()


@pytest.fixture
async def manager(parts: Parts) -> AsyncIterator[Manager]:
    """Listening on a free port."""
    with closing(listen("127.0.0.1:0")) as listener:
        port = listener.getsockname()[1]
        async with serving(listener, USERS, parts) as clients:
            manager = Manager(port, clients)
            yield manager
            await manager.close()


@pytest.fixture
async def box(parts: Parts) -> Box:
    """A box with one phone; its agent alice, displayed as Alice Adams, is in sales, at home."""
    await parts.directory.put_queue("sales", QueueSettings(strategy="linear", servicelevel=20))
    await parts.directory.put_agent("alice", "PJSIP/101", "Alice Adams")
    await parts.directory.put_member("sales", "alice", 2)
    box = Box(parts.engine, "a")
    await box.attach(PJSIP_101="NOT_INUSE")
    return box


@pytest.fixture
async def boss(manager: Manager, box: Box) -> Ami:
    """May do everything and hears nothing."""
    return await manager.login("boss", events="off")
