"""What the manager is given by the composition root, and the readings that its parts share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from coordinator.directory.directory import Directory
from coordinator.history.live import Live
from coordinator.history.queries import History
from coordinator.line.engine import Engine
from coordinator.manager.members import Person
from coordinator.tasks import to_its_end


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a running coordinator. `now_us`: Redis's time, µs since 1970."""

    engine: Engine
    directory: Directory
    history: History
    live: Live
    now_us: Callable[[], Awaitable[int]]


async def everybody(parts: Parts) -> list[Person]:
    """All agents of the line, by name, with the names people see. Raises as SQL and Redis do."""
    names = {agent.name: agent.display_name for agent in await to_its_end(parts.directory.agents())}
    return [Person(view, names.get(view.name, "")) for view in await parts.engine.agents()]
