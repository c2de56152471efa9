"""Waiting for a condition, never for a time."""

import asyncio
from collections.abc import Awaitable, Callable


async def eventually(condition: Callable[[], Awaitable[bool]], within_s: float = 15.0) -> None:
    """Returns once `condition` holds. Raises TimeoutError when it does not in time."""
    async with asyncio.timeout(within_s):
        # The line and the database tell no one that they have changed: it has to be asked.
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
