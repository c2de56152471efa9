"""Boxes that share phones and trunks: the world of one test or demo."""

from dataclasses import dataclass

from ami_adapter.simulator.agents import TrunkOut, TrunkSide
from ami_adapter.simulator.box import Box
from ami_adapter.simulator.callers import CARRIER, Caller
from ami_adapter.simulator.channel import DOWN, RING, UNALLOCATED, UP, Channel, End, Far, Signal
from ami_adapter.simulator.clock import Clock
from ami_adapter.simulator.dialplan import Request
from ami_adapter.simulator.originate import Order, Originated
from ami_adapter.simulator.phones import Behaviour, Invite, Phone

#: One way over a trunk between two boxes, seconds.
TRUNK_DELAY = 0.002

#: From an Originate's Response to its channel, seconds: a Hangup may come in between.
THREAD_DELAY = 0.001

#: A trunk endpoint is named after the box it leads to.
TRUNK_PREFIX = "gvq-"


class Network:
    """Boxes, trunks from each to each, phones, callers. `invites` is what the phones saw."""

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self.clock = clock
        self.boxes: dict[str, Box] = {}
        self.phones: dict[str, Phone] = {}
        self.callers: list[Caller] = []
        self.invites: list[Invite] = []
        self._seed = seed

    # ── building ────────────────────────────────────────────────────────────────────────────

    def add_box(self, name: str) -> Box:
        """A box with a trunk to and from every other, knowing every phone."""
        box = Box(name, self.clock, self._seed)
        box.add_endpoint(CARRIER, False)
        for other in self.boxes.values():
            box.add_endpoint(TRUNK_PREFIX + other.name, True)
            other.add_endpoint(TRUNK_PREFIX + name, True)
        for phone in self.phones:
            box.add_endpoint(phone, False)
        self.boxes[name] = box
        return box

    def add_phone(self, agent: str, box: str = "", behaviour: Behaviour = Behaviour()) -> Phone:  # noqa: B008
        """A phone every box has an endpoint for, registered at `box` if one is named."""
        phone = Phone(agent, self.clock, self, lambda: behaviour)
        self.phones[agent] = phone
        for each in self.boxes.values():
            each.add_endpoint(agent, False)
        if box:
            phone.register(self.boxes[box])
        return phone

    def call(
        self, box: str, *requests: Request, number: str = "", name: str = "",
        patience: float | None = None,
    ) -> Caller:  # fmt: skip
        """A caller arrives at a box. Without a number each gets its own."""
        number = number or f"5{len(self.callers):06d}"
        caller = Caller(self.boxes[box], number, name, requests, patience)
        self.callers.append(caller)
        return caller.dial()

    # ── dialling ────────────────────────────────────────────────────────────────────────────

    def originate(self, box: Box, order: Order) -> None:
        """Carry out an asynchronous Originate: a thread of its own makes the channel."""
        self.clock.later(THREAD_DELAY, lambda: self._originate(box, order))

    def _originate(self, box: Box, order: Order) -> None:
        technology, _, resource = order.target.partition("/")
        phone, _, trunk = resource.partition("@")
        endpoint = trunk or phone
        if not box.up:
            return
        started = Originated(box, order)
        taken = order.uniqueid in box.channels
        if taken or technology != "PJSIP" or not box.endpoints.get(endpoint):
            started.fail()
        elif trunk:
            started.start(trunk, "gvq-trunk", lambda leg: self._over(box, leg, trunk, phone))
        else:
            started.start(phone, "phones", lambda leg: self.phones[phone].ring(box, leg))

    def _over(self, box: Box, channel: Channel, peer: str, resource: str) -> Far:
        """INVITE over a trunk: the other box makes its channel when it arrives."""
        far = Wire(self.boxes[peer.removeprefix(TRUNK_PREFIX)])
        self.clock.later(TRUNK_DELAY, lambda: self._arrives(box, channel, far, resource))
        return far

    def _arrives(self, box: Box, channel: Channel, far: "Wire", exten: str) -> None:
        there = far.box
        if not there.up or not channel.alive:
            return
        inward = there.new_channel(
            TRUNK_PREFIX + box.name, RING, "gvq-trunk", exten,
            number=channel.number, caller=channel.caller,
        )  # fmt: skip
        far.channel = inward
        inward.far = Wire(box, channel)
        side = TrunkSide(there, inward)
        inward.owner = side
        side.start(self._dial_phone(there, inward, side, exten))

    def _dial_phone(self, box: Box, inward: Channel, side: TrunkSide, exten: str) -> Channel | None:
        if exten not in self.phones or not box.endpoints.get(exten):
            return None
        out = box.new_channel(exten, DOWN, "phones", "s", linkedid=inward.linkedid)
        out.number, out.connected_number, out.connected = exten, inward.number, inward.caller
        out.owner = TrunkOut(box, out, inward, side)
        out.far = self.phones[exten].ring(box, out)
        return out

    # ── what phones saw ─────────────────────────────────────────────────────────────────────

    def invited(self, invite: Invite) -> None:
        """Log: an INVITE reached a phone."""
        self.invites.append(invite)

    def first_rings(self) -> list[Invite]:
        """The first INVITE for each caller, in order of time."""
        first: dict[str, Invite] = {}
        for invite in self.invites:
            first.setdefault(invite.number, invite)
        return list(first.values())

    def double_invites(self) -> list[Invite]:
        """INVITEs that reached a phone which had one already."""
        return [invite for invite in self.invites if invite.doubled]


@dataclass
class Wire:
    """One end of a SIP dialog between two boxes: what is told here is heard there."""

    box: Box
    channel: Channel | None = None

    def tell(self, signal: Signal, end: End) -> None:
        """Far. A CANCEL that overtakes its own INVITE finds no channel yet, and needs none."""
        channel = self.channel
        if channel is not None:
            talked = channel.state == UP
            # A 404 comes back as another cause than the one that made it.
            cause = UNALLOCATED if end.sip == "404" else end.cause
            heard = End(cause, "" if talked else end.sip, reason=talked)
            self.box.clock.later(TRUNK_DELAY, lambda: self.box.hear(channel, signal, heard))
