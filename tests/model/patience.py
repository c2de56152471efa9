"""Callers who do not wait for ever, in the reference model: timeoutpriority=conf, and option n."""

from tests.model.calls import depart
from tests.model.matching import candidates
from tests.model.state import SECOND, Caller, State, call_state

#: Strategies by which a pass goes on after a ring that nobody answered.
PASSING = ("linear", "rrmemory", "rrordered")

RING_ON_S = 3600


def ring_us(state: State, caller: Caller) -> int:
    """How long an agent is rung for this caller: not beyond its own timeout, but a second."""
    full = (state.queues[caller.queue].settings.timeout or RING_ON_S) * SECOND
    if caller.timeout_us is None or caller.conf:
        return full
    left = caller.joined_us + caller.timeout_us - state.now
    return min(full, max(left, SECOND))


def due(caller: Caller) -> int:
    """When the line has to look at its timeout, µs; 0 for never."""
    if caller.timeout_us is None or not caller.conf or caller.overdue:
        return 0
    return caller.joined_us + caller.timeout_us


def pass_due(state: State, caller: Caller) -> None:
    """Its timeout has come: nobody more is rung for it."""
    caller.overdue = caller.overdue or 0 < due(caller) <= state.now


def before_match(state: State) -> None:
    """Whose patience is over leaves; while boxes are awaited, a pass begins anew."""
    for caller in _waiting(state):
        if caller.overdue:
            depart(state, caller, "timeout", told=True)
        elif caller.once and state.awaited:
            caller.tried.clear()
            caller.unanswered = False
        elif caller.once and caller.tried and _passed(state, caller):
            depart(state, caller, "timeout", told=True)


def after_match(state: State) -> None:
    """Who had begun a pass and got no other agent leaves."""
    for caller in _waiting(state):
        if caller.once and caller.tried:
            depart(state, caller, "timeout", told=True)


def _waiting(state: State) -> list[Caller]:
    return [c for c in state.callers.values() if call_state(state, c) == "waiting"]


def _passed(state: State, caller: Caller) -> bool:
    strategy = state.queues[caller.queue].settings.strategy
    if caller.unanswered and strategy not in PASSING:
        return True
    return not candidates(state, caller)
