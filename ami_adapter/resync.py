"""The box as it is now: what a new epoch begins with.

Three lists make the snapshot: every channel with our variables, every device, every hint. Asterisk
answers a list in one piece, between events. So an event that is read *before* the list (since the
login) is older than it, and one read *after* it may be older too: it waited while the list was
written. All of them stay in the session's queue and are translated after the snapshot, from the
state it found. A step that the list already showed is not made again (visits.VISIT, offers.OFFER),
and a caller who came and went between login and list is still told of, in order.

GVQ_KEY is set before the lists are asked for. A GvqJoin raised before it was set at all is dropped;
its channel already had GVQ_STATE=waiting by then, so the list shows it.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from pydantic import ValidationError

from ami_adapter import joins
from ami_adapter.connection import AmiRefused, AmiSession, Reply
from ami_adapter.devices import device, hint
from ami_adapter.headers import Headers, Unreadable, one, required, whole, why
from ami_adapter.lamps import lamp
from coordinator.protocol import (
    MAX_AGE_US,
    MAX_PRIORITY,
    DeviceState,
    LiveOffer,
    QueueStatus,
    Snapshot,
    WaitingCall,
)

#: Channel variables asked for: of a caller, then of an agent's channel.
VARIABLES = (
    "GVQ_STATE", "GVQ_ID", "GVQ_JOIN", "GVQ_OPTIONS", "GVQ_TICKET", "GVQ_STATUS", "GVQ_TAKEN",
    "BRIDGEPEER",
    "GVQ_OFFER", "GVQ_FENCE", "GVQ_CALL", "GVQ_CALLER", "GVQ_QUEUE", "GVQ_AGENT",
)  # fmt: skip

#: GVQ_STATUS of a caller whom the line has let go; all others the dialplan sets itself.
RELEASED = frozenset(get_args(QueueStatus)) - {"TIMEOUT"}

#: While Bridge() moves a caller, its variables are away for less than a millisecond. A list
#: that shows an agent's caller without them is asked for again, so often and after this pause.
LOOKS = 5
LOOK_AGAIN_S = 0.02

#: Event of a list → what reads it.
_STATES = {"DeviceStateChange": device, "ExtensionStatus": hint}

_RANK = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Found:
    """A snapshot; channels of ours that ring for nobody; what could not be read.

    `moving`: a caller was just being moved into its bridge, so it is in no state. `lamps`: what
    they show. `options`: of callers, by Uniqueid, what the adapter heeds (visits.py).
    """

    snapshot: Snapshot
    orphans: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    moving: bool = False
    lamps: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)


async def take(session: AmiSession, box: str, key: str, wall_s: Callable[[], float]) -> Found:
    """Sets our key and looks at the box. `wall_s`: the box's clock, s.

    Raises AmiRefused when the manager's user may not look, AmiClosed.
    """
    key_set = session.set_global("GVQ_KEY", key)
    found = await _look(session, box, wall_s)
    _accepted(session, "Setvar", await key_set)
    for _ in range(LOOKS - 1):
        if not found.moving:
            break
        await asyncio.sleep(LOOK_AGAIN_S)
        found = await _look(session, box, wall_s)
    return found


async def _look(session: AmiSession, box: str, wall_s: Callable[[], float]) -> Found:
    # All are written before the first answer is waited for: one round trip.
    channels = session.send("Status", {"Variables": ",".join(VARIABLES)}, listing=True)
    states = [
        session.send(action, listing=True) for action in ("DeviceStateList", "ExtensionStateList")
    ]
    listed = _accepted(session, "Status", await channels).items
    devices = _accepted(session, "DeviceStateList", await states[0]).items
    hints = _accepted(session, "ExtensionStateList", await states[1]).items
    return read(box, listed, (*devices, *hints), wall_s())


def _accepted(session: AmiSession, action: str, reply: Reply) -> Reply:
    if not reply.success:
        raise AmiRefused(f"{session.peer} refused {action}: {reply.message}.")
    return reply


def read(box: str, channels: Iterable[Headers], devices: Iterable[Headers], wall_s: float) -> Found:
    """What the lists say, `devices` of hints too. Pure; what is unreadable is left out and told."""
    reader = _Reader(box, wall_s)
    for channel in channels:
        reader.channel(channel)
    for each in devices:
        reader.device(each)
    return reader.found()


class _Reader:
    def __init__(self, box: str, wall_s: float) -> None:
        self.box, self.wall_s = box, wall_s
        self.channels: set[str] = set()
        self.waiting: dict[str, WaitingCall] = {}
        self.talking: dict[str, WaitingCall] = {}
        self.offers: list[LiveOffer] = []
        #: Callers in no bridge yet → Uniqueid of the agent's channel that won each.
        self.unbridged: dict[str, str] = {}
        #: Offer id → its caller's Uniqueid; and channels that have no GVQ_STATE.
        self.wanted: dict[str, str] = {}
        self.stateless: set[str] = set()
        self.devices: dict[str, DeviceState] = {}
        self.lamps: dict[str, str] = {}
        self.options: dict[str, str] = {}
        self.problems: list[str] = []

    def found(self) -> Found:
        """Callers who talk count while their agent's channel lives; else their call is over."""
        for call_id in self._won_in_vain():
            self.waiting[call_id] = self.talking.pop(call_id)
        served = {offer.call_id for offer in self.offers}
        calls = self.waiting | {k: v for k, v in self.talking.items() if k in served}
        offers = [o for o in self.offers if o.call_id in calls or self._inherited(o)]
        idle = [o.offer_id for o in self.offers if o.call_id not in calls and not o.talking]
        moving = {offer for offer, caller in self.wanted.items() if caller in self.stateless}
        return Found(
            Snapshot(calls=list(calls.values()), offers=offers, devices=self.devices),
            tuple(offer for offer in idle if offer not in moving),
            tuple(self.problems),
            bool(moving),
            self.lamps,
            self.options,
        )

    def _inherited(self, offer: LiveOffer) -> bool:
        """An agent who talks on with somebody whom the caller was transferred to, or who was
        transferred to the caller: its own channel is gone."""
        return offer.talking and self.wanted[offer.offer_id] not in self.channels

    def _won_in_vain(self) -> list[str]:
        """Callers whom an agent had won, who hung up before the bridge: they still wait."""
        unserved = [call for call, winner in self.unbridged.items() if winner not in self.channels]
        return [call_id for call_id in unserved if call_id in self.talking]

    def channel(self, status: Headers) -> None:
        try:
            if one(status, "event") == "Status":
                self._channel(status)
        except Unreadable as error:
            self.problems.append(f"channel left out: {error}")
        except ValidationError as error:
            self.problems.append(f"channel left out: {why(error)}")

    def device(self, listed: Headers) -> None:
        try:
            if name := lamp(listed):
                self.lamps[name] = one(listed, "state")
            read = _STATES.get(one(listed, "event"))
            found = read(listed) if read else None
        except Unreadable as error:
            self.problems.append(f"device left out: {error}")
            return
        if found:
            self.devices[found.interface] = found.state

    def _channel(self, status: Headers) -> None:
        uniqueid = required(status, "uniqueid")
        variables = _variables(status)
        if one(status, "channel").startswith("Surrogate/"):
            return  # the shell that a moved channel leaves behind
        self.channels.add(uniqueid)
        state = variables.get("GVQ_STATE")
        if state == "talking" and variables.get("GVQ_STATUS") in RELEASED:
            return  # the line had let it go before it heard of the talk
        if state in ("waiting", "talking"):
            call = self._caller(one(status, "channel"), uniqueid, variables)
            calls = self.waiting if state == "waiting" else self.talking
            calls[call.join.call_id] = call
            self.options[uniqueid] = variables.get("GVQ_OPTIONS", "")
            if variables.get("BRIDGEPEER") == "none":
                self.unbridged[call.join.call_id] = variables.get("GVQ_TAKEN", "")
        # A Local channel's other half has the same variables and another Uniqueid.
        elif variables.get("GVQ_OFFER") == uniqueid:
            self.offers.append(_offer(status, variables))
            self.wanted[uniqueid] = variables.get("GVQ_CALLER", "")
        elif not state:
            self.stateless.add(uniqueid)

    def _caller(self, channel: str, uniqueid: str, variables: dict[str, str]) -> WaitingCall:
        text = variables.get("GVQ_JOIN", "")
        known_as = variables.get("GVQ_ID") or uniqueid
        named = (self.box, channel, uniqueid, known_as)
        join, since = joins.from_variable(*named, text, self.problems)
        age_us = min(max(0, round((self.wall_s - since) * 1e6)), MAX_AGE_US)
        priority, rank = self._ticket(variables.get("GVQ_TICKET", ""))
        if priority is not None:
            join = join.model_copy(update={"priority": priority})
        return WaitingCall(join=join, age_us=age_us, rank=rank)

    def _ticket(self, text: str) -> tuple[int | None, int | None]:
        """Priority and rank as the line gave them; the priority may have been changed since."""
        if not text:
            return None, None
        priority, _, rank = text.partition(",")
        try:
            return (
                whole(priority, "ticket's priority", -MAX_PRIORITY, MAX_PRIORITY),
                whole(rank, "ticket's rank", 0, _RANK),
            )
        except Unreadable as error:
            self.problems.append(str(error))
            return None, None


def _offer(status: Headers, variables: dict[str, str]) -> LiveOffer:
    seconds = whole(one(status, "seconds") or "0", "Seconds", 0, MAX_AGE_US // 1_000_000)
    return LiveOffer(
        offer_id=variables["GVQ_OFFER"],
        fence=whole(variables.get("GVQ_FENCE", ""), "GVQ_FENCE", 1, _RANK),
        call_id=variables.get("GVQ_CALL", ""),
        queue=variables.get("GVQ_QUEUE", ""),
        agent=variables.get("GVQ_AGENT", ""),
        talking=bool(one(status, "bridgeid")),
        age_us=seconds * 1_000_000,
    )


def _variables(status: Headers) -> dict[str, str]:
    lines = status.get("variable", [])
    pairs = [line.partition("=") for line in ([lines] if isinstance(lines, str) else lines)]
    variables = {name: value for name, _, value in pairs}
    if len(variables) != len(pairs):
        raise Unreadable("a variable came twice")
    return variables
