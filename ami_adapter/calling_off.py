"""Hanging up phones that are to ring no more, and no conversation: the box is asked first."""

import asyncio
import logging
from typing import Final

from ami_adapter.connection import AmiSession, Reply
from ami_adapter.offers import Offers

log = logging.getLogger(__name__)

#: Q.850: the phone shows no missed call for the second (chan_pjsip sends it on in a Reason).
NORMAL_CLEARING: Final = 16
ANSWERED_ELSEWHERE: Final = 26

#: A Cancel that overtakes its Originate's channel is tried again after this pause, s, doubling.
#: Asterisk makes the channel in a thread of its own, within milliseconds of its Response.
CANCEL_PAUSE_S: Final = 0.005
CANCEL_PAUSE_MAX_S: Final = 0.5
CANCEL_TRIES: Final = 40

#: The box is asked; then the Hangup's answer, or None: the agent talks.
Asking = asyncio.Task[asyncio.Future[Reply] | None]


class CallingOff:
    """Of the offers of one AMI session."""

    def __init__(self, session: AmiSession, offers: Offers, tasks: asyncio.TaskGroup) -> None:
        self._session, self._offers, self._tasks = session, offers, tasks
        #: What has asked the box and not yet hung up.
        self._asking: set[Asking] = set()

    @property
    def under_way(self) -> bool:
        """Some phone is about to be hung up."""
        return bool(self._asking)

    async def settled(self) -> None:
        """Returns when none is."""
        while self._asking:
            await asyncio.wait(self._asking)

    def begin(self, offer_id: str, cause: int) -> Asking:
        """Hangs up an agent's phone, unless it talks (gvq.conf, GVQ_OFF). The box is asked now."""
        self._session.set_variable(offer_id, "GVQ_OFF", "1")
        talks = self._session.variable(offer_id, "GVQ_TALKS")
        asking = self._tasks.create_task(self._hang_up_unless(talks, offer_id, cause))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)
        return asking

    async def _hang_up_unless(
        self, talks: asyncio.Future[Reply], offer_id: str, cause: int
    ) -> asyncio.Future[Reply] | None:
        return None if (await talks).value else self._session.hangup(offer_id, cause)

    async def until_gone(self, offer_id: str, cause: int, asking: Asking) -> None:
        """Hangs up again, until the phone is gone or its offer is."""
        pause = CANCEL_PAUSE_S
        for _ in range(CANCEL_TRIES):
            answer = await asking
            # Gone for good, or not there yet? The offer is known here until its Originate
            # has ended, so as long as it is, the channel may still come.
            if (
                answer is None
                or (reply := await answer).success
                or offer_id not in self._offers.live
            ):
                break
            await asyncio.sleep(pause)
            pause = min(pause * 2, CANCEL_PAUSE_MAX_S)
            asking = self.begin(offer_id, cause)
        else:
            log.error("Offer %s could not be cancelled: %s", offer_id, reply.message)
