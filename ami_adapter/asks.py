"""What a waiting caller is to hear: asked in an event, answered in variables of the channel. Pure.

The dialplan (dialplan/gvq.conf) asks with `GvqAsk` and finds the answer in a variable, whose fields
are separated by commas:

    GVQ_TOLD   again,heard,words,context,musicclass,ringing,patience,rung

with the words joined by &. The protocol's patterns let none of these signs into a field, and keep
it below the length of a manager's line.
"""

from ami_adapter.headers import Headers, one, required, whole
from ami_adapter.joins import MAX_VISITS, call_id, identity
from coordinator.protocol import Ask, Told

_LONGEST_S = 3600


def from_event(box: str, event: Headers) -> Ask:
    """The ask of a GvqAsk event. Raises Unreadable, ValidationError."""
    visit = whole(required(event, "visit"), "Visit", 1, MAX_VISITS)
    spoke_s = whole(one(event, "spoke") or "0", "Spoke", 0, 2**31)
    return Ask(
        call_id=call_id(box, identity(event), visit),
        heard=one(event, "heard"),
        spoke_s=min(spoke_s, _LONGEST_S),
    )


def answer(told: Told) -> str:
    """The value of GVQ_TOLD."""
    words = "&".join(told.words)
    fields = (
        told.again_s, told.heard, words, told.context, told.musicclass, int(told.ringing),
        told.patience_s, int(told.rung),
    )  # fmt: skip
    return ",".join(str(field) for field in fields)
