"""I5 Accounted for: every join ends in exactly one outcome, and the outcome is true. Pure."""

from collections.abc import Iterator

from coordinator.audit.report import Violation
from coordinator.audit.world import Caller, World
from coordinator.journal import CALLER_OUTCOMES, ENDED_BY, Entry


def check(world: World, entry: Entry) -> Iterator[Violation]:
    """At caller.left: is it in line, once, and does the outcome fit what held it?

    At caller.refused: was it without a place? At call.completed: is the end one of those
    there are, and is only a transfer's destination told?
    """
    if entry.type == "call.completed":
        yield from _completed(entry)
    if entry.type not in ("caller.left", "caller.refused"):
        return
    call, outcome = str(entry.data["call_id"]), entry.data["outcome"]
    caller = world.caller(call)
    if entry.type == "caller.refused":
        if caller:
            yield _violation(entry.id, call, f"Call {call} was refused ({outcome}) after joining.")
        return
    if outcome not in CALLER_OUTCOMES:
        yield _violation(entry.id, call, f"Call {call} left with the unknown outcome {outcome}.")
    if caller:
        yield from _outcome(entry, caller)
    elif call in world.seen:
        yield _violation(entry.id, call, f"Call {call} left ({outcome}) a second time.")
    elif not world.partial:
        yield _violation(entry.id, call, f"Call {call} left ({outcome}) without having joined.")


def _completed(entry: Entry) -> Iterator[Violation]:
    data = entry.data
    if data["ended_by"] not in ENDED_BY:
        yield _violation(
            entry.id, data["call_id"], f"Call {data['call_id']} was ended by {data['ended_by']}."
        )
    elif data.get("transfer") and data["ended_by"] != "transfer":
        yield _violation(
            entry.id, data["call_id"],
            f"Call {data['call_id']} was ended by {data['ended_by']}, not transferred.",
        )  # fmt: skip


def _outcome(entry: Entry, caller: Caller) -> Iterator[Violation]:
    call, outcome = caller.call_id, entry.data["outcome"]
    if outcome == "answered" and not caller.claimed:
        yield _violation(
            entry.id, call, f"Call {call} left as answered, but no agent had answered it."
        )
    for held in caller.offers.values():
        if outcome != "answered" or held.state == "ringing":
            yield Violation(
                "I5", entry.id,
                f"Call {call} left ({outcome}) while agent {held.agent} was still {held.state} "
                "for it.",
                (call,), (held.agent,),
            )  # fmt: skip


def check_step(world: World) -> Iterator[Violation]:
    """At the end of a step: whoever left as answered is connected."""
    for call, entry_id in world.unsettled.items():
        yield _violation(
            entry_id, call, f"Call {call} left as answered, but was not connected to an agent."
        )
    world.unsettled.clear()


def _violation(entry_id: str, call: str, sentence: str) -> Violation:
    return Violation("I5", entry_id, sentence, (call,))
