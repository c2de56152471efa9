"""The web application: REST, server-sent events, and the door of the links."""

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

from fastapi import Depends, FastAPI
from fastapi_offline import FastAPIOffline

from coordinator.api import problems
from coordinator.api.limits import BodyLimit
from coordinator.api.routes import (
    agents,
    boxes,
    calls,
    imports,
    journal,
    link,
    queues,
    rules,
    system,
    tokens,
)
from coordinator.api.services import Services

DESCRIPTION = """
One line for all boxes: queues, the callers in them, the agents who serve them.

Every request but /healthz, /readyz, /metrics and /docs carries `Authorization: Bearer <token>`.
Roles rise: read < operate < admin. Errors are problem+json (RFC 9457) with a stable `code`.
Durations end in `_s` (seconds), times in `_us` (µs since 1970, by Redis's clock).
"""


def create_app(services: Services) -> FastAPI:
    """The application over these services. Whoever made them starts and stops them."""
    # A call centre may have no way to the CDN from which FastAPI's own /docs takes Swagger UI.
    app = FastAPIOffline(
        title="Global virtual queue",
        version=version("gvq"),
        description=DESCRIPTION,
        redoc_url=None,
        dependencies=[Depends(problems.known_query)],
    )
    app.state.services = services
    app.add_middleware(BodyLimit)
    problems.install(app)
    app.openapi = partial(_document, app, app.openapi)  # type: ignore[method-assign]
    for part in (queues, rules, agents, calls, boxes, imports, tokens, journal, system, link):
        app.include_router(part.router)
    return app


def _document(app: FastAPI, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """FastAPI's document; but it gives errors the media type of the route's good answers too."""
    if app.openapi_schema is None:
        for methods in make()["paths"].values():
            for operation in methods.values():
                for answer in operation["responses"].values():
                    if problem := answer.get("content", {}).get(problems.MEDIA_TYPE):
                        problem["schema"] = {"$ref": "#/components/schemas/Problem"}
                        answer["content"] = {problems.MEDIA_TYPE: problem}
    return make()
