"""Tells the box whether the line is there; when it is not, gvq.conf sends callers on (DESIGN 4.8).

One path for every kind of absence, the adapter's own included: while the link stands, GVQ_ALIVE on
the box is kept fresh. The dialplan looks at it, and decides under the same lock as an agent's
claim, so that a caller is either sent on or talks.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from ami_adapter.connection import AmiSession

#: How often GVQ_ALIVE is written, s; settings.py asks for several of these.
ALIVE_S: Final = 1.0


class Fallback:
    """The signs of life in one AMI session. `wall_s`: the box's clock, s since 1970."""

    def __init__(
        self, session: AmiSession, after_s: float, context: str, wall_s: Callable[[], float]
    ) -> None:
        self._session = session
        self._after_s = after_s
        self._context = context
        self._wall_s = wall_s
        self._linked = asyncio.Event()

    def begin(self) -> None:
        """Tells the box what to do when no sign comes. Raises AmiClosed, UnsafeAction."""
        self._session.set_global("GVQ_FALLBACK_CONTEXT", self._context)
        self._session.set_global("GVQ_FALLBACK_AFTER", f"{self._after_s:.0f}")
        if not self._after_s:  # an old sign would be a stale one, should it be wanted later
            self._session.set_global("GVQ_ALIVE", "")

    def linked(self, here: bool) -> None:
        """A link stands, or has ended."""
        if here:
            self._linked.set()
        else:
            self._linked.clear()

    async def watch(self) -> None:
        """Runs for ever; with `after_s` = 0 nobody looks, and nothing is told."""
        while self._after_s:
            await self._linked.wait()
            self._session.set_global("GVQ_ALIVE", f"{self._wall_s():.0f}")
            await asyncio.sleep(ALIVE_S)
