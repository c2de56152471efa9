"""The rig's people as real boxes have them: desk phones, and somebody who looks on."""

from ami_adapter.lab.desk import DeskPhone
from tests.e2e.lab_site import LabSite, SipPhone
from tests.e2e.programs import WITHIN_S
from tests.e2e.rig import Caller, Rig
from tests.lab.ami import Ami
from tests.waiting import eventually


def desk(rig: Rig, agent: str) -> DeskPhone:
    """An agent's phone."""
    handle = rig.phones[agent]
    assert isinstance(handle, SipPhone)
    assert isinstance(handle.phone, DeskPhone)
    return handle.phone


def onlooker(rig: Rig, box: str = "a") -> Ami:
    """Who sees all that happens on this box."""
    assert isinstance(rig.site, LabSite)
    return rig.site.onlookers[box]


async def logged(rig: Rig, caller: Caller, line: str) -> None:
    """Wait until queue_log has a line of this caller that ends so."""
    uniqueid = rig.coordinator.of("caller.joined", call_id=caller.call_id)[0].data["uniqueid"]

    async def so() -> bool:
        rows = rig.coordinator.queue_log.read_text("utf-8").splitlines()
        return any(f"|{uniqueid}|" in row and row.endswith(f"|{line}") for row in rows)

    await eventually(so, WITHIN_S)
