"""What an agent changes by phone: asked in an event, answered on the channel. Pure.

The dialplan (dialplan/gvq.conf, [gvq-member]) asks with `GvqChange`, whose values are URI-encoded,
and waits a few seconds for the channel variable GVQ_CHANGED_<number>, with the number it has given.
"""

from typing import get_args

from pydantic import ValidationError

from ami_adapter.headers import Headers, Unreadable, decoded, one, required, whole
from coordinator.protocol import MAX_PENALTY, MAX_SECONDS, AgentChange, Change, Changed

_CHANGES: dict[str, AgentChange] = {change: change for change in get_args(AgentChange)}
_NUMBERS = 1_000_000


def from_event(event: Headers) -> Change | Changed:
    """What a GvqChange event wants; or at once what is to be said of it: INVALID.

    Raises Unreadable, ValidationError, when nobody can be told.
    """
    number = whole(required(event, "number"), "Number", 1, _NUMBERS)
    uniqueid = required(event, "uniqueid")
    invalid = Changed(uniqueid=uniqueid, number=number, result="INVALID")
    try:
        return _change(event, uniqueid, number)
    except (Unreadable, ValidationError):
        return invalid


def _change(event: Headers, uniqueid: str, number: int) -> Change:
    what = _CHANGES.get(one(event, "change"))
    if what is None:
        raise Unreadable(f"unknown Change {one(event, 'change')[:40]!r}")
    return Change(
        uniqueid=uniqueid,
        number=number,
        what=what,
        interface=decoded(one(event, "interface")),
        queue=decoded(one(event, "queue")),
        reason=decoded(one(event, "reason")),
        penalty=_number(event, "Penalty", MAX_PENALTY),
        paused=one(event, "paused") == "1",
        name=decoded(one(event, "membername")),
        state_interface=decoded(one(event, "stateinterface")),
        wrapuptime=_number(event, "Wrapuptime", MAX_SECONDS),
        ringinuse=one(event, "ringinuse") == "1",
    )


def _number(event: Headers, name: str, high: int) -> int | None:
    text = one(event, name.lower())
    return whole(text, name, 0, high) if text else None


def variable(changed: Changed) -> str:
    """The name of the variable that the dialplan waits for."""
    return f"GVQ_CHANGED_{changed.number}"
