"""What a link runs over, and how it ends. No web framework: tests hand in a pair of queues."""

from typing import Protocol

from coordinator.errors import Refused
from coordinator.protocol import (
    CLOSE_ALREADY_LINKED,
    CLOSE_BAD_FRAME,
    CLOSE_OUT_OF_SEQUENCE,
    CLOSE_RESYNC,
    CLOSE_STALE,
    CLOSE_UNAVAILABLE,
    CLOSE_WRONG_BOX,
)

#: A close frame's reason has at most 123 bytes (RFC 6455, 5.5 and 7.1.6).
REASON_BYTES = 123

# Close codes of RFC 6455, 7.4.1.
CLOSE_GOING_AWAY = 1001
CLOSE_INTERNAL = 1011
CLOSE_RESTART = 1012

#: Refusals that end the link. Any other is an answer, and the link goes on.
CLOSES: dict[str, int] = {
    "bad_frame": CLOSE_BAD_FRAME,
    "frame_too_large": CLOSE_BAD_FRAME,
    "unsupported_version": CLOSE_BAD_FRAME,
    "wrong_box": CLOSE_WRONG_BOX,
    "box_already_linked": CLOSE_ALREADY_LINKED,
    "out_of_sequence": CLOSE_OUT_OF_SEQUENCE,
    "stale_link": CLOSE_STALE,
    "snapshot_required": CLOSE_RESYNC,
    # The line has lost the box (an emptied Redis): only a snapshot brings its callers back.
    "unknown_box": CLOSE_RESYNC,
    "line_unavailable": CLOSE_UNAVAILABLE,
    "not_ready": CLOSE_UNAVAILABLE,
}


class Wire(Protocol):
    """A WebSocket after its upgrade. Any exception of receive or send means the peer is gone."""

    async def receive_text(self) -> str:
        """The next text frame."""

    async def send_text(self, data: str) -> None:
        """Sends a text frame; waits while the peer takes nothing."""

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Closes with a code and a reason."""


class LinkEnd(Exception):
    """Ends a link with a close code and one reason, fit for a close frame."""

    def __init__(self, close: int, reason: str) -> None:
        self.close = close
        self.reason = reason.encode()[:REASON_BYTES].decode(errors="ignore")
        super().__init__(f"{close} {self.reason}")


def refuse(code: str, **details: object) -> LinkEnd:
    """The end of a link by a refusal of errors.py."""
    close = CLOSES.get(code, CLOSE_INTERNAL)
    return LinkEnd(close, f"{code}: {Refused(code, **details).sentence}")
