"""The same conversation with simulated boxes, with a recording of real ones, and with real ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from ami_adapter.simulator.world import World
from tests.simulator.conversation import Box, Conversation, digest
from tests.simulator.hands import SimulatedHand
from tests.simulator.record import RECORDING, record

RECORDED = json.loads(RECORDING.read_text("utf-8"))


async def simulate(seed: int) -> dict[str, Any]:
    """Hold the conversation with simulated boxes."""
    async with World("ab", seed=seed) as world:
        peers = {
            name: Box("127.0.0.1", server.port, world.account.username, world.account.secret)
            for name, server in world.servers.items()
        }
        conversation = Conversation(SimulatedHand(world.network), peers)
        await conversation.hold()
        return digest(conversation)


@pytest.mark.parametrize("seed", range(3))
async def test_simulated_boxes_say_what_real_ones_said(seed: int) -> None:
    """Every message, every header in its order, every value that is no id or time."""
    compare(await simulate(seed))


@pytest.mark.lab
def test_real_boxes_still_say_it(tmp_path: Path) -> None:
    compare(record(tmp_path))


def compare(said: dict[str, Any]) -> None:
    """Chapter by chapter, so that a failure shows the one that differs."""
    assert list(said) == list(RECORDED)
    for chapter, expected in RECORDED.items():
        assert said[chapter] == expected, chapter
