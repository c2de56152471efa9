"""AMI events → messages of the link: the state machine of one box. Pure.

What the adapter knows lives here and nowhere else: who waits, who is being rung, who talks.
Rules of this file:

* A message that is not understood changes nothing, and one sentence says what and why.
* What is told twice is told on once. A snapshot and the events around it overlap (resync.py);
  nothing is lost or doubled because every step below begins in certain states only.
* A bad number or name costs a caller no place; only a join that names no visit is dropped.
* The Uniqueid names a channel. Its name may change, and is told once, for people.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, get_args
from urllib.parse import unquote

from pydantic import ValidationError

from ami_adapter import asks, changes, joins, looks, redirects, transfers
from ami_adapter.devices import device, hint
from ami_adapter.headers import (
    TEXT_LENGTH,
    Foreign,
    Headers,
    Unreadable,
    decoded,
    one,
    required,
    setting,
    whole,
    why,
)
from ami_adapter.redirects import Follow, Redirect
from coordinator.protocol import (
    Answer,
    Ask,
    Change,
    Changed,
    Complete,
    Connect,
    Device,
    DeviceState,
    EndedBy,
    Event,
    Join,
    Leave,
    LeaveOutcome,
    Logged,
    Look,
    OfferEnded,
    OfferFailure,
    Originate,
    Seen,
    Snapshot,
    Transferred,
)

VisitState = Literal["waiting", "talking", "left"]
OfferState = Literal["ringing", "answered", "talking"]

#: A caller's visit: in which state, what happens → the state after it (None: forgotten).
#: A pair that is not here changes nothing. "left" is kept until the channel ends, so that a late
#: GvqJoin of a visit that is over is known for one.
VISIT: Final[dict[tuple[VisitState, str], VisitState | None]] = {
    ("waiting", "leave"): "left",
    ("waiting", "connect"): "talking",
    ("waiting", "hangup"): None,
    ("talking", "complete"): "left",
    ("talking", "hangup"): None,
    ("left", "hangup"): None,
}

#: An offer, likewise. "end": its channel or its Originate ended.
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

_LEAVES: dict[str, LeaveOutcome] = {name: name for name in get_args(LeaveOutcome)}


@dataclass(slots=True)
class Visit:
    """One stay of a caller in a queue. `options`: letters of Queue()'s that the adapter heeds."""

    join: Join
    state: VisitState = "waiting"
    options: str = ""


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


@dataclass(frozen=True, slots=True)
class Taken:
    """What an AMI event means. `problem`: what in it was dropped and why, or "".

    `ask`: it changes nothing, and wants an answer. `change`: of the directory, or already what is
    to be answered; `look` likewise. `follow`: ring there instead. `foreign`: it claims to be the
    dialplan's, with another key than ours.
    """

    events: tuple[Event, ...] = ()
    problem: str = ""
    foreign: bool = False
    ask: Ask | None = None
    change: Change | Changed | None = None
    follow: Follow | None = None
    look: Look | Seen | None = None


@dataclass(slots=True)
class Translator:
    """One box in one epoch. `key` is what the dialplan's own UserEvents carry."""

    box: str
    key: str
    #: By the caller's Uniqueid.
    visits: dict[str, Visit] = field(default_factory=dict)
    #: By offer id, which is the Uniqueid of the agent's channel.
    offers: dict[str, Offer] = field(default_factory=dict)
    devices: dict[str, DeviceState] = field(default_factory=dict)
    #: Call ids by offer id, of talks whose Complete the line has not taken yet.
    completing: dict[str, str] = field(default_factory=dict)
    #: Whom a call from another box rings here, by its Uniqueid.
    trunks: dict[str, str] = field(default_factory=dict)

    def take(self, headers: Headers) -> Taken:
        """What this AMI event means; never raises."""
        problems: list[str] = []
        name = "?"
        try:
            name = _name(headers)
            if name == "UserEvent GvqAsk":
                return Taken(ask=self._ask(headers))
            if name == "UserEvent GvqChange":
                return Taken(change=self._change(headers))
            if name == "UserEvent GvqLook":
                return Taken(look=self._look(headers))
            handler = HANDLERS.get(name)
            events = tuple(handler(self, headers, problems)) if handler else ()
            follow = self._follow(headers) if name in _ENDS else None
        except Unreadable as error:
            return Taken((), f"{name} dropped: {error}", isinstance(error, Foreign))
        except ValidationError as error:
            return Taken(problem=f"{name} dropped: {why(error)}")
        problem = f"{name}: {'; '.join(problems)}" if problems else ""
        return Taken(events, problem, follow=follow)

    # ── what the adapter does, or finds ─────────────────────────────────────────────────────

    def seed(self, snapshot: Snapshot) -> None:
        """Begins with what a snapshot found."""
        for call in snapshot.calls:
            self.visits[call.join.uniqueid] = Visit(call.join)
        callers = {call.join.call_id: call.join.uniqueid for call in snapshot.calls}
        for live in snapshot.offers:
            caller = callers.get(live.call_id, "")
            offer = Offer(live.offer_id, live.fence, live.call_id, caller, seen=True)
            self.offers[live.offer_id] = offer
            if live.talking:
                offer.state, offer.found_talking = "talking", True
                self._step_visit(offer, "connect")
        self.devices.update(snapshot.devices)

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

    def waits(self, uniqueid: str, call_id: str) -> bool:
        """Whether this channel waits here, in that visit."""
        visit = self.visits.get(uniqueid)
        return bool(visit and visit.state == "waiting" and visit.join.call_id == call_id)

    def place_of(self, call_id: str, uniqueid: str) -> str:
        """The channel that is in this visit now. A command may still name the one which was in
        its place as the line wrote it (an attended transfer)."""
        known = self.visits.get(uniqueid)
        if known and known.join.call_id == call_id:
            return uniqueid
        visits = self.visits.values()
        return next((v.join.uniqueid for v in visits if v.join.call_id == call_id), uniqueid)

    def options(self, uniqueid: str) -> str:
        """The letters of Queue()'s options that this caller came with, of those heeded here."""
        visit = self.visits.get(uniqueid)
        return visit.options if visit else ""

    def offered(self, command: Originate) -> bool:
        """An agent is about to be rung; false when the caller does not wait here any more."""
        if not self.waits(command.uniqueid, command.call_id):
            return False
        told = (command.offer_id, command.fence, command.call_id, command.uniqueid)
        offer = Offer(*told, command=command)
        self.offers.setdefault(command.offer_id, offer)
        return True

    def refused(self, offer_id: str, reason: str) -> tuple[Event, ...]:
        """Asterisk refused the Originate."""
        return tuple(self._end_offer(offer_id, "failed", reason))

    # ── what Asterisk says ──────────────────────────────────────────────────────────────────

    def _on_join(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        self._own(event)
        join = joins.from_event(self.box, event, problems)
        known = self.visits.get(join.uniqueid)
        if known and joins.visit_of(known.join.call_id) >= joins.visit_of(join.call_id):
            return
        # A channel is in one queue at a time: a former visit still open has been left unseen.
        yield from self._leave(join.uniqueid, "redirected", "joined again")
        self.visits[join.uniqueid] = Visit(join, options=one(event, "options"))
        yield join

    def _on_leave(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        self._own(event)
        uniqueid = required(event, "uniqueid")
        visit = whole(required(event, "visit"), "Visit", 1, joins.MAX_VISITS)
        outcome = _LEAVES.get(one(event, "outcome"))
        if outcome is None:
            raise Unreadable(f"unknown Outcome {one(event, 'outcome')[:40]!r}")
        known = self.visits.get(uniqueid)
        call_id = joins.call_id(self.box, joins.identity(event), visit)
        if known and known.join.call_id == call_id:
            yield from self._leave(uniqueid, outcome, decoded(one(event, "reason")))

    def _ask(self, event: Headers) -> Ask | None:
        """A caller who has not joined by our account asks again when it has."""
        self._own(event)
        ask = asks.from_event(self.box, event)
        return ask if self.waits(one(event, "uniqueid"), ask.call_id) else None

    def _change(self, event: Headers) -> Change | Changed:
        self._own(event)
        return changes.from_event(event)

    def _look(self, event: Headers) -> Look | Seen:
        self._own(event)
        return looks.from_event(event)

    def _on_log(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        self._own(event)
        yield Logged(
            queue=decoded(required(event, "queue")),
            uniqueid=decoded(required(event, "call")),
            interface=decoded(required(event, "agent")),
            event=decoded(required(event, "what")),
            message=decoded(one(event, "info")),
        )

    def _on_answer(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        self._own(event)
        offer = self.offers.get(required(event, "offer"))
        fence = whole(required(event, "fence"), "Fence", 1, 2**53)
        if offer is None or offer.fence != fence:
            raise Unreadable("no such offer")
        if required(event, "uniqueid") != offer.offer_id:
            raise Unreadable("it comes from another channel than the offer's")
        if self._step_offer(offer, "answer"):
            yield Answer(offer_id=offer.offer_id, fence=offer.fence)

    def _on_over(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        """The caller has hung up and the agent's channel goes on (option F)."""
        self._own(event)
        offer = self.offers.get(required(event, "offer"))
        if offer and offer.offer_id == one(event, "uniqueid") and offer.state == "talking":
            self._step_offer(offer, "end")
            yield self._complete(offer, "caller")

    def _on_new_channel(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        uniqueid = one(event, "uniqueid")
        if interface := transfers.trunk_for(event):
            self.trunks[uniqueid] = interface
        offer = self.offers.get(uniqueid)
        if offer:
            offer.seen = True
            offer.redirect = Redirect.of(one(event, "channel"), one(event, "context"))
        return iter(())

    def _on_forward(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        self._own(event)
        by, to = unquote(one(event, "by")), unquote(one(event, "to"))
        for offer in self.offers.values():
            if by and offer.redirect.channel == by:
                offer.redirect.to = redirects.extension(to)
        return iter(())

    def _on_bridge_enter(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        offer = self.offers.get(one(event, "uniqueid"))
        if offer and self._step_offer(offer, "connect"):
            self._step_visit(offer, "connect")
            yield Connect(offer_id=offer.offer_id, fence=offer.fence)

    def _on_hangup_request(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        offer = self.offers.get(one(event, "uniqueid"))
        if offer and not offer.cause:
            offer.cause = setting(one(event, "cause"), "Cause", 0, 999, problems) or 0
        return self._on_soft_hangup_request(event, problems)

    def _on_soft_hangup_request(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        """Asterisk itself ends the channel; its Cause is a flag (AST_SOFTHANGUP_…), no Q.850."""
        self._ends(one(event, "uniqueid"))
        return iter(())

    def _on_hangup(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        uniqueid = required(event, "uniqueid")
        reason = decoded(one(event, "cause-txt"))
        self.trunks.pop(uniqueid, None)
        self._ends(uniqueid)
        offer = self.offers.get(uniqueid)
        if offer and offer.cause == redirects.REDIRECTED and offer.state == "ringing":
            offer.redirect.gone = True
            yield from self._redirected(offer)
        elif offer:
            cause = setting(one(event, "cause"), "Cause", 0, 999, problems) or 0
            yield from self._end_offer(uniqueid, _failure(offer, cause), reason)
        yield from self._leave(uniqueid, "abandoned", reason, step="hangup")

    def _on_originate_response(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        offer = self.offers.get(one(event, "actionid"))
        if offer is None or offer.state == "talking" or one(event, "response") != "Failure":
            return
        if offer.cause == redirects.REDIRECTED and offer.state == "ringing":
            offer.redirect.over = True
            yield from self._redirected(offer)
            return
        reason = setting(one(event, "reason"), "Reason", 0, 999, problems) or 0
        outcome, text = REASONS.get(reason), f"originate reason {reason}"
        if outcome is None and offer.cause:
            # Asterisk 22 says 0 for a phone that refused; its HangupRequest came just before.
            outcome, text = _failure(offer, offer.cause), f"cause {offer.cause}"
        elif outcome is None and offer.seen:
            return  # it came before the HangupRequest; the Hangup will say
        yield from self._end_offer(offer.offer_id, outcome or "failed", text)

    def _on_transfer(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        if one(event, "result") != "Success":
            return
        heirs = transfers.heirs(event)
        where = transfers.target(event, any(self._held(leg) for leg in heirs))
        for offer in list(self.offers.values()):
            leaves = offer.offer_id in heirs or heirs.get(offer.caller) == ""
            if leaves and self._step_offer(offer, "transfer"):
                yield self._complete(offer, "transfer", where)
        for channel, heir in heirs.items():
            yield from self._replace(channel, heir, event)
        interface = self._rung(transfers.through(event)) or transfers.abroad(event, self.trunks)
        if interface:
            yield Transferred(interface=interface, transfer=where)

    def _rung(self, halves: list[str]) -> str:
        """Whose offer is one of these Local channels; its phone may be another (302)."""
        for offer in self.offers.values():
            if offer.command and offer.redirect.channel in halves:
                return offer.command.interface
        return ""

    def _held(self, uniqueid: str) -> bool:
        visit = self.visits.get(uniqueid)
        return bool(visit and visit.state == "waiting")

    def _replace(self, uniqueid: str, heir: str, event: Headers) -> Iterator[Event]:
        """Who was transferred to a caller of ours, waiting or talking, is in its place now."""
        visit = self.visits.get(uniqueid)
        if visit is None or visit.state == "left" or not heir:
            return
        told = transfers.replaced(visit.join.call_id, heir, event)
        self.visits[heir] = self.visits.pop(uniqueid)
        fields = told.model_dump(exclude={"kind", "call_id"})
        visit.join = visit.join.model_copy(update=fields)
        for offer in self.offers.values():
            if offer.caller == uniqueid:
                offer.caller = heir
        yield told

    def _on_device(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        return self._state(device(event))

    def _on_hint(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        return self._state(hint(event))

    def _state(self, found: Device | None) -> Iterator[Event]:
        if found and self.devices.get(found.interface) != found.state:
            self.devices[found.interface] = found.state
            yield found

    def _redirected(self, offer: Offer) -> Iterator[Event]:
        """A phone has sent its call elsewhere. Channel and Originate end in any order."""
        if not offer.redirect.ended:
            return
        if not offer.redirect.to or offer.command is None:
            yield from self._end_offer(offer.offer_id, "failed", "sends its calls nowhere")
        elif "i" in self.options(offer.caller):
            reason = f"sends its calls to {offer.redirect.to}"
            yield from self._end_offer(offer.offer_id, "rejected", reason)
        elif not self.waits(offer.caller, offer.call_id):
            yield from self._end_offer(offer.offer_id, "failed", "the caller waits no more")

    def _follow(self, headers: Headers) -> Follow | None:
        """Where the offer that this event spoke of is to ring instead, once it can."""
        offer = self.offers.get(one(headers, "actionid") or one(headers, "uniqueid"))
        if offer is None or offer.command is None or not offer.redirect.ended:
            return None
        to = Follow(offer.command, offer.redirect.to, offer.redirect.context, offer.began_s)
        offer.redirect, offer.cause, offer.seen = Redirect(), None, False
        return to

    # ── steps ───────────────────────────────────────────────────────────────────────────────

    def _own(self, event: Headers) -> None:
        if one(event, "key") != self.key:
            raise Foreign("it does not carry our key, so it is not the dialplan's")

    def _leave(
        self, uniqueid: str, outcome: LeaveOutcome, reason: str, step: str = "leave"
    ) -> Iterator[Event]:
        visit = self.visits.get(uniqueid)
        if visit is None or (visit.state, step) not in VISIT:
            return
        waited = visit.state == "waiting"
        self._enter(uniqueid, visit, VISIT[visit.state, step])
        if waited:
            yield Leave(call_id=visit.join.call_id, outcome=outcome, reason=reason)

    def _end_offer(self, offer_id: str, outcome: OfferFailure, reason: str) -> Iterator[Event]:
        offer = self.offers.get(offer_id)
        if offer is None:
            return
        before = offer.state
        self._step_offer(offer, "end")
        if before == "talking":
            yield self._complete(offer, offer.ended_by or "agent")
            return
        if before == "answered":  # picked up, and hung up while the announcement played
            outcome = "rejected"
        reason = reason[:TEXT_LENGTH]
        yield OfferEnded(offer_id=offer_id, fence=offer.fence, outcome=outcome, reason=reason)

    def _complete(self, offer: Offer, ended_by: EndedBy, transfer: str = "") -> Complete:
        self._step_visit(offer, "complete")
        self.completing[offer.offer_id] = offer.call_id
        return Complete(
            offer_id=offer.offer_id, fence=offer.fence, ended_by=ended_by, transfer=transfer
        )

    def _ends(self, uniqueid: str) -> None:
        """This side hung up first, unless the other one did before.

        When one side hangs up Asterisk ends the other, and the two Hangup events come in any
        order; HangupRequest is raised for the side that asked (main/channel.c).
        """
        offer = self.offers.get(uniqueid)
        if offer:
            offer.ended_by = offer.ended_by or "agent"
        elif uniqueid in self.visits:
            call_id = self.visits[uniqueid].join.call_id
            for offer in self.offers.values():
                if offer.call_id == call_id:
                    offer.ended_by = offer.ended_by or "caller"

    def _step_offer(self, offer: Offer, step: str) -> bool:
        if (offer.state, step) not in OFFER:
            return False
        after = OFFER[offer.state, step]
        if after is None:
            del self.offers[offer.offer_id]
        else:
            offer.state = after
        return True

    def _step_visit(self, offer: Offer, step: str) -> None:
        visit = self.visits.get(offer.caller)
        # The channel may already be in its next visit.
        if visit and visit.join.call_id == offer.call_id and (visit.state, step) in VISIT:
            self._enter(offer.caller, visit, VISIT[visit.state, step])

    def _enter(self, uniqueid: str, visit: Visit, state: VisitState | None) -> None:
        if state is None:
            del self.visits[uniqueid]
        else:
            visit.state = state


#: AMI event → what reads it. All other events are passed over. A UserEvent named Hangup is none.
HANDLERS: Final[dict[str, Callable[[Translator, Headers, list[str]], Iterator[Event]]]] = {
    "UserEvent GvqJoin": Translator._on_join,
    "UserEvent GvqLeave": Translator._on_leave,
    "UserEvent GvqAnswer": Translator._on_answer,
    "UserEvent GvqForward": Translator._on_forward,
    "UserEvent GvqOver": Translator._on_over,
    "UserEvent GvqLog": Translator._on_log,
    "Newchannel": Translator._on_new_channel,
    "BridgeEnter": Translator._on_bridge_enter,
    "HangupRequest": Translator._on_hangup_request,
    "SoftHangupRequest": Translator._on_soft_hangup_request,
    "Hangup": Translator._on_hangup,
    "OriginateResponse": Translator._on_originate_response,
    "BlindTransfer": Translator._on_transfer,
    "AttendedTransfer": Translator._on_transfer,
    "DeviceStateChange": Translator._on_device,
    "ExtensionStatus": Translator._on_hint,
}


#: Events by which a redirected offer's id becomes free.
_ENDS: Final = frozenset({"Hangup", "OriginateResponse"})


def _failure(offer: Offer, cause: int) -> OfferFailure:
    """Why an offer ended before the bridge.

    The dialplan hangs up "answered elsewhere" on an agent who did answer, and lost the caller
    to another: no reason to rest. A phone that says so by itself (it asked first) is one that
    does not answer: without a rest it would be rung again and again.
    """
    outcome = CAUSES.get(cause, "failed")
    by_phone = offer.cause is not None
    return "no_answer" if outcome == "answered_elsewhere" and by_phone else outcome


def _name(headers: Headers) -> str:
    name = one(headers, "event")
    return f"{name} {one(headers, 'userevent')}" if name == "UserEvent" else name
