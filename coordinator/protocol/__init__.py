"""Messages between an adapter and the coordinator: all that `ami_adapter` knows of us. Pure.

    events     what happened on a box        ──┐
    commands   what to do there              ──┼─► frames    what goes over the link
    asking     what a box asks, and is told  ──┘

One WebSocket per box, JSON text frames, `Authorization: Bearer <box token>` at the upgrade.

    adapter ── hello ──────────────► coordinator      who, which epoch
    adapter ◄── welcome ──────────── coordinator      the last event it has of this epoch
    adapter ── event seq=n ────────► coordinator      what happened on the box, in order
    adapter ◄── ack seq=n ────────── coordinator      taken (or refused: then why); never again
    adapter ◄── command id ───────── coordinator      do this on the box
    adapter ── done id ────────────► coordinator      done; never sent again
    adapter ── heartbeat ──────────► coordinator      after all kept back, then each `heartbeat_s`
    adapter ── ask ────────────────► coordinator      what is a caller to hear now?
    adapter ◄── told ─────────────── coordinator      this; nothing, when no such caller waits
    adapter ── change ─────────────► coordinator      an agent at a phone logs in, pauses, …
    adapter ◄── changed ──────────── coordinator      what came of it
    adapter ── look ───────────────► coordinator      how does a queue stand now?
    adapter ◄── seen ─────────────── coordinator      so
    adapter ◄── lamps ────────────── coordinator      what the box's hints show; then what changes

An **epoch** is one AMI session of one adapter process: within it the adapter has missed
nothing. Its first event is a `snapshot`. The WebSocket may break and come back within an epoch:
the welcome says which events to send again. A new AMI session is a new epoch on a new
WebSocket. Every event says how old it is on the adapter's monotonic clock, so no clocks need
agree between boxes.

An ask is no event: it changes nothing, has no number, and is not sent again. One that gets no
answer is asked anew by the dialplan, seconds later. A look that gets none has been in vain, and the
dialplan goes on. Lamps have no number either: each new link begins with all of them, and of one
lamp only the last state counts.

Nor is a change: it is of the directory, not of the line, and somebody waits at the phone for what
came of it. Without an answer in time the phone is told that it failed, and the person tries again;
made twice, a change is as made once.
"""

from coordinator.protocol.asking import (
    AgentChange,
    Ask,
    Change,
    Changed,
    ChangeResult,
    Figures,
    Look,
    LookResult,
    MemberFigures,
    Seen,
    Told,
)
from coordinator.protocol.commands import (
    COMMAND,
    Cancel,
    Command,
    KeepTicket,
    Meeting,
    Originate,
    QueueStatus,
    Release,
)
from coordinator.protocol.events import (
    MAX_TIMEOUT_S,
    Answer,
    Complete,
    Connect,
    Device,
    EndedBy,
    Event,
    Join,
    Leave,
    LeaveOutcome,
    LiveOffer,
    Logged,
    OfferEnded,
    OfferFailure,
    Replaced,
    Snapshot,
    Transferred,
    WaitingCall,
)
from coordinator.protocol.fields import (
    MAX_AGE_US,
    MAX_PENALTY,
    MAX_POSITION,
    MAX_PRIORITY,
    MAX_SECONDS,
    DeviceState,
    Penalty,
    Seconds,
)
from coordinator.protocol.frames import (
    CLOSE_ALREADY_LINKED,
    CLOSE_BAD_FRAME,
    CLOSE_OUT_OF_SEQUENCE,
    CLOSE_RESYNC,
    CLOSE_STALE,
    CLOSE_UNAUTHORIZED,
    CLOSE_UNAVAILABLE,
    CLOSE_WRONG_BOX,
    DOWNSTREAM,
    MAX_FRAME,
    UPSTREAM,
    VERSION,
    Ack,
    CommandFrame,
    Done,
    Downward,
    EventFrame,
    Heartbeat,
    Hello,
    Lamps,
    Ticket,
    Upward,
    Welcome,
)

__all__ = [
    "CLOSE_ALREADY_LINKED", "CLOSE_BAD_FRAME", "CLOSE_OUT_OF_SEQUENCE", "CLOSE_RESYNC",
    "CLOSE_STALE", "CLOSE_UNAUTHORIZED", "CLOSE_UNAVAILABLE", "CLOSE_WRONG_BOX", "COMMAND",
    "DOWNSTREAM", "MAX_AGE_US", "MAX_FRAME", "MAX_PENALTY", "MAX_POSITION", "MAX_PRIORITY",
    "MAX_SECONDS", "MAX_TIMEOUT_S", "UPSTREAM", "VERSION", "Ack", "AgentChange", "Answer", "Ask",
    "Cancel", "Change", "ChangeResult", "Changed", "Command", "CommandFrame", "Complete", "Connect",
    "Device", "DeviceState", "Done", "Downward", "EndedBy", "Event", "EventFrame", "Figures",
    "Heartbeat", "Hello", "Join", "KeepTicket", "Lamps", "Leave", "LeaveOutcome", "LiveOffer",
    "Logged", "Look", "LookResult", "Meeting", "MemberFigures", "OfferEnded", "OfferFailure",
    "Originate", "Penalty", "QueueStatus", "Release", "Replaced", "Seconds", "Seen", "Snapshot",
    "Ticket", "Told", "Transferred", "Upward", "WaitingCall", "Welcome",
]  # fmt: skip
