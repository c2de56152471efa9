"""Tasks and their cancellation, where the libraries below make it less than simple."""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

#: Seconds a task has to end before it is told again.
TELL_AGAIN_S = 0.2


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """The work's result. A cancellation is obeyed once the work is done, whatever came of it.

    For calls to SQL. Cancelling one gives up the wait, not the statement: the driver's thread
    goes on, the connection is torn down beside it, and on SQLite the write lock may stay taken.
    """
    task, cancelled = asyncio.create_task(work), False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        task.exception()  # looked at, so that it is not reported as lost
        raise asyncio.CancelledError
    return task.result()


async def cancel(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Returns when all have ended.

    One cancellation is not enough: redis-py and SQLAlchemy lose one that arrives while they
    connect or roll back, and the task would go on for ever.
    """
    while pending := {task for task in tasks if not task.done()}:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=TELL_AGAIN_S)
