"""What a box's device states say of where an agent's phone is registered, on real boxes."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from ami_adapter import lab as real_lab
from ami_adapter.lab import Box, LabStatus
from ami_adapter.lab.phones import Phone
from ami_adapter.lab.process import wait_until
from tests.lab.ami import Ami, connect

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120, func_only=True)]

DEVICE = "PJSIP/110"


@pytest.fixture
async def ami_b(b: Box) -> AsyncIterator[Ami]:
    """An onlooker at box b."""
    async with connect(b) as session:
        yield session


async def state(ami: Ami, device: str = DEVICE) -> str:
    """A device's state in the list an adapter asks for when it comes."""
    listed = await ami.listed("DeviceStateList")
    return next(event["State"] for event in listed if event["Device"] == device)


async def test_every_agent_is_listed_and_unavailable_where_it_is_not_registered(
    ami: Ami, ami_b: Ami, a: Box
) -> None:
    assert await state(ami) == await state(ami_b) == "UNAVAILABLE"
    async with Phone("110", a.sip):
        await ami.wait("DeviceStateChange", Device=DEVICE, State="NOT_INUSE")
        assert await state(ami) == "NOT_INUSE"
        assert await state(ami_b) == "UNAVAILABLE"
    await ami.wait("DeviceStateChange", Device=DEVICE, State="UNAVAILABLE")
    assert not ami_b.all("DeviceStateChange", Device=DEVICE, ActionID="")


async def test_a_phone_that_moves_is_registered_at_both_until_the_first_runs_out(
    ami: Ami, ami_b: Ami, a: Box, b: Box
) -> None:
    async with Phone("110", a.sip, expires_s=1) as phone:
        await ami.wait("DeviceStateChange", Device=DEVICE, State="NOT_INUSE")
        await phone.register(b.sip)
        await ami_b.wait("DeviceStateChange", Device=DEVICE, State="NOT_INUSE")
        await ami.wait("DeviceStateChange", Device=DEVICE, State="UNAVAILABLE")
        assert await state(ami_b) == "NOT_INUSE"


async def test_a_phone_that_comes_back_before_it_ran_out_says_nothing(
    ami: Ami, ami_b: Ami, a: Box, b: Box
) -> None:
    """So an agent's home can only be learnt late then: registrations must be short."""
    async with Phone("110", a.sip) as phone:
        await ami.wait("ContactStatus", AOR="110")
        await ami.wait("DeviceStateChange", Device=DEVICE, State="NOT_INUSE")
        await phone.register(b.sip, expires_s=1)
        await ami_b.wait("DeviceStateChange", Device=DEVICE, State="NOT_INUSE")
        ami.events.clear()
        await phone.register(a.sip)
        await ami_b.wait("DeviceStateChange", Device=DEVICE, State="UNAVAILABLE")
        assert not ami.all("DeviceStateChange") + ami.all("ContactStatus")


def kept_registrations(box: Box) -> int:
    """Registrations of the agent on disk: Asterisk writes them up to a second later."""
    database = Path(box.etc_dir).parent / "var" / "astdb.sqlite3"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        query = "SELECT count(*) FROM astdb WHERE key LIKE '/registrar/contact/110;%'"
        count: int = connection.execute(query).fetchone()[0]
        return count


async def test_a_box_that_was_killed_still_knows_who_is_registered(lab: LabStatus) -> None:
    directory, c = lab.path, lab.boxes[2]
    async with Phone("110", c.sip):
        assert wait_until(lambda: kept_registrations(c) == 1, 10)
        real_lab.stop_box(directory, "c", kill=True)
        assert [box.running for box in real_lab.status(directory).boxes] == [True, True, False]
        real_lab.start_box(directory, "c")
        async with connect(c) as session:
            assert await state(session) == "NOT_INUSE"
            assert await state(session, "PJSIP/111") == "UNAVAILABLE"
            assert await state(session, "PJSIP/gvq-a") == "NOT_INUSE"
