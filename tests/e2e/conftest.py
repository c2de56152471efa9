"""The rig: boxes, adapters, coordinator. Every test runs on simulated boxes and on real ones."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ami_adapter.simulator.world import World
from tests.e2e.rig import Rig
from tests.e2e.sim_site import SimSite


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """Three boxes a, b, c, each with its adapter, linked to one coordinator."""
    async with World("abc") as world, Rig(SimSite(world), tmp_path) as rig:
        yield rig
