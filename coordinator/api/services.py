"""What the API is given by the composition root. It asks and passes on, and decides nothing."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, WebSocket
from fastapi.requests import HTTPConnection

from coordinator.database import Database
from coordinator.directory.directory import Directory
from coordinator.directory.tokens import Tokens
from coordinator.history.live import Live
from coordinator.history.queries import History
from coordinator.line.engine import Engine


class Links(Protocol):
    """What the link's route needs of `coordinator.boxes.links.LinkServer`."""

    async def serve(self, box: str, wire: WebSocket) -> None:
        """Serves an accepted WebSocket of a box, whose token was checked, until it ends."""


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of a running coordinator. `now_us`: the line's time, µs since 1970."""

    database: Database
    engine: Engine
    directory: Directory
    tokens: Tokens
    history: History
    live: Live
    links: Links
    now_us: Callable[[], Awaitable[int]]


def services_of(connection: HTTPConnection) -> Services:
    """The services of the app that serves this connection."""
    services: Services = connection.app.state.services
    return services


Here = Annotated[Services, Depends(services_of)]
