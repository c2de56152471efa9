"""Transfers as Asterisk tells of them: who leaves, who comes instead, and where to. Pure."""

from typing import Final

from ami_adapter.headers import TEXT_LENGTH, Headers, one, shown
from coordinator.protocol import Replaced

#: DestType of an AttendedTransfer (main/stasis_bridges.c) → queue_log's word, and the headers that
#: say where to (app_queue.c: log_attended_transfer).
_ATTENDED: Final = {
    "Bridge": ("BRIDGE", "destbridgeuniqueid"),
    "App": ("APP", "destapp"),
    "Link": ("LINK", "localonechannel", "localtwochannel"),
}

#: Each leg of who transfers, who talks with it, and who comes instead of it: the other leg's.
_BLIND: Final = (("transferer", "transferee", ""),)
_LEGS: Final = (
    ("origtransferer", "transferee", "transfertarget"),
    ("secondtransferer", "transfertarget", "transferee"),
)

#: Where calls over the trunk are in the dialplan of an agent's home box (dialplan/gvq.conf).
_TRUNK: Final = "gvq-trunk"


def heirs(event: Headers) -> dict[str, str]:
    """Uniqueid of each leg that is hung up → of the channel that is in its place; "" for none.

    A blind transfer leaves nobody in the place. Raises Unreadable.
    """
    found = {
        one(event, f"{leg}uniqueid"): one(event, f"{heir}uniqueid") if heir else ""
        for leg, _, heir in _legs(event)
    }
    return {leg: heir for leg, heir in found.items() if leg}


def abroad(event: Headers) -> str:
    """The phone of this box that transfers a call which came over the trunk, or ""."""
    for leg, other, _ in _legs(event):
        if _text(event, f"{other}context") == _TRUNK:
            return _text(event, f"{leg}channel").rpartition("-")[0]
    return ""


def _legs(event: Headers) -> tuple[tuple[str, str, str], ...]:
    return _BLIND if one(event, "event") == "BlindTransfer" else _LEGS


def replaced(call_id: str, heir: str, event: Headers) -> Replaced:
    """Who has the place of this call now. Raises Unreadable, ValidationError."""
    who = next(name for _, _, name in _LEGS if one(event, f"{name}uniqueid") == heir)
    return Replaced(
        call_id=call_id,
        uniqueid=heir,
        channel=_text(event, f"{who}channel"),
        caller_id_num=_known(event, f"{who}calleridnum"),
        caller_id_name=_known(event, f"{who}calleridname"),
    )


def target(event: Headers, waits: bool = False) -> str:
    """As `protocol.Complete` tells it; what the event does not tell is left empty. Never raises:
    a transfer is one also when nobody knows where to. `waits`: into a waiting place of ours."""
    if waits:
        return "attended|APP|Queue"
    if event.get("event") == "BlindTransfer":
        words = ["blind", _text(event, "extension"), _text(event, "context")]
    else:
        word, *headers = _ATTENDED.get(_text(event, "desttype"), ("",))
        words = ["attended", word, *(_text(event, name) for name in headers)]
    return "|".join(words)[:TEXT_LENGTH]


def _text(event: Headers, name: str) -> str:
    """A header's text, "" when it is absent or repeated."""
    value = event.get(name, "")
    return shown(value).replace("|", "_") if isinstance(value, str) else ""


def _known(event: Headers, name: str) -> str:
    """As Asterisk writes it, but for a caller who shows nothing."""
    text = _text(event, name)
    return "" if text == "<unknown>" else text
