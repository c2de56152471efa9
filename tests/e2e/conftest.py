"""The rig: boxes, adapters, coordinator. Every test runs on simulated boxes and on real ones.

One rig serves the tests of a module, each of which finds it empty; `alone` is a rig that a test
may break.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import pytest_asyncio

from ami_adapter import lab as real_lab
from ami_adapter.lab import LabStatus
from ami_adapter.simulator.world import World
from tests.e2e.lab_site import DIALPLAN, LabSite
from tests.e2e.rig import Rig, Site
from tests.e2e.sim_site import SimSite

KINDS = ["simulated", pytest.param("real", marks=pytest.mark.lab)]


@pytest.fixture(scope="session")
def real_boxes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabStatus]:
    """Boxes a, b and c, on addresses no other session or lab uses."""
    directory = tmp_path_factory.mktemp("lab")
    address = f"127.2.{os.getpid() % 256}.11"
    yield real_lab.up(3, directory, first_address=address, extra_dialplan=DIALPLAN)
    real_lab.remove(directory)


@asynccontextmanager
async def _site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    if request.param == "real":
        async with AsyncExitStack() as stack:
            yield LabSite(request.getfixturevalue("real_boxes"), stack)
    else:
        async with World("abc") as world:
            yield SimSite(world)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=KINDS)
async def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Rig]:
    """Three boxes, each with its adapter, linked to one coordinator, for a whole module."""
    async with _site(request) as site, Rig(site, tmp_path_factory.mktemp("rig")) as rig:
        yield rig


@pytest_asyncio.fixture(loop_scope="module")
async def rig(shared: Rig) -> AsyncIterator[Rig]:
    """The module's rig, empty."""
    yield shared
    await shared.clear()


@pytest_asyncio.fixture(loop_scope="module")
async def site(rig: Rig) -> LabSite:
    """The real boxes of the rig; somebody looks on at each."""
    assert isinstance(rig.site, LabSite)
    for box in rig.site.boxes:
        await rig.site.listen(box)
    return rig.site


@pytest_asyncio.fixture(loop_scope="module", params=KINDS)
async def alone(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Rig]:
    """A rig of this test's own."""
    async with _site(request) as site, Rig(site, tmp_path_factory.mktemp("rig")) as rig:
        yield rig
