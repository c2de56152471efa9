"""Agents at their phones. What a phone sees is written down, as its SIP messages would show it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from ami_adapter.simulator.box import Box
from ami_adapter.simulator.channel import BUSY, NORMAL, REJECTED, Channel, End, Signal
from ami_adapter.simulator.clock import Clock, Timer

#: From INVITE to 180 Ringing, and from answering to the 200 OK's arrival, seconds.
SIP_DELAY = 0.002

Deed = Literal["answer", "busy", "decline", "ignore"]

#: How a phone refuses → hangup cause and SIP status.
REFUSALS: dict[Deed, End] = {"busy": End(BUSY, "486"), "decline": End(REJECTED, "603")}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What an agent does with a call. Times in seconds.

    After ringing for `after`, the agent does `does`; a refusal after 0 comes without ringing.
    Having answered, the agent hangs up after `talk` (None: leaves that to the caller), or sends
    the caller on to `transfer_to`.
    """

    does: Deed = "answer"
    after: float = 0.0
    talk: float | None = None
    transfer_to: str = ""


#: What the agent does with the next call.
Choose = Callable[[], Behaviour]


@dataclass(slots=True)
class Invite:
    """One INVITE at a phone. `number` is the From it carried: the caller's."""

    at: float
    agent: str
    number: str
    box: str
    doubled: bool = False
    answered_at: float | None = None
    ended_at: float | None = None


class Log(Protocol):
    """Who writes down the INVITEs."""

    def invited(self, invite: Invite) -> None: ...


class Phone:
    """An agent's phone: one call at a time; a second INVITE is refused busy and counted."""

    def __init__(self, agent: str, clock: Clock, log: Log, choose: Choose) -> None:
        self.agent, self.choose = agent, choose
        self.boxes: dict[str, Box] = {}
        self.call: Call | None = None
        self._clock, self._log = clock, log

    def register(self, box: Box) -> None:
        """REGISTER at a box, beside any other."""
        self.boxes[box.name] = box
        box.reach(self.agent, True)

    def unregister(self, box: Box) -> None:
        """Take the contact away from a box."""
        if self.boxes.pop(box.name, None) is not None:
            box.reach(self.agent, False)

    def move(self, box: Box) -> None:
        """Register at `box` only."""
        self.register(box)
        for other in [other for other in self.boxes.values() if other is not box]:
            self.unregister(other)

    def ring(self, box: Box, channel: Channel) -> "Call":
        """An INVITE arrives."""
        number = channel.connected_number or channel.number
        invite = Invite(self._clock.now(), self.agent, number, box.name, self.call is not None)
        self._log.invited(invite)
        call = Call(self, box, channel, invite)
        if self.call is None:
            self.call = call
            call.start(self.choose())
        else:
            call.refuse("busy")
        return call

    def behave(self, behaviour: Behaviour) -> None:
        """From the next call on."""
        self.choose = lambda: behaviour

    def hang_up(self) -> None:
        """End the present call, ringing or talking, if there is one."""
        if self.call is not None:
            self.call.hang_up()


class Call:
    """One dialog at a phone."""

    def __init__(self, phone: Phone, box: Box, channel: Channel, invite: Invite) -> None:
        self.invite = invite
        self._phone, self._box, self._channel = phone, box, channel
        self._clock = box.clock
        self._next: Timer | None = None

    def start(self, behaviour: Behaviour) -> None:
        """Ring, and do what the agent does."""
        if behaviour.after or behaviour.does not in REFUSALS:
            self._clock.later(SIP_DELAY, lambda: self._box.hear(self._channel, Signal.RINGING))
        if behaviour.does != "ignore":
            delay = 2 * SIP_DELAY + behaviour.after
            self._next = self._clock.later(delay, lambda: self._act(behaviour))

    def _act(self, behaviour: Behaviour) -> None:
        if behaviour.does == "answer":
            self.answer(behaviour)
        else:
            self.refuse(behaviour.does)

    def answer(self, behaviour: Behaviour) -> None:
        """Pick up."""
        self.invite.answered_at = self._clock.now()
        if behaviour.talk is not None:
            self._next = self._clock.later(behaviour.talk, lambda: self._finish(behaviour))
        self._box.hear(self._channel, Signal.ANSWER)

    def _finish(self, behaviour: Behaviour) -> None:
        if behaviour.transfer_to:
            self._box.transfer(self._channel, behaviour.transfer_to)
        self.hang_up()

    def refuse(self, how: Deed) -> None:
        """486 or 603."""
        self._clock.later(0, lambda: self._over(REFUSALS[how]))

    def hang_up(self) -> None:
        """BYE, or 603 while it rings."""
        self._over(End(NORMAL) if self.invite.answered_at else REFUSALS["decline"])

    def _over(self, end: End) -> None:
        self._free()
        self._box.hear(self._channel, Signal.END, end)

    def tell(self, signal: Signal, end: End) -> None:
        """Far: the box hung up (CANCEL or BYE)."""
        if signal is Signal.END:
            self._free()

    def _free(self) -> None:
        if self._next is not None:
            self._next.cancel()
        self.invite.ended_at = self._clock.now()
        if self._phone.call is self:
            self._phone.call = None
