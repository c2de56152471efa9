"""Calls, as the API shows them."""

from dataclasses import asdict
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from coordinator.api.schemas.common import CALL_ID, Request, seconds_or_none, shown
from coordinator.history.queries import CallRecord
from coordinator.line.types import CallState, WaitingCaller
from coordinator.names import Id, Name

Priority = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]


class CallQuery(BaseModel):
    """Which past and present calls; absent: all. The last to join come first."""

    model_config = ConfigDict(extra="forbid")

    queue: Name | None = None
    agent: Name | None = None
    box: Name | None = None
    outcome: str | None = Field(None, description="As in caller.left: answered, abandoned, …")
    caller_id_num: str | None = Field(None, max_length=256)
    since_us: int | None = Field(None, ge=0, description="Joined at or after, µs since 1970.")
    until_us: int | None = Field(None, ge=0, description="Joined before, µs since 1970.")
    before: Id | None = Field(None, description="The call to go on after: the last of a page.")
    limit: int = Field(100, ge=1, le=1000)


class CallIn(Request):
    """A waiting caller's new priority: higher is served first."""

    model_config = shown({"priority": 10})

    priority: Priority


class CallMoved(BaseModel):
    """Where the caller is now."""

    model_config = shown({"call_id": CALL_ID, "priority": 10, "position": 1})

    call_id: str
    priority: int
    position: int


class OfferOut(BaseModel):
    """An agent rung for the caller."""

    offer_id: str
    agent: str
    home: str
    fence: int
    penalty: int | None
    made_us: int
    outcome: str | None
    reason: str
    ring_s: float | None
    ended_us: int | None


class CallOut(BaseModel):
    """A caller's visit to a queue, as far as it has come: null for what has not happened.

    `state` is its state in the line now, null when the call is over. `position` is where it
    joined, `position_now` where it is.
    """

    model_config = shown(
        {
            "call_id": CALL_ID, "queue": "sales", "box": "a", "channel": "PJSIP/trunk-00000007",
            "caller_id": "+4930123456", "caller_id_name": "B. Brown", "priority": 0,
            "state": None, "position": 4, "position_now": None, "joined_us": 1763848134123456,
            "outcome": "answered", "reason": "", "left_us": 1763848176823456, "hold_s": 42.7,
            "agent": "alice", "home": "b", "offer_id": "gvq-1763848171123456",
            "answered_us": 1763848176823456, "talk_s": 183.0, "completed_us": 1763848359823456,
            "ended_by": "caller",
            "offers": [
                {
                    "offer_id": "gvq-1763848171123456", "agent": "alice", "home": "b",
                    "fence": 1763848171123456, "penalty": 0, "made_us": 1763848171123456,
                    "outcome": "answered", "reason": "", "ring_s": 5.7,
                    "ended_us": 1763848176823456,
                }
            ],
        }
    )  # fmt: skip

    call_id: str
    queue: str
    box: str
    channel: str
    caller_id: str
    caller_id_name: str
    priority: int
    state: CallState | None
    position: int | None
    position_now: int | None
    joined_us: int
    outcome: str | None
    reason: str
    left_us: int | None
    hold_s: float | None
    agent: str | None
    home: str | None
    offer_id: str | None
    answered_us: int | None
    talk_s: float | None
    completed_us: int | None
    ended_by: str | None
    offers: list[OfferOut]

    @classmethod
    def of(cls, record: CallRecord, live: WaitingCaller | None) -> "CallOut":
        """From history, and from the line if the call is still there."""
        fields = asdict(record)
        fields["caller_id"] = fields.pop("caller_id_num")
        for name in ("hold", "talk"):
            fields[f"{name}_s"] = seconds_or_none(fields.pop(f"{name}_us"))
        for offer in fields["offers"]:
            offer["ring_s"] = seconds_or_none(offer.pop("ring_us"))
        fields["state"] = live.state if live else None
        fields["position_now"] = (live.position or None) if live else None
        return cls.model_validate(fields)


class Why(BaseModel):
    """What happened to a call and why, one sentence an event."""

    model_config = shown(
        {
            "call_id": CALL_ID,
            "sentences": ["14:03:09.120 +4930123456 joined in queue sales on box a, …"],
        }
    )

    call_id: str
    sentences: list[str]
