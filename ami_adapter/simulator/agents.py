"""Agents' channels in the dialplan: gvq-agent (claim, announce, bridge) and gvq-trunk."""

from ami_adapter.simulator import events
from ami_adapter.simulator.box import Box
from ami_adapter.simulator.channel import (
    DOWN,
    ELSEWHERE,
    NO_ROUTE,
    RINGING,
    UP,
    Channel,
    End,
    Owner,
    Signal,
)
from ami_adapter.simulator.dialplan import Visit


class AgentSide(Owner):
    """gvq-agent,s: the agent answered."""

    def __init__(self, box: Box, channel: Channel) -> None:
        self.box, self.channel = box, channel
        self._visit: Visit | None = None

    def start(self) -> None:
        """Claim the caller or be hung up; announce; bridge."""
        caller = self.box.find(self.channel.variables.get("GVQ_CALLER", ""))
        visit = caller.owner if caller is not None else None
        if not isinstance(visit, Visit) or not visit.claim(self.channel):
            self.box.dialplan_hangs_up(self.channel, ELSEWHERE)
            return
        self._visit = visit
        if visit.request.announce:
            self._announce(visit)
        else:
            self._bridge()

    def _announce(self, visit: Visit) -> None:
        self.channel.at("gvq-agent", "s", 5, "Playback", "announcement")
        self.box.emit("UserEvent", self._answer_event)
        self.box.clock.later(visit.request.announce, self._bridge)

    def _answer_event(self) -> events.Event:
        variables = self.channel.variables
        body = [
            ("Offer", variables.get("GVQ_OFFER", "")),
            ("Fence", variables.get("GVQ_FENCE", "")),
            ("Key", self.box.variables.get("GVQ_KEY", "")),
        ]
        return events.user_event(self.channel, "GvqAnswer", body)

    def _bridge(self) -> None:
        visit = self._visit
        if not self.channel.alive or visit is None:
            return
        if visit.channel.alive and "GVQ_OFF" not in self.channel.variables:
            self.channel.variables["GVQ_TALKS"] = "1"
            visit.bridged()
            self.channel.at("gvq-agent", "s", 8, "Bridge", visit.channel.uniqueid)
            self.channel.number = visit.request.queue  # the caller's phone shows what was called
            self.box.bridge(visit.channel, self.channel)
        else:
            self.box.dialplan_hangs_up(self.channel)

    @property
    def in_dialplan(self) -> bool:
        return True

    def after_bridge(self) -> None:
        """The caller is gone: so are we."""
        self.box.dialplan_hangs_up(self.channel)

    def goes(self, context: str, exten: str) -> None:
        """Redirected away from the caller."""
        self.box.split(self.channel)
        self.channel.at(context, exten, 1)

    def gone(self, end: End) -> None:
        """A claim that led to no bridge is void."""
        if self._visit is not None:
            self._visit.claim_void()


class TrunkSide(Owner):
    """gvq-trunk: a call from another box for one of our phones is passed through."""

    def __init__(self, box: Box, channel: Channel) -> None:
        self.box, self.channel = box, channel
        self._out: Channel | None = None

    def start(self, out: Channel | None) -> None:
        """`out`: our channel to the phone, or None where it cannot be dialled."""
        self._out = out
        if out is None:
            self.box.dialplan_hangs_up(self.channel, NO_ROUTE)

    @property
    def in_dialplan(self) -> bool:
        return True

    def passes(self, signal: Signal) -> None:
        """What the phone does, the other box is told."""
        if signal is Signal.ANSWER:
            self.box.answer(self.channel)
        elif self.channel.far is not None:
            self.channel.far.tell(signal, End())

    def after_bridge(self) -> None:
        """The phone hung up."""
        self.box.dialplan_hangs_up(self.channel)

    def gone(self, end: End) -> None:
        """The other box hung up: so does the phone's leg, ringing or talking."""
        if self._out is not None and self._out.state != UP:
            self.box.hang_up(self._out, end.cause)


class TrunkOut(Owner):
    """The leg from a trunk call to the phone."""

    def __init__(self, box: Box, channel: Channel, inward: Channel, side: TrunkSide) -> None:
        self.box, self.channel, self._in, self._side = box, channel, inward, side

    def rings(self) -> None:
        self.box.set_state(self.channel, RINGING)
        self._side.passes(Signal.RINGING)

    def answers(self) -> None:
        """Both legs are up and bridged."""
        self.box.set_state(self.channel, UP)
        self._side.passes(Signal.ANSWER)
        self.box.bridge(self._in, self.channel)

    def after_bridge(self) -> None:
        """The other box hung up."""
        self.box.hang_up(self.channel)

    def gone(self, end: End) -> None:
        """The phone refused: its cause goes back the way it came."""
        if self._in.alive and self.channel.state in (DOWN, RINGING):
            self.box.dialplan_hangs_up(self._in, end.cause)
