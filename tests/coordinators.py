"""A whole coordinator, without its web server, for tests that look at it from outside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from coordinator.app import Coordinator, running
from coordinator.settings import Settings


@asynccontextmanager
async def coordinating(
    data_dir: Path, redis_url: str, tenant: str, **more: Any
) -> AsyncIterator[Coordinator]:
    """On SQLite, unless `more` names another database."""
    settings = Settings(
        data_dir=data_dir,
        redis_url=redis_url,
        tenant=tenant,
        name="test",
        lease_s=120,  # the tests' boxes send no heartbeats
        **more,
    )
    async with running(settings) as started:
        # Its start holds the line for a moment; a box that came before would be waited for.
        await started.keeper.check()
        yield started
