"""What all messages are made of: their base, and the fields that messages of several kinds have."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

#: No caller waits longer than a week; an age beyond it is a broken clock.
MAX_AGE_US = 7 * 24 * 3600 * 1_000_000

#: A place's name in the line has room for these (line/lua/lib/index.lua).
MAX_PENALTY = 99_999
MAX_PRIORITY = 1_000_000
MAX_POSITION = 1_000_000

#: Longest duration that is set: of a wrap-up, between announcements. Seconds.
MAX_SECONDS = 86_400

DeviceState = Literal[
    "UNKNOWN", "NOT_INUSE", "INUSE", "BUSY", "INVALID", "UNAVAILABLE", "RINGING", "RINGINUSE",
    "ONHOLD",
]  # fmt: skip

Text = Annotated[str, Field(max_length=256)]
Age = Annotated[int, Field(ge=0, le=MAX_AGE_US)]
Penalty = Annotated[int, Field(ge=0, le=MAX_PENALTY)]
Seconds = Annotated[int, Field(ge=0, le=MAX_SECONDS)]
Fence = Annotated[int, Field(gt=0, lt=2**53)]


class Message(BaseModel):
    """Has no field that is not named here, and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)
