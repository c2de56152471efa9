"""A bound on what a request may make us hold: its body is read before its token is checked."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coordinator.api.problems import MAX_BODY, respond
from coordinator.errors import Refused


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
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BODY:
                # FastAPI passes only this kind of exception on from the reading of a body.
                raise HTTPException(413)
            return message

        if _announced(scope) > MAX_BODY:
            await respond(Refused("too_large", limit=MAX_BODY))(scope, receive, send)
            return
        await self._app(scope, counted, send)


def _announced(scope: Scope) -> int:
    """Content-Length; 0 when there is none. The server has checked that it is a number."""
    headers = dict(scope["headers"])
    return int(headers.get(b"content-length", b"0"))
