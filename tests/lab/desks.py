"""The rig's people as real boxes have them: desk phones, and somebody who looks on."""

from pathlib import Path

from ami_adapter.lab.callers import Callers
from ami_adapter.lab.desk import DeskPhone
from tests.e2e.lab_site import LabSite, SipPerson, SipPhone
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


async def call_to(rig: Rig, extension: str, box: str = "a") -> Caller:
    """Somebody calls this extension and has joined a queue by it."""
    assert isinstance(rig.site, LabSite)
    numbers = [f"5559{len(rig.people):03d}"]
    group = Callers(rig.site.by_name[box], extension, numbers=numbers)
    await rig.site.stack.enter_async_context(group)
    person = SipPerson(group, rig.site.onlookers.get(box))
    rig.people.append(person)
    return await rig.joined(person)


async def logged(rig: Rig, caller: Caller, line: str) -> None:
    """Wait until queue_log has a line of this caller that ends so."""
    uniqueid = rig.coordinator.of("caller.joined", call_id=caller.call_id)[0].data["uniqueid"]

    async def so() -> bool:
        rows = rig.coordinator.queue_log.read_text("utf-8").splitlines()
        return any(f"|{uniqueid}|" in row and row.endswith(f"|{line}") for row in rows)

    await eventually(so, WITHIN_S)


def recordings(rig: Rig, name: str) -> list[Path]:
    """Sound files of box a whose names begin so."""
    return [path for path in files(rig, name) if path.suffix == ".wav"]


def files(rig: Rig, name: str) -> list[Path]:
    """Files of box a whose names begin so."""
    assert isinstance(rig.site, LabSite)
    box = rig.site.by_name["a"]
    return sorted(Path(box.etc_dir).parents[1].rglob(f"{name}*"))
