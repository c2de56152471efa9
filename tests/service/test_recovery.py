"""What a coordinator that died halfway through a recovery owed, the next one does."""

from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from coordinator import app
from coordinator.app import running
from coordinator.directory import Directory
from coordinator.errors import Refused
from coordinator.line.types import QueueSettings
from coordinator.settings import Settings
from tests.service.valkeys import Start, start

__all__ = ["start"]


async def nothing(_: Directory) -> None:
    """In place of the mirror that follows at leisure: the recovery alone is looked at."""


async def fails(_: Directory) -> list[Refused]:
    raise RedisConnectionError("away")


async def test_a_mirror_that_failed_is_made_by_the_next_coordinator(
    valkey: str, tenant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=tmp_path, redis_url=valkey, tenant=tenant, name="one")
    monkeypatch.setattr(app, "_keep_mirrored", nothing)
    with monkeypatch.context() as broken:
        broken.setattr(Directory, "mirror", fails)
        async with running(settings) as first:
            await first.directory.put_queue("sales", QueueSettings())
            await first.engine.delete_queue("sales")  # as in a line that was emptied
            with pytest.raises(RedisConnectionError):
                await first.keeper.check()
    async with running(settings) as second:
        await second.keeper.check()
        assert [queue.name for queue in await second.engine.queues()] == ["sales"]


@pytest.mark.parametrize(
    ("limit", "policy", "told"),
    [
        ("64mb", "allkeys-lru", True),
        ("64mb", "volatile-lru", False),
        ("64mb", "noeviction", False),
        ("0", "allkeys-lru", False),
    ],
)
async def test_a_redis_that_may_drop_callers_is_told_of(
    start: Start,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    limit: str,
    policy: str,
    told: bool,
) -> None:
    node = await start(f"maxmemory {limit}", f"maxmemory-policy {policy}").ready()
    settings = Settings(data_dir=tmp_path / "data", redis_url=f"redis://127.0.0.1:{node.port}")
    async with running(settings) as coordinator:
        await coordinator.keeper.check()
    assert (f"its maxmemory-policy is {policy}; set it to noeviction" in caplog.text) == told
