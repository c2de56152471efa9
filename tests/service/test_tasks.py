"""Cancellation that waits, and cancellation that insists."""

import asyncio

import pytest

from coordinator.tasks import cancel, to_its_end


async def test_cancelled_work_is_done_before_the_cancellation_is_obeyed() -> None:
    may_end, done = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await may_end.wait()
        done.set()

    task = asyncio.create_task(to_its_end(work()))
    await asyncio.sleep(0)
    for _ in range(3):  # insisting changes nothing
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done.is_set()


async def test_a_result_and_an_error_come_through() -> None:
    async def fail() -> None:
        raise ValueError("no")

    async def answer() -> int:
        return 42

    assert await to_its_end(answer()) == 42
    with pytest.raises(ValueError, match="no"):
        await to_its_end(fail())


async def test_a_task_that_loses_its_first_cancellations_ends_all_the_same() -> None:
    lost = 0

    async def deaf() -> None:
        nonlocal lost
        while lost < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                lost += 1

    async def ended() -> None:
        return

    tasks = [asyncio.create_task(deaf()), asyncio.create_task(ended())]
    await asyncio.sleep(0)
    await cancel(tasks)
    assert lost == 3
    assert all(task.done() for task in tasks)
