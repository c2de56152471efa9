"""Of every action over TCP: its rights, and what it answers when something is away or broken."""

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from coordinator.errors import REFUSALS
from coordinator.manager.parts import Parts
from tests.api.lines import Box
from tests.manager.client import Ami
from tests.manager.conftest import Manager


@pytest.mark.parametrize(
    "action",
    [
        "QueueAdd", "QueueRemove", "QueuePause", "QueuePenalty", "QueueMemberRingInUse",
        "QueueChangePriorityCaller", "QueueWithdrawCaller", "QueueReset", "QueueLog",
    ],
)  # fmt: skip
async def test_who_may_only_look_changes_nothing(
    parts: Parts, manager: Manager, box: Box, action: str
) -> None:
    await box.join("sales", 1)
    wall = await manager.login("wall", events="off")
    of = {"Queue": "sales", "Interface": "PJSIP/101", "Caller": "a-1"}
    before = await parts.engine.journal()
    to = {"Paused": "1", "Penalty": "1", "Priority": "1", "Event": "X"}
    assert await wall.refused(action, **of, **to) == "Permission denied"
    assert await parts.engine.journal() == before
    assert len(await wall.listed("QueueStatus")) == 3


async def test_the_line_is_away(
    parts: Parts, boss: Ami, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(*arguments: object) -> None:
        raise RedisConnectionError("gone")

    monkeypatch.setattr(type(parts.engine), "queues", away)
    assert await boss.refused("QueueStatus") == REFUSALS["line_unavailable"].sentence
    assert "QueueStatus: the line does not answer" in caplog.text
    assert (await boss.ask("Ping"))["Ping"] == "Pong"


async def test_a_defect_is_told_and_costs_one_answer(
    parts: Parts, boss: Ami, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(parts.engine), "queues", broken)
    assert await boss.refused("QueueStatus") == REFUSALS["internal"].sentence
    assert "ZeroDivisionError" in caplog.text
    assert (await boss.ask("Ping"))["Ping"] == "Pong"
