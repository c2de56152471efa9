"""All links of this replica."""

import asyncio
import uuid

from coordinator.boxes.session import Common, Session
from coordinator.boxes.wire import CLOSE_RESTART, LinkEnd, Wire, refuse
from coordinator.protocol import CLOSE_RESYNC


class LinkServer:
    """Serves the links that come to this replica. The line decides which link of a box counts."""

    def __init__(self, common: Common) -> None:
        self._common = common
        self._serving: set[Session] = set()
        self._attached: dict[str, Session] = {}
        self._stopping = False
        self._none_left = asyncio.Event()
        self._none_left.set()

    @property
    def boxes(self) -> list[str]:
        """Names of the boxes linked here."""
        return sorted(self._attached)

    async def serve(self, box: str, wire: Wire) -> None:
        """Serves the link of `box`, whose token was checked, until it ends; then closes it."""
        link = f"{self._common.owner}-{uuid.uuid4().hex}"
        session = Session(self._common, wire, box, link, self._replace)
        self._serving.add(session)
        self._none_left.clear()
        if self._stopping:
            session.end(_STOPS)
        try:
            await session.run()
        finally:
            self._serving.discard(session)
            if not self._serving:
                self._none_left.set()
            if self._attached.get(box) is session:
                del self._attached[box]

    def resync(self) -> None:
        """Ends the links that stand; each adapter comes back with a snapshot.

        Not those still at their hello: the recovery that asks for this may be run for one.
        """
        for session in self._attached.values():
            session.end(LinkEnd(CLOSE_RESYNC, "the line was restarted; begin with a snapshot"))

    async def stop(self) -> None:
        """Ends all links and refuses new ones; returns when the line has heard of each end."""
        self._stopping = True
        for session in self._serving:
            session.end(_STOPS)
        await self._none_left.wait()

    def _replace(self, session: Session) -> None:
        """The line has given the box to a newer link. A former one elsewhere finds out itself."""
        former = self._attached.get(session.box)
        self._attached[session.box] = session
        if former is not None:
            former.end(refuse("stale_link", box=session.box))


_STOPS = LinkEnd(CLOSE_RESTART, "the coordinator stops; another may be there")
