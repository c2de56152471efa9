"""Penalty rules in the reference model, from the words of queuerules.conf."""

from coordinator.line.types import PenaltyChange
from tests.model.state import SECOND, Caller, State


def begin(state: State, caller: Caller, name: str) -> None:
    """A caller joins and takes its rule as it is now."""
    settings = state.queues[caller.queue].settings
    caller.rule = state.rules.get(name or settings.defaultrule, ())
    advance(state, caller)


def advance(state: State, caller: Caller) -> None:
    """Make the changes whose time has come."""
    while caller.rule and due(caller) <= state.now:
        change, *rest = caller.rule
        caller.rule = tuple(rest)
        _apply(caller, change)


def due(caller: Caller) -> int:
    """When the next change comes, µs; 0 for never."""
    return caller.joined_us + caller.rule[0].after_s * SECOND if caller.rule else 0


def _apply(caller: Caller, change: PenaltyChange) -> None:
    if caller.raise_penalty is not None and change.raise_:
        caller.raise_keeps_min = change.raise_[0] == "r"
    highest = _changed(caller.max_penalty, change.max)
    caller.max_penalty = highest
    caller.min_penalty = _at_most(_changed(caller.min_penalty, change.min), highest)
    raised = change.raise_.removeprefix("r")
    caller.raise_penalty = _at_most(_changed(caller.raise_penalty, raised), highest)


def _changed(bound: int | None, change: str) -> int | None:
    if bound is None or not change:
        return bound
    return max(0, bound + int(change) if change[0] in "+-" else int(change))


def _at_most(bound: int | None, highest: int | None) -> int | None:
    return bound if bound is None or highest is None else min(bound, highest)
