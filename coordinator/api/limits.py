"""A bound on what a request may make us hold: its body is read before its token is checked."""

from fastapi.requests import HTTPConnection
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coordinator.api.auth import is_admin
from coordinator.api.problems import MAX_BODY, respond
from coordinator.errors import Refused

#: The one request that is as large as a directory; more than MAX_BODY is for admins only.
IMPORT_PATH = "/v1/import"

#: Bytes. A thousand agents, each in ten queues, are a third of it.
MAX_IMPORT = 2 * 1024 * 1024


class BodyLimit:
    """ASGI middleware: refuses a longer body with too_large, announced or not.

    FastAPI's own `max_body_size` answers with plain text, which would be no problem+json.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = await _limit(scope)
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                # FastAPI passes only this kind of exception on from the reading of a body.
                raise HTTPException(413, detail=str(limit))
            return message

        if _announced(scope) > limit:
            await respond(Refused("too_large", limit=limit))(scope, receive, send)
            return
        await self._app(scope, counted, send)


async def _limit(scope: Scope) -> int:
    if scope["path"] == IMPORT_PATH and await is_admin(HTTPConnection(scope)):
        return MAX_IMPORT
    return MAX_BODY


def _announced(scope: Scope) -> int:
    """Content-Length; 0 when there is none. The server has checked that it is a number."""
    headers = dict(scope["headers"])
    return int(headers.get(b"content-length", b"0"))
