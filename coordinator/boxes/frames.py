"""Frames of an adapter, checked: what comes out is well-formed or ends the link. Pure."""

import json

from pydantic import ValidationError

from coordinator.boxes.wire import refuse
from coordinator.protocol import (
    MAX_FRAME,
    UPSTREAM,
    VERSION,
    Hello,
    Upward,
)


def parse(text: str) -> Upward:
    """A frame of the adapter. Raises LinkEnd with the first thing wrong in it."""
    # Bytes are at least as many as characters; the exact limit is the WebSocket server's.
    if len(text) > MAX_FRAME:
        raise refuse("frame_too_large", limit=MAX_FRAME)
    try:
        return UPSTREAM.validate_json(text)
    except ValidationError as error:
        raise refuse("bad_frame", detail=_first(error)) from None


def parse_hello(text: str, box: str) -> Hello:
    """The first frame of the link of `box`. Raises LinkEnd.

    A version we do not speak may have fields we do not know, so it is looked at first.
    """
    version = _version(text)
    if version is not None and version != VERSION:
        raise refuse("unsupported_version", version=version, supported=VERSION)
    frame = parse(text)
    if not isinstance(frame, Hello):
        raise refuse("bad_frame", detail=f"the first frame is {frame.type}, not hello")
    if frame.box != box:
        raise refuse("wrong_box", token_box=box, box=frame.box)
    return frame


def _version(text: str) -> int | None:
    if len(text) > MAX_FRAME:
        return None
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    version = body.get("version") if isinstance(body, dict) else None
    return version if isinstance(version, int) else None


def _first(error: ValidationError) -> str:
    """Where and what, without the input: it may be long, and it is the peer's."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]
