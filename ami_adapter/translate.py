"""AMI events → messages of the link: the state machine of one box. Pure.

What the adapter knows lives here and nowhere else: who waits (visits.py), who is being rung or
talks (offers.py), and the devices. Rules of these files:

* A message that is not understood changes nothing, and one sentence says what and why.
* What is told twice is told on once. A snapshot and the events around it overlap (resync.py);
  nothing is lost or doubled because every step below begins in certain states only.
* A bad number or name costs a caller no place; only a join that names no visit is dropped.
* The Uniqueid names a channel. Its name may change, and is told once, for people.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, get_args
from urllib.parse import unquote

from pydantic import ValidationError

from ami_adapter import asks, changes, joins, looks, redirects, transfers
from ami_adapter.devices import device, hint
from ami_adapter.headers import (
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
from ami_adapter.offers import REASONS, Offers
from ami_adapter.redirects import Follow, Redirect
from ami_adapter.visits import Visit, Visits
from coordinator.protocol import (
    Answer,
    Ask,
    Change,
    Changed,
    Connect,
    Device,
    DeviceState,
    Event,
    LeaveOutcome,
    Logged,
    Look,
    Replaced,
    Seen,
    Snapshot,
    Transferred,
)

_LEAVES: dict[str, LeaveOutcome] = {name: name for name in get_args(LeaveOutcome)}


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
    offers: Offers = field(default_factory=Offers)
    devices: dict[str, DeviceState] = field(default_factory=dict)
    #: Whom a call from another box rings here, by its Uniqueid.
    trunks: dict[str, str] = field(default_factory=dict)

    @property
    def visits(self) -> Visits:
        """The callers for whom the offers are."""
        return self.offers.visits

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
            follow = self.offers.follow(_ended(headers)) if name in _ENDS else None
        except Unreadable as error:
            return Taken((), f"{name} dropped: {error}", isinstance(error, Foreign))
        except ValidationError as error:
            return Taken(problem=f"{name} dropped: {why(error)}")
        problem = f"{name}: {'; '.join(problems)}" if problems else ""
        return Taken(events, problem, follow=follow)

    def seed(self, snapshot: Snapshot, options: Mapping[str, str]) -> None:
        """Begins with what a snapshot found. `options`: of callers, by Uniqueid."""
        for call in snapshot.calls:
            uniqueid = call.join.uniqueid
            self.visits[uniqueid] = Visit(call.join, options=options.get(uniqueid, ""))
        callers = {call.join.call_id: call.join.uniqueid for call in snapshot.calls}
        for live in snapshot.offers:
            self.offers.found(live, callers.get(live.call_id, ""))
        self.devices.update(snapshot.devices)

    # ── what Asterisk says ──────────────────────────────────────────────────────────────────

    def _on_join(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        self._own(event)
        join, options = joins.from_event(self.box, event, problems), one(event, "options")
        known = self.visits.get(join.uniqueid)
        if known and joins.visit_of(known.join.call_id) >= joins.visit_of(join.call_id):
            return
        # A channel is in one queue at a time: a former visit still open has been left unseen.
        yield from self.visits.leave(join.uniqueid, "redirected", "joined again")
        self.visits[join.uniqueid] = Visit(join, options=options)
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
            yield from self.visits.leave(uniqueid, outcome, decoded(one(event, "reason")))

    def _ask(self, event: Headers) -> Ask | None:
        """A caller who has not joined by our account asks again when it has."""
        self._own(event)
        ask = asks.from_event(self.box, event)
        return ask if self.visits.waits(one(event, "uniqueid"), ask.call_id) else None

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
        offer = self.offers.live.get(required(event, "offer"))
        fence = whole(required(event, "fence"), "Fence", 1, 2**53)
        if offer is None or offer.fence != fence:
            raise Unreadable("no such offer")
        if required(event, "uniqueid") != offer.offer_id:
            raise Unreadable("it comes from another channel than the offer's")
        if self.offers.step(offer, "answer"):
            yield Answer(offer_id=offer.offer_id, fence=offer.fence)

    def _on_over(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        """The caller has hung up and the agent's channel goes on (option F)."""
        self._own(event)
        offer = self.offers.live.get(required(event, "offer"))
        if offer and offer.offer_id == one(event, "uniqueid") and offer.state == "talking":
            self.offers.step(offer, "end")
            yield self.offers.complete(offer, "caller")

    def _on_new_channel(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        uniqueid = one(event, "uniqueid")
        offer = self.offers.live.get(uniqueid)
        if offer:
            offer.redirect = Redirect.of(one(event, "channel"), one(event, "context"))
            offer.seen = True
        elif interface := transfers.trunk_for(event):
            self.trunks[uniqueid] = interface
        return iter(())

    def _on_forward(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        self._own(event)
        by, to = unquote(one(event, "by")), unquote(one(event, "to"))
        for offer in self.offers.live.values():
            if by and offer.redirect.channel == by:
                offer.redirect.to = redirects.extension(to)
        return iter(())

    def _on_bridge_enter(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        offer = self.offers.live.get(one(event, "uniqueid"))
        if offer and self.offers.connect(offer):
            yield Connect(offer_id=offer.offer_id, fence=offer.fence)

    def _on_hangup_request(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        offer = self.offers.live.get(one(event, "uniqueid"))
        if offer and not offer.cause:
            offer.cause = setting(one(event, "cause"), "Cause", 0, 999, problems) or 0
        return self._on_soft_hangup_request(event, problems)

    def _on_soft_hangup_request(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        """Asterisk itself ends the channel; its Cause is a flag (AST_SOFTHANGUP_…), no Q.850."""
        self.offers.ends(one(event, "uniqueid"))
        return iter(())

    def _on_hangup(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        uniqueid = required(event, "uniqueid")
        reason = decoded(one(event, "cause-txt"))
        offer = self.offers.live.get(uniqueid)
        told = one(event, "cause") if offer else ""
        self.trunks.pop(uniqueid, None)
        self.offers.ends(uniqueid)
        if offer and offer.sent_on:
            offer.redirect.gone = True
            yield from self.offers.redirected(offer)
        elif offer:
            cause = setting(told, "Cause", 0, 999, problems) or 0
            yield from self.offers.end(uniqueid, offer.failure(cause), reason)
        yield from self.visits.leave(uniqueid, "abandoned", reason, step="hangup")

    def _on_originate_response(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        offer = self.offers.live.get(one(event, "actionid"))
        if offer is None or offer.state == "talking" or one(event, "response") != "Failure":
            return
        if offer.sent_on:
            offer.redirect.over = True
            yield from self.offers.redirected(offer)
            return
        reason = setting(one(event, "reason"), "Reason", 0, 999, problems) or 0
        outcome, text = REASONS.get(reason), f"originate reason {reason}"
        if outcome is None and offer.cause:
            # Asterisk 22 says 0 for a phone that refused; its HangupRequest came just before.
            outcome, text = offer.failure(offer.cause), f"cause {offer.cause}"
        elif outcome is None and offer.seen:
            return  # it came before the HangupRequest; the Hangup will say
        yield from self.offers.end(offer.offer_id, outcome or "failed", text)

    def _on_transfer(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        if one(event, "result") != "Success":
            return
        heirs = transfers.heirs(event)
        replaced = self._replaced(heirs, event)
        where = transfers.target(event, any(self.visits.held(leg) for leg in heirs))
        # From here on nothing is unreadable: a step that is made is told.
        abroad, through = transfers.abroad(event, self.trunks), transfers.through(event)
        for offer in list(self.offers.live.values()):
            leaves = offer.offer_id in heirs or heirs.get(offer.caller) == ""
            if leaves and self.offers.step(offer, "transfer"):
                yield self.offers.complete(offer, "transfer", where)
        for channel, told in replaced.items():
            yield from self._replace(channel, told)
        interface = self.offers.rung(through) or abroad
        if interface:
            yield Transferred(interface=interface, transfer=where)

    def _replaced(self, heirs: dict[str, str], event: Headers) -> dict[str, Replaced]:
        """By channel, what to tell of who comes instead of a caller of ours."""
        return {
            leg: transfers.replaced(visit.join.call_id, heir, event)
            for leg, heir in heirs.items()
            if heir and (visit := self.visits.get(leg)) and visit.state != "left"
        }

    def _replace(self, uniqueid: str, told: Replaced) -> Iterator[Event]:
        """Who was transferred to a caller of ours, waiting or talking, is in its place now."""
        visit = self.visits[uniqueid]
        if visit.state == "left":
            return
        self.visits[told.uniqueid] = self.visits.pop(uniqueid)
        fields = told.model_dump(exclude={"kind", "call_id"})
        visit.join = visit.join.model_copy(update=fields)
        for offer in self.offers.live.values():
            if offer.caller == uniqueid:
                offer.caller = told.uniqueid
        yield told

    def _on_device(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        return self._state(device(event))

    def _on_hint(self, event: Headers, problems: list[str]) -> Iterator[Event]:
        return self._state(hint(event))

    def _state(self, found: Device | None) -> Iterator[Event]:
        if found and self.devices.get(found.interface) != found.state:
            self.devices[found.interface] = found.state
            yield found

    def _own(self, event: Headers) -> None:
        if one(event, "key") != self.key:
            raise Foreign("it does not carry our key, so it is not the dialplan's")


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


def _name(headers: Headers) -> str:
    name = one(headers, "event")
    return f"{name} {one(headers, 'userevent')}" if name == "UserEvent" else name


def _ended(headers: Headers) -> str:
    """The id of the offer whose channel or Originate has ended."""
    return one(headers, "actionid") or one(headers, "uniqueid")
