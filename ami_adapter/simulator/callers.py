"""Callers: from the provider's trunk into Gosub(gvq, …), and what they hear back."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ami_adapter.simulator.box import Box
from ami_adapter.simulator.channel import RING, Channel, End, Signal
from ami_adapter.simulator.dialplan import Request, Visit

#: The endpoint and context by which callers reach a box.
CARRIER, CARRIER_CONTEXT = "carrier", "from-carrier"


@dataclass(eq=False)
class Caller:
    """A person calling. `requests`: the queues the box's dialplan visits, one after the other.

    `statuses` are the QUEUESTATUS values the dialplan got; `ended` is why the dialog ended.
    """

    box: Box
    number: str
    name: str
    requests: Sequence[Request]
    patience: float | None = None
    statuses: list[str] = field(default_factory=list)
    ended: End | None = None

    def dial(self) -> "Caller":
        """INVITE: the channel appears and the dialplan runs."""
        self.channel: Channel = self.box.new_channel(
            CARRIER, RING, CARRIER_CONTEXT, "700", number=self.number, caller=self.name
        )
        self.channel.far = self
        self._visit(0)
        if self.patience is not None:
            self.box.clock.later(self.patience, self._gives_up)
        return self

    def _visit(self, index: int) -> None:
        if index == len(self.requests):
            self.box.dialplan_hangs_up(self.channel)
            return
        request = self.requests[index]
        self.channel.variables.update(request.variables())
        visit = Visit(self.box, self.channel, request, index + 1, self._returned)
        self.channel.owner = visit
        visit.start()

    def _returned(self, status: str) -> None:
        self.statuses.append(status)
        self._visit(len(self.statuses))

    def _gives_up(self) -> None:
        if self.channel.variables.get("GVQ_STATE") == "waiting":
            self.hang_up()

    def press(self, digit: str) -> None:
        """A digit of the phone; nobody listens to it outside of a queue."""
        if isinstance(self.channel.owner, Visit):
            self.channel.owner.press(digit)

    def hang_up(self) -> None:
        """BYE."""
        if self.ended is None:
            self.ended = End()
            self.box.hear(self.channel, Signal.END)

    def tell(self, signal: Signal, end: End) -> None:
        """Far: the box answered or hung up."""
        if signal is Signal.END:
            self.ended = end
