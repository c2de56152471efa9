"""The coordinator itself: alive, ready, in figures. Open to all: names no caller and no agent."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from coordinator.api.metrics import figures
from coordinator.api.problems import example, refusals
from coordinator.api.schemas.common import Health
from coordinator.api.services import Here
from coordinator.errors import Refused

router = APIRouter(tags=["system"])

_METRICS = 'gvq_callers{queue="sales"} 3.0\n'


@router.get("/healthz")
async def healthz() -> Health:
    """The process answers."""
    return Health()


@router.get("/readyz", responses=refusals("line_unavailable", "not_ready", always=()))
async def readyz(here: Here) -> Health:
    """The line and SQL answer: this replica can serve."""
    await here.now_us()
    try:
        await here.database.ping()
    except SQLAlchemyError as error:
        raise Refused("not_ready") from error
    return Health()


@router.get(
    "/metrics",
    response_class=Response,
    responses=example("text/plain", _METRICS) | refusals("line_unavailable", always=()),
)
async def metrics(here: Here) -> Response:
    """Figures of the line for Prometheus."""
    return Response(await figures(here), media_type=CONTENT_TYPE_LATEST)
