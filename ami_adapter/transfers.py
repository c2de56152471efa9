"""Transfers as Asterisk tells of them: who leaves, who comes instead, and where to. Pure."""

import re
from typing import Final

from ami_adapter.headers import TEXT_LENGTH, Headers, one, shown
from ami_adapter.redirects import REFUSING
from coordinator.names import INTERFACE_PATTERN
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

_INTERFACE: Final = re.compile(INTERFACE_PATTERN)

#: Where our dialplan rings an agent's phone by Dial(), over the trunk or by option b
#: (dialplan/gvq.conf).
_RINGS: Final = frozenset({"gvq-trunk", "gvq-ring"})


def heirs(event: Headers) -> dict[str, str]:
    """Uniqueid of each leg that is hung up → of the channel that is in its place; "" for none.

    A blind transfer leaves nobody in the place. Raises Unreadable.
    """
    found = {
        one(event, f"{leg}uniqueid"): one(event, f"{heir}uniqueid") if heir else ""
        for leg, _, heir in _legs(event)
    }
    return {leg: heir for leg, heir in found.items() if leg}


def trunk_for(channel: Headers) -> str:
    """The interface that a new channel from the trunk is to ring (dialplan/gvq.conf), or ""."""
    if _text(channel, "context") != "gvq-trunk":
        return ""
    name = _text(channel, "exten").removeprefix(REFUSING)
    kind, _, where = name.partition("~")
    dialled = f"Local/{where.replace('~', '@', 1)}" if kind == "local" else f"PJSIP/{name}"
    return dialled if _INTERFACE.fullmatch(dialled) else ""


def abroad(event: Headers, trunks: dict[str, str]) -> str:
    """The interface at home here that transfers a call which another channel holds, or "".

    trunks: by the Uniqueid of a channel from the trunk, whom it rang; who has transferred it once
    is taken out. That is known of whatever phone talks (302). Else a phone that our dialplan rings
    by Dial(), or the Local channel through which it talks.
    """
    for _, other, _ in _legs(event):
        if interface := trunks.pop(_text(event, f"{other}linkedid"), ""):
            return interface
    told = [leg for leg, other, _ in _legs(event) if _text(event, f"{other}context") in _RINGS]
    names = [_text(event, f"{leg}channel") for leg in told] + through(event)
    interfaces = [name.rpartition("-")[0] for name in names]
    return next((name for name in interfaces if _INTERFACE.fullmatch(name)), "")


def through(event: Headers) -> list[str]:
    """First halves (;1) of the Local channels through which who transfers has talked."""
    others = [_text(event, f"{other}channel") for _, other, _ in _legs(event)]
    return [f"{n[:-1]}1" for n in others if n.startswith("Local/") and n.endswith(";2")]


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
