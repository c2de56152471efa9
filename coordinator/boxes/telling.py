"""Answers an adapter's ask: what a waiting caller is to hear, and how the box holds it."""

import random

from coordinator.boxes import announcements
from coordinator.line.engine import Engine
from coordinator.protocol import Ask, Told


async def tell(engine: Engine, box: str, ask: Ask) -> Told | None:
    """The answer by the line as it is now; None when no such caller waits on this box."""
    standing = await engine.standing(ask.call_id, box)
    if standing is None:
        return None
    settings = standing.settings
    heard = announcements.Heard.parse(ask.heard)
    said = announcements.announce(standing, heard, ask.spoke_s, random.randrange)
    return Told(
        call_id=ask.call_id,
        uniqueid=standing.uniqueid,
        words=list(said.words),
        heard=str(said.heard),
        again_s=said.again_s,
        context=settings.context,
        musicclass=settings.musicclass,
        ringing=settings.ringing,
        patience_s=standing.patience_s,
        rung=standing.state != "waiting",
    )
