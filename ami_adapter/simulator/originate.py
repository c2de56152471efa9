"""Originate, asynchronous: dial, wait for the answer, report, run the extension."""

from collections.abc import Callable
from dataclasses import dataclass

from ami_adapter.simulator import events
from ami_adapter.simulator.agents import AgentSide
from ami_adapter.simulator.box import Box
from ami_adapter.simulator.channel import (
    DOWN,
    NO_ANSWER,
    RINGING,
    UP,
    Channel,
    End,
    Far,
    Owner,
)

#: OriginateResponse's Reason, as 22.10 gives it on the asynchronous path.
ANSWERED, TIMED_OUT, OTHERWISE = 4, 3, 0

#: Connects a new channel to who is dialled; None where nobody can be.
Dial = Callable[[Channel], Far]


@dataclass(frozen=True, slots=True)
class Order:
    """An Originate as read from AMI. `timeout` in seconds."""

    action_id: str
    target: str
    uniqueid: str
    context: str
    exten: str
    timeout: float
    number: str
    caller: str
    variables: tuple[tuple[str, str], ...]


class Originated(Owner):
    """The outgoing channel until it is answered; then `AgentSide` has it."""

    def __init__(self, box: Box, order: Order) -> None:
        self.box, self.order = box, order
        self._timed_out = False
        self._reported = False

    def start(self, endpoint: str, context: str, dial: Dial) -> None:
        """Make the channel and dial. `context`: the endpoint's own."""
        order = self.order
        self.channel = self.box.new_channel(endpoint, DOWN, context, "s", uniqueid=order.uniqueid)
        self.channel.variables.update(order.variables)
        self.channel.number = self.channel.connected_number = order.number
        self.channel.caller = self.channel.connected = order.caller
        self.channel.owner = self
        self.channel.far = dial(self.channel)
        self._timer = self.box.clock.later(order.timeout, self._times_out)

    def fail(self) -> None:
        """No channel could be made: there is no Hangup, only this."""
        self._respond(OTHERWISE, self.order.target)

    def rings(self) -> None:
        if self.channel.state == DOWN:
            self.box.set_state(self.channel, RINGING)

    def answers(self) -> None:
        """Answered: run the extension; the response comes from another thread."""
        self._timer.cancel()
        self.box.set_state(self.channel, UP)
        side = AgentSide(self.box, self.channel)
        self.channel.owner = side
        self.channel.at(self.order.context, self.order.exten, 1)
        self.box.either(lambda: self._respond(ANSWERED, self.channel.name), side.start)

    def _times_out(self) -> None:
        if self.channel.alive and self.channel.owner is self:
            self._timed_out = True
            self.box.hang_up(self.channel, NO_ANSWER, "480")

    def goes(self, context: str, exten: str) -> None:
        """A channel that is not up cannot be redirected."""

    def ending(self) -> None:
        """Refused. Originate's thread may report it before anything else does.

        On a real box: before HangupRequest in 6 of 250 refusals, before Hangup in 202.
        """
        if self.box.coin():
            self._report()

    def gone(self, end: End) -> None:
        """Refused, timed out or hung up before the answer."""
        self._timer.cancel()
        self._report()

    def _report(self) -> None:
        if not self._reported:
            self._reported = True
            self._respond(TIMED_OUT if self._timed_out else OTHERWISE, self.order.target)

    def lost(self) -> None:
        self._timer.cancel()

    def _respond(self, reason: int, channel: str) -> None:
        order = self.order
        self.box.emit(
            "OriginateResponse",
            lambda: events.originate_response(
                order.action_id, reason == ANSWERED, reason, channel, order.uniqueid,
                (order.number, order.caller), order.context, order.exten,
            ),
        )  # fmt: skip
