"""Rules, queues, agents and members all at once: what `gvq import` read elsewhere."""

from fastapi import APIRouter

from coordinator.api.auth import needs
from coordinator.api.limits import IMPORT_PATH
from coordinator.api.problems import refusals
from coordinator.api.schemas.imports import ImportIn, ImportOut
from coordinator.api.services import Here

router = APIRouter(tags=["import"])


@router.post(
    IMPORT_PATH,
    dependencies=[needs("admin")],
    responses=refusals(
        "interface_taken", "agent_busy", "unknown_queue", "unknown_agent", "unknown_rule"
    ),
)
async def import_all(body: ImportIn, here: Here) -> ImportOut:
    """Bring there what is given, all of it or nothing. What is not given stays as it is."""
    imported = await here.directory.import_all(body.wanted(), body.dry_run)
    return ImportOut.of(imported, body.dry_run)
