"""The link of an adapter: who may open it, and for how long. What runs over it is boxes/' part."""

import asyncio
import contextlib

from fastapi import APIRouter, WebSocket

from coordinator.api.auth import check_box
from coordinator.api.services import Here, Services
from coordinator.errors import Refused
from coordinator.protocol import CLOSE_UNAUTHORIZED, CLOSE_UNAVAILABLE, CLOSE_WRONG_BOX
from coordinator.tasks import cancel, to_its_end

router = APIRouter(prefix="/v1/boxes")

#: Seconds between looks whether the token still opens the link.
RECHECK_S = 5.0

_CLOSES = {"wrong_box": CLOSE_WRONG_BOX}


@router.websocket("/{box}/link")
async def link(box: str, websocket: WebSocket, here: Here) -> None:
    """coordinator/protocol tells what is spoken here."""
    # Accepted before anything is checked: only an accepted WebSocket can be closed with a code.
    await websocket.accept()
    if not await _admit(here, websocket, box):
        return
    guard = asyncio.create_task(_watch(here, websocket, box))
    try:
        await here.links.serve(box, websocket)
    finally:
        await cancel([guard])


async def _admit(here: Services, websocket: WebSocket, box: str) -> bool:
    """Whether the token opens this box's link; closes the link if not."""
    try:
        await check_box(here, websocket, box)
    except Refused as refused:
        await _close(websocket, refused, _CLOSES.get(refused.code, CLOSE_UNAUTHORIZED))
        return False
    except Exception:
        # SQL is away. The adapter holds its callers and comes again.
        await _close(websocket, Refused("not_ready"), CLOSE_UNAVAILABLE)
        return False
    return True


async def _watch(here: Services, websocket: WebSocket, box: str) -> None:
    """Ends the link when the token is revoked, or the box disabled or removed.

    By asking, for the change may have been made at another replica. An SQL that is away does not
    end links: calls go on without it.
    """
    while True:
        await asyncio.sleep(RECHECK_S)
        try:
            await to_its_end(check_box(here, websocket, box))
        except Refused as refused:
            with contextlib.suppress(RuntimeError):
                await _close(websocket, refused, CLOSE_UNAUTHORIZED)
            return
        except Exception:
            continue


async def _close(websocket: WebSocket, refused: Refused, code: int) -> None:
    await websocket.close(code, f"{refused.code}: {refused.sentence}"[:120])
