"""The box's commands: read from its stream, sent in order, until the adapter says done.

Each link has a blocking read of its own, on a connection of its own. One shared read over all
boxes would need to be interrupted at each link that comes or goes, and would make a decision
for one box wait for the loop that serves another; 200 idle connections cost Redis 4 MB.
"""

from collections.abc import Awaitable, Callable

from coordinator.line.engine import Engine
from coordinator.protocol import CommandFrame

#: How long a read of an empty stream waits, ms; the next one follows at once.
BLOCK_MS = 4_000


async def forward(engine: Engine, box: str, send: Callable[[str], Awaitable[None]]) -> None:
    """Sends every command of the box, for ever; first those a former link left undone."""
    after = "0"
    while True:
        for command_id, command in await engine.commands(box, after, BLOCK_MS):
            await send(CommandFrame(id=command_id, command=command).model_dump_json())
            after = command_id
