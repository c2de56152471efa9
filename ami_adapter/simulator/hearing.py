"""What a simulated caller hears while waiting, and presses: [gvq-wait] of gvq.conf, without sounds.

Rules kept here, as there:
- A caller asks when it has joined, and then when the answer says so; unanswered, after a while.
- Nothing is said to a caller whom an agent has, nor after a bridge.
- A digit ends an announcement where digits lead somewhere. Every extension exists there.
"""

from collections.abc import Callable

from ami_adapter.simulator import events
from ami_adapter.simulator.box import Box
from ami_adapter.simulator.channel import Channel
from ami_adapter.simulator.clock import Timer

#: How often an answer is looked for, s, and how often before the caller goes on without.
LOOK_S, LOOKS = 0.1, 10

#: From an ask to the next one when no answer came, s.
ASK_AGAIN_S = 5.0

#: How long every word takes, s.
WORD_S = 1.0

#: Fields of GVQ_TOLD.
TOLD = ("again", "heard", "words", "context", "musicclass", "ringing", "patience", "rung")


class Hearing:
    """The asks and words of one visit. `listens`: whether the caller waits, won by no agent."""

    def __init__(self, box: Box, channel: Channel, visit: int, listens: Callable[[], bool]) -> None:
        self._box, self._channel, self._visit, self._listens = box, channel, visit, listens
        self._heard, self._words = "", list[str]()
        #: When to ask again, 0: never; when the last answer was taken; how long its words took.
        self._ask_at = self._told_at = self._spoke_s = 0.0
        self._timer: Timer | None = None
        self.context = ""
        #: How long it waits beyond its timeout, s.
        self.patience_s = 0.0

    def ask(self) -> None:
        """GvqAsk, and look for the answer."""
        self._channel.variables["GVQ_TOLD"] = ""
        body = [
            ("Id", self._channel.uniqueid),
            ("Visit", str(self._visit)),
            ("Heard", self._heard),
            ("Spoke", str(int(self._spoke_s))),
            ("Key", self._box.variables.get("GVQ_KEY", "")),
        ]
        self._box.emit("UserEvent", lambda: events.user_event(self._channel, "GvqAsk", body))
        self._later(LOOK_S, lambda: self._look(LOOKS))

    def _look(self, looks: int) -> None:
        told = self._channel.variables["GVQ_TOLD"]
        if told:
            self._take(dict(zip(TOLD, told.split(","), strict=True)))
        elif looks > 1:
            self._later(LOOK_S, lambda: self._look(looks - 1))
        elif looks:  # once more, before it asks again: the answer may be late
            self._later(ASK_AGAIN_S - LOOKS * LOOK_S, lambda: self._look(0))
        else:
            self.ask()

    def _take(self, told: dict[str, str]) -> None:
        self._told_at, self._spoke_s = self._box.clock.now(), 0.0
        self._heard, self.context = told["heard"], told["context"]
        self.patience_s = float(told["patience"])
        self._words = [word for word in told["words"].split("&") if word]
        again_s = float(told["again"])
        self._ask_at = self._told_at + again_s if again_s else 0.0
        self._say()

    def _say(self) -> None:
        if self._words and self._listens():
            self._channel.said.append(self._words.pop(0))
            self._later(WORD_S, self._said)
        elif self._ask_at:
            self._words.clear()
            self._later(max(0.0, self._ask_at - self._box.clock.now()), self.ask)

    def _said(self) -> None:
        self._spoke_s = self._box.clock.now() - self._told_at
        self._say()

    def press(self) -> bool:
        """A digit: whether it leads out of the queue."""
        if self.context and self._words:
            self._words.clear()
            self._say()
        return bool(self.context)

    def stop(self) -> None:
        """The waiting is over."""
        if self._timer is not None:
            self._timer.cancel()

    def _later(self, delay: float, then: Callable[[], None]) -> None:
        self.stop()
        self._timer = self._box.clock.later(delay, then)
