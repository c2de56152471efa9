"""Agents' channels at a box: who is being rung, and who talks, for which caller. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from ami_adapter import redirects
from ami_adapter.headers import TEXT_LENGTH
from ami_adapter.redirects import Follow, Redirect
from ami_adapter.visits import Visits
from coordinator.protocol import (
    Complete,
    EndedBy,
    Event,
    Leave,
    LiveOffer,
    OfferEnded,
    OfferFailure,
    Originate,
)

OfferState = Literal["ringing", "answered", "talking"]

#: An offer: in which state, what happens → the state after it (None: forgotten). A pair that is not
#: here changes nothing. "end": its channel or its Originate ended.
OFFER: Final[dict[tuple[OfferState, str], OfferState | None]] = {
    ("ringing", "answer"): "answered",
    ("ringing", "connect"): "talking",
    ("answered", "connect"): "talking",
    ("ringing", "end"): None,
    ("answered", "end"): None,
    ("talking", "end"): None,
    ("talking", "transfer"): None,
}

#: Cause of a Hangup before the bridge (Q.850, include/asterisk/causes.h) → how the offer ended.
#: Any other cause says that the phone could not be rung: failed.
CAUSES: Final[dict[int, OfferFailure]] = {
    16: "no_answer",  # normal clearing, before anybody talked
    17: "busy",
    18: "no_answer",  # no user responding
    19: "no_answer",  # no answer from user
    21: "rejected",
    26: "answered_elsewhere",
}

#: Reason of a failed OriginateResponse (main/pbx.c, pbx_outgoing_attempt) → the same.
REASONS: Final[dict[int, OfferFailure]] = {3: "no_answer", 5: "busy"}


@dataclass(slots=True)
class Offer:
    """An agent's phone that rings for, or talks with, a caller of this box."""

    offer_id: str
    fence: int
    call_id: str
    caller: str
    state: OfferState = "ringing"
    ended_by: EndedBy | None = None
    #: Why its phone asked to end, once it has.
    cause: int | None = None
    #: Its channel exists, so that a Hangup with the cause will come.
    seen: bool = False
    #: It talked already in the snapshot, so the line has been told of the talk.
    found_talking: bool = False
    #: How it was made, and when by the executor's clock; a snapshot does not say.
    command: Originate | None = None
    began_s: float = 0.0
    redirect: Redirect = field(default_factory=Redirect)

    @property
    def sent_on(self) -> bool:
        """Its phone has sent the call elsewhere, and is being left for that."""
        return self.cause == redirects.REDIRECTED and self.state == "ringing"

    def failure(self, cause: int) -> OfferFailure:
        """Why it ended before the bridge.

        The dialplan hangs up "answered elsewhere" on an agent who did answer, and lost the caller
        to another: no reason to rest. A phone that says so by itself (it asked first) is one that
        does not answer: without a rest it would be rung again and again.
        """
        outcome = CAUSES.get(cause, "failed")
        by_phone = self.cause is not None
        return "no_answer" if outcome == "answered_elsewhere" and by_phone else outcome


@dataclass(slots=True)
class Offers:
    """All for the visits of a box."""

    visits: Visits = field(default_factory=Visits)
    #: By offer id, which is the Uniqueid of the agent's channel.
    live: dict[str, Offer] = field(default_factory=dict)
    #: Call ids by offer id, of talks whose Complete the line has not taken yet.
    completing: dict[str, str] = field(default_factory=dict)

    # ── what the adapter does, or finds ─────────────────────────────────────────────────────

    def found(self, live: LiveOffer, caller: str) -> None:
        """One that the snapshot found, for this channel."""
        offer = Offer(live.offer_id, live.fence, live.call_id, caller, seen=True)
        self.live[live.offer_id] = offer
        if live.talking:
            offer.state, offer.found_talking = "talking", True
            self.visits.step(offer.caller, offer.call_id, "connect")

    def offered(self, command: Originate) -> bool:
        """An agent is about to be rung; false when the caller does not wait here any more."""
        if not self.visits.waits(command.uniqueid, command.call_id):
            return False
        told = (command.offer_id, command.fence, command.call_id, command.uniqueid)
        offer = Offer(*told, command=command)
        self.live.setdefault(command.offer_id, offer)
        return True

    def refused(self, offer_id: str, reason: str) -> tuple[Event, ...]:
        """Asterisk refused the Originate."""
        return tuple(self.end(offer_id, "failed", reason))

    def completed(self, offer_id: str, known: bool) -> Leave | None:
        """The line has answered the Complete. When it knew of no such talk, the offer was over
        before the bridge and the line has the caller waiting still: it is to be told.
        """
        call_id = self.completing.pop(offer_id, None)
        if known or call_id is None:
            return None
        return Leave(call_id=call_id, outcome="abandoned", reason="answered too late")

    def disowned(self, offer: Offer) -> tuple[Event, ...]:
        """The line calls off an offer that talks. When it does not know of the talk yet, nothing;
        when it does not want it, not even from a snapshot, its caller is in the line no more.
        """
        reason = "talks with an agent whom the line did not give"
        gone = Leave(call_id=offer.call_id, outcome="redirected", reason=reason)
        return (gone,) if offer.found_talking else ()

    # ── steps ───────────────────────────────────────────────────────────────────────────────

    def step(self, offer: Offer, step: str) -> bool:
        """False: it is not one of this state's, and has changed nothing."""
        if (offer.state, step) not in OFFER:
            return False
        after = OFFER[offer.state, step]
        if after is None:
            del self.live[offer.offer_id]
        else:
            offer.state = after
        return True

    def connect(self, offer: Offer) -> bool:
        """Agent and caller are in one bridge; false as above."""
        connects = self.step(offer, "connect")
        if connects:
            self.visits.step(offer.caller, offer.call_id, "connect")
        return connects

    def end(self, offer_id: str, outcome: OfferFailure, reason: str) -> Iterator[Event]:
        """Its channel or its Originate has ended. `outcome`: if it has ended unanswered."""
        offer = self.live.get(offer_id)
        if offer is None:
            return
        before = offer.state
        self.step(offer, "end")
        if before == "talking":
            yield self.complete(offer, offer.ended_by or "agent")
            return
        if before == "answered":  # picked up, and hung up while the announcement played
            outcome = "rejected"
        reason = reason[:TEXT_LENGTH]
        yield OfferEnded(offer_id=offer_id, fence=offer.fence, outcome=outcome, reason=reason)

    def complete(self, offer: Offer, ended_by: EndedBy, transfer: str = "") -> Complete:
        """Of a talk whose offer has just been stepped out of its state."""
        self.visits.step(offer.caller, offer.call_id, "complete")
        self.completing[offer.offer_id] = offer.call_id
        return Complete(
            offer_id=offer.offer_id, fence=offer.fence, ended_by=ended_by, transfer=transfer
        )

    def ends(self, uniqueid: str) -> None:
        """This side hung up first, unless the other one did before.

        When one side hangs up Asterisk ends the other, and the two Hangup events come in any
        order; HangupRequest is raised for the side that asked (main/channel.c).
        """
        offer = self.live.get(uniqueid)
        if offer:
            offer.ended_by = offer.ended_by or "agent"
        elif uniqueid in self.visits:
            call_id = self.visits[uniqueid].join.call_id
            for offer in self.live.values():
                if offer.call_id == call_id:
                    offer.ended_by = offer.ended_by or "caller"

    # ── a phone that sends its call elsewhere ───────────────────────────────────────────────

    def redirected(self, offer: Offer) -> Iterator[Event]:
        """A phone has sent its call elsewhere. Channel and Originate end in any order."""
        if not offer.redirect.ended:
            return
        if not offer.redirect.to or offer.command is None:
            yield from self.end(offer.offer_id, "failed", "sends its calls nowhere")
        elif "i" in self.visits.options(offer.caller):
            reason = f"sends its calls to {offer.redirect.to}"
            yield from self.end(offer.offer_id, "rejected", reason)
        elif not self.visits.waits(offer.caller, offer.call_id):
            yield from self.end(offer.offer_id, "failed", "the caller waits no more")

    def follow(self, offer_id: str) -> Follow | None:
        """Where this offer is to ring instead, once it can."""
        offer = self.live.get(offer_id)
        if offer is None or offer.command is None or not offer.redirect.ended:
            return None
        to = Follow(offer.command, offer.redirect.to, offer.redirect.context, offer.began_s)
        offer.redirect, offer.cause, offer.seen = Redirect(), None, False
        return to

    def rung(self, halves: list[str]) -> str:
        """Whose offer is one of these Local channels; its phone may be another (302)."""
        for offer in self.live.values():
            if offer.command and offer.redirect.channel in halves:
                return offer.command.interface
        return ""
