"""Boxes: which may link, and how their links are."""

from fastapi import APIRouter, Response

from coordinator.api.auth import needs
from coordinator.api.problems import created, refusals
from coordinator.api.routes.common import BoxName, say_created
from coordinator.api.schemas.boxes import BoxConfig, BoxIn, BoxOut
from coordinator.api.services import Here

router = APIRouter(prefix="/v1/boxes", tags=["boxes"])


@router.get("", dependencies=[needs("read")], responses=refusals())
async def list_boxes(here: Here) -> list[BoxOut]:
    """All boxes, by name."""
    views = {view.name: view for view in await here.engine.boxes()}
    return [BoxOut.of(box, views.get(box.name)) for box in await here.directory.boxes()]


@router.put(
    "/{box}",
    dependencies=[needs("admin")],
    responses=created(BoxConfig) | refusals(),
)
async def put_box(
    box: BoxName, here: Here, response: Response, body: BoxIn | None = None
) -> BoxConfig:
    """Create the box, or enable or disable it. The link of a disabled box is ended."""
    saved = await here.directory.put_box(box, (body or BoxIn()).enabled)
    say_created(response, saved.created)
    return BoxConfig(name=saved.record.name, enabled=saved.record.enabled)


@router.delete(
    "/{box}", dependencies=[needs("admin")], status_code=204, responses=refusals("unknown_box")
)
async def delete_box(box: BoxName, here: Here) -> None:
    """Remove the box and its tokens; its link is ended."""
    await here.directory.delete_box(box)
