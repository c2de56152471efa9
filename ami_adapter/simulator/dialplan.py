"""What ami_adapter/dialplan/gvq.conf does for a caller, as a state machine.

Rules kept here, as there:
- A caller is taken by one agent at most, and never once it is leaving: GVQ_TAKEN and GVQ_STATE
  decide under one lock, and one thread stands for that lock here.
- A claim is void when the claiming channel no longer exists.
- A caller whom an agent has claimed neither times out nor is released until that claim is void.
- When GVQ_ALIVE is too old the caller goes to the fallback context. Every extension exists there.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from ami_adapter.simulator import events
from ami_adapter.simulator.box import Box
from ami_adapter.simulator.channel import Channel, End, Owner
from ami_adapter.simulator.clock import Timer
from ami_adapter.simulator.hearing import Hearing

#: (GVQ_STATE, what happens) → GVQ_STATE. Anything else is a fault of the simulator and raises.
STEPS = {
    ("", "arrive"): "waiting",
    ("left", "arrive"): "waiting",
    ("waiting", "bridged"): "talking",
    ("waiting", "leave"): "left",
    ("talking", "over"): "left",
}

#: Extensions an Originate may name (it looks before it dials); None: any extension.
EXTENSIONS: dict[str, tuple[str, ...] | None] = {
    "gvq": None,
    "gvq-caller": ("s",),
    "gvq-wait": ("s",),
    "gvq-leave": ("s",),
    "gvq-agent": ("s",),
    "gvq-trunk": None,
}

#: GVQ_TAKEN of a caller whom no agent has claimed.
NOBODY = "nobody"

#: GVQ_STATUS → Outcome of a caller who leaves; all others were redirected.
OUTCOMES = {"TIMEOUT": "timeout", "EXITWITHKEY": "exit_key"}

#: How often a waiting caller looks at GVQ_ALIVE, s: where a fallback is set, and where none is.
LOOK_S, IDLE_LOOK_S = 2.0, 60.0

#: What FILTER() leaves out of a caller's number and name, and of the rule's name.
NOT_IN_NUMBER = re.compile(r"[^0-9A-Za-z+*#@._-]")
NOT_IN_NAME = re.compile(r"[\x00-\x1f\x7f]")
NOT_IN_RULE = re.compile(r"[^0-9A-Za-z_.-]")


class IllegalStep(Exception):
    """A caller cannot do this now."""


@dataclass(frozen=True, slots=True)
class Request:
    """Gosub(gvq,queue,1(options,,announce,timeout,,,rule,position)), after the QUEUE_* variables.

    `announce`: seconds the announcement to the agent lasts; `timeout`: seconds, None: no limit;
    `raise_penalty`: N, or "rN".
    """

    queue: str
    priority: int | None = None
    min_penalty: int | None = None
    max_penalty: int | None = None
    raise_penalty: int | str | None = None
    options: str = ""
    announce: float = 0.0
    timeout: float | None = None
    rule: str = ""
    position: int | None = None

    def has(self, option: str) -> bool:
        """Whether the option's letter is there, outside of other options' parentheses."""
        return option in re.sub(r"\([^)]*\)", "", self.options)

    def variables(self) -> dict[str, str]:
        """The channel variables set before the Gosub."""
        return {
            "QUEUE_PRIO": _number(self.priority),
            "QUEUE_MIN_PENALTY": _number(self.min_penalty),
            "QUEUE_MAX_PENALTY": _number(self.max_penalty),
            "QUEUE_RAISE_PENALTY": _number(self.raise_penalty),
        }


def uri(text: str) -> str:
    """URIENCODE() of the dialplan: all but letters, digits and -_.!~*'() become %XX."""
    return quote(text, safe="-_.!~*'()", errors="surrogateescape")


class Visit(Owner):
    """A caller's channel in context gvq. `returns` goes on after the Gosub."""

    def __init__(
        self, box: Box, channel: Channel, request: Request, number: int,
        returns: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.box, self.channel, self.request, self.number = box, channel, request, number
        self._late = self._patient = False
        self._timer: Timer | None = None
        self._look_timer: Timer | None = None
        self._returns = returns
        self.hearing = Hearing(box, channel, number, self._listens)

    def start(self) -> None:
        """Clean the caller's id, set the variables, say who joins, answer, hold."""
        channel = self.channel
        channel.number = NOT_IN_NUMBER.sub("", channel.number)
        channel.caller = NOT_IN_NAME.sub("", channel.caller)
        joined = self._parameters()
        self._set(GVQ_SINCE=joined["Since"], GVQ_VISIT=str(self.number), GVQ_ID=channel.uniqueid)
        self._set(GVQ_QUEUE=self.request.queue, GVQ_JOIN=self._join(joined))
        self._set(QUEUESTATUS="", GVQ_TICKET="", GVQ_MEETING="", GVQ_TAKEN=NOBODY)
        self._step("arrive")
        channel.at("gvq-caller", "s", 17)
        self.box.answer(channel)
        known_as = [("Id", channel.uniqueid), ("Visit", str(self.number))]
        told = [*joined.items()]
        told.insert(2, ("Options", ""))
        self._user_event("GvqJoin", [*known_as, *told, ("Url", "")])
        channel.at("gvq-wait", "s", 1, "WaitExten", "604800")
        self.hearing.ask()
        if self.request.timeout is not None:
            self._timer = self.box.clock.later(self.request.timeout, self._times_out)
        self._look_later()

    def _parameters(self) -> dict[str, str]:
        before = self.request.variables()
        return {
            "Queue": self.request.queue,
            "Since": f"{self.box.clock.now():.6f}",
            "Prio": before["QUEUE_PRIO"],
            "MinPenalty": before["QUEUE_MIN_PENALTY"],
            "MaxPenalty": before["QUEUE_MAX_PENALTY"],
            "RaisePenalty": before["QUEUE_RAISE_PENALTY"],
            "Rule": NOT_IN_RULE.sub("", self.request.rule),
            "Position": _number(self.request.position),
            "Timeout": _number(int(self.request.timeout or 0) or None),
            "Once": str(int(self.request.has("n"))),
            "CallerNum": uri(self.channel.number),
            "CallerName": uri(self.channel.caller),
        }

    def _join(self, joined: dict[str, str]) -> str:
        return "|".join((*joined.values(), str(self.number)))

    def _listens(self) -> bool:
        return self.state == "waiting" and not self._claimed()

    def press(self, digit: str) -> None:
        """The caller's phone sends a digit."""
        if self.state == "waiting" and self.hearing.press():
            self._set(GVQ_STATUS="EXITWITHKEY", GVQ_DIGITS=digit)
            self._leave()

    # ── the claim ───────────────────────────────────────────────────────────────────────────

    def claim(self, agent: Channel) -> bool:
        """Test and set: may this agent have the caller? The first who asks for this visit may."""
        call = agent.variables.get("GVQ_CALL", "")
        if self.state != "waiting" or self._claimed() or not call.endswith(f"-{self.number}"):
            return False
        self._set(GVQ_TAKEN=agent.uniqueid)
        return True

    def _claimed(self) -> bool:
        return self.channel.variables["GVQ_TAKEN"] in self.box.channels

    def bridged(self) -> None:
        """The agent who claimed is about to run Bridge()."""
        self._stop_timer()
        self._step("bridged")
        self.channel.at("gvq-wait", "s", 2)

    def claim_void(self) -> None:
        """The claiming agent is gone: the caller waits on, unless its time is up."""
        if self.state == "waiting" and self._late:
            self._leave()

    # ── leaving ─────────────────────────────────────────────────────────────────────────────

    def _times_out(self) -> None:
        if self.hearing.patience_s and not self._patient:
            self._patient = True
            self._timer = self.box.clock.later(self.hearing.patience_s, self._times_out)
            return
        self._set(GVQ_STATUS="TIMEOUT")
        self._leave()

    def _fallback_after(self) -> float:
        return float(self.box.variables.get("GVQ_FALLBACK_AFTER") or 0)

    def _look_later(self) -> None:
        pause = LOOK_S if self._fallback_after() else IDLE_LOOK_S
        self._look_timer = self.box.clock.later(pause, self._look)

    def _look(self) -> None:
        """Is the line there? Else on to the fallback context, once nobody holds the claim."""
        variables, after = self.box.variables, self._fallback_after()
        seen = float(variables.get("GVQ_ALIVE") or self.channel.variables["GVQ_SINCE"])
        if after and seen + after <= self.box.clock.now():
            self._set(GVQ_STATUS="FALLBACK")
            self._leave()
        elif self.state == "waiting":
            self._look_later()

    def goes(self, context: str, exten: str) -> None:
        """Redirected by AMI: to gvq-leave, or to a context where this Gosub is forgotten."""
        if context == "gvq-leave":
            self._leave()
            return
        self.box.split(self.channel)
        self.channel.at(context, exten, 1)
        self.channel.owner = Owner()
        self._stop_timer()

    def _leave(self) -> None:
        """gvq-leave,s,1: who is claimed holds on, who talked is through."""
        if self.state == "talking":
            self.box.split(self.channel)
            self.after_bridge()
            return
        self._late = True
        if self.state != "waiting" or self._claimed():
            return
        self._step("leave")
        status = self.channel.variables.get("GVQ_STATUS", "")
        digits = self.channel.variables.get("GVQ_DIGITS", "")
        outcome = OUTCOMES.get(status, "redirected")
        self.channel.at("gvq-leave", "s", 11)
        reason = digits if outcome == "exit_key" else status
        known_as = [("Id", self.channel.uniqueid), ("Visit", str(self.number))]
        body = [*known_as, ("Outcome", outcome), ("Reason", reason)]
        self._user_event("GvqLeave", body)
        if status == "FALLBACK":
            context = self.box.variables.get("GVQ_FALLBACK_CONTEXT", "")
            self.goes(context, self.request.queue)
        elif outcome == "exit_key":
            self._set(QUEUESTATUS=status)
            self.goes(self.hearing.context, digits)
        else:
            self._return(status)

    def _return(self, status: str) -> None:
        self._stop_timer()
        self._set(QUEUESTATUS=status)
        self._returns(status)

    # ── Owner ───────────────────────────────────────────────────────────────────────────────

    def after_bridge(self) -> None:
        """The agent is gone: on in the dialplan with option c, else the caller's call ends too."""
        self._step("over")
        if self.request.has("c"):
            self._return("CONTINUE")
        else:
            self.box.dialplan_hangs_up(self.channel)

    @property
    def in_dialplan(self) -> bool:
        """In a bridge, the caller's own thread is away."""
        return self.state != "talking"

    def gone(self, end: End) -> None:
        """The caller's channel ended, whoever ended it."""
        self._stop_timer()

    def lost(self) -> None:
        self._stop_timer()

    # ── pieces ──────────────────────────────────────────────────────────────────────────────

    @property
    def state(self) -> str:
        """GVQ_STATE of the channel."""
        return self.channel.variables.get("GVQ_STATE", "")

    def _step(self, what: str) -> None:
        after = STEPS.get((self.state, what))
        if after is None:
            raise IllegalStep(f"{self.channel.name}: {what} while {self.state}")
        self._set(GVQ_STATE=after)

    def _set(self, **variables: str) -> None:
        self.channel.variables.update(variables)

    def _user_event(self, name: str, body: list[tuple[str, str]]) -> None:
        key = ("Key", self.box.variables.get("GVQ_KEY", ""))
        self.box.emit("UserEvent", lambda: events.user_event(self.channel, name, [*body, key]))

    def _stop_timer(self) -> None:
        self.hearing.stop()
        for timer in (self._timer, self._look_timer):
            if timer is not None:
                timer.cancel()


def _number(value: int | str | None) -> str:
    return "" if value is None else str(value)
