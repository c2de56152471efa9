"""Where a transfer goes, in the words of Asterisk's queue_log. Pure."""

from typing import Final

from ami_adapter.headers import TEXT_LENGTH, Headers, shown

#: DestType of an AttendedTransfer (main/stasis_bridges.c) → queue_log's word, and the headers that
#: say where to (app_queue.c: log_attended_transfer).
_ATTENDED: Final = {
    "Bridge": ("BRIDGE", "destbridgeuniqueid"),
    "App": ("APP", "destapp"),
    "Link": ("LINK", "localonechannel", "localtwochannel"),
}


def target(event: Headers) -> str:
    """As `protocol.Complete` tells it; what the event does not tell is left empty. Never raises:
    a transfer is one also when nobody knows where to."""
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
