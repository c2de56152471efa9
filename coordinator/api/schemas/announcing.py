"""What a queue lets its callers and agents hear, as the API takes and shows it."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from coordinator.line.announcing import ROUND_SECONDS
from coordinator.names import LABEL_PATTERN, SOUND
from coordinator.protocol import MAX_SECONDS, Seconds

#: Queue() plays no more (app_queue.c: MAX_PERIODIC_ANNOUNCEMENTS).
MAX_PERIODIC = 10

#: Announcements to agents that are joined by &.
MAX_ANNOUNCE = 4

_ALLOWED = "letters, digits and _ . / + -, at most 64, no ending"


def _sound(text: str) -> str:
    return _sounds(text, "&", 1)


def _announce(text: str) -> str:
    return _sounds(text, "&", MAX_ANNOUNCE)


def _periodic(text: str) -> str:
    return _sounds(text.replace("|", ","), ",", MAX_PERIODIC)


def _sounds(text: str, joint: str, most: int) -> str:
    """The names without blanks around them. They reach the dialplan, which escapes nothing."""
    names = [name.strip() for name in text.split(joint)] if text.strip() else []
    if len(names) > most:
        raise ValueError(f"{len(names)} sounds, {most} are taken")
    for name in names:
        if not re.fullmatch(SOUND, name):
            raise ValueError(f"{name[:70]!r} is no sound's name; it has {_ALLOWED}")
    return joint.join(names)


def _label(text: str) -> str:
    if not re.fullmatch(LABEL_PATTERN, text):
        raise ValueError(f"{text[:70]!r} is no name; it has letters, digits and _ . -, at most 64")
    return text


def _round(value: int) -> int:
    if value not in ROUND_SECONDS:
        raise ValueError(f"{value} is none of {', '.join(map(str, ROUND_SECONDS))}")
    return value


_A_SOUND = "A sound file's name; empty: silence."
Sound = Annotated[str, AfterValidator(_sound), Field(description=_A_SOUND)]
Announce = Annotated[
    str,
    AfterValidator(_announce),
    Field(description=f"To the agent before the talk: up to {MAX_ANNOUNCE} sounds, joined by &."),
]
Periodic = Annotated[
    str,
    AfterValidator(_periodic),
    Field(description=f"Up to {MAX_PERIODIC} sounds, one each time in turn; by commas."),
]
Music = Annotated[
    str, AfterValidator(_label), Field(description="Class of music on hold; empty: the default.")
]
Context = Annotated[
    str,
    AfterValidator(_label),
    Field(description="Where a waiting caller's digits lead; empty: nowhere."),
]
Round = Annotated[
    int, AfterValidator(_round), Field(description="Hold times to so many seconds; 0: to minutes.")
]
Often = Annotated[Seconds, Field(description="Seconds; 0: never.")]


class Announcing(BaseModel):
    """Settings of Queue() by their names, with _ for -; `ringing` is ours."""

    announce_frequency: Often = 0
    min_announce_frequency: Seconds = 15
    announce_holdtime: Literal["yes", "no", "once"] = "yes"
    announce_position: Literal["yes", "no", "limit", "more"] = "yes"
    announce_position_limit: Annotated[int, Field(ge=1, le=1_000_000)] = 10
    announce_position_only_up: bool = False
    announce_to_first_user: Annotated[
        bool, Field(description="Also to a caller for whom an agent is being rung.")
    ] = False
    announce_round_seconds: Round = 0
    periodic_announce: Periodic = "queue-periodic-announce"
    periodic_announce_frequency: Often = 0
    periodic_announce_startdelay: Annotated[
        int, Field(ge=-1, le=MAX_SECONDS, description="Seconds to the first; -1: the frequency.")
    ] = -1
    random_periodic_announce: bool = False
    relative_periodic_announce: Annotated[
        bool, Field(description="The frequency counts from the end of an announcement.")
    ] = False
    queue_youarenext: Sound = "queue-youarenext"
    queue_thereare: Sound = "queue-thereare"
    queue_callswaiting: Sound = "queue-callswaiting"
    queue_quantity1: Sound = "queue-quantity1"
    queue_quantity2: Sound = "queue-quantity2"
    queue_holdtime: Sound = "queue-holdtime"
    queue_minute: Sound = "queue-minute"
    queue_minutes: Sound = "queue-minutes"
    queue_seconds: Sound = "queue-seconds"
    queue_thankyou: Sound = "queue-thankyou"
    queue_reporthold: Sound = "queue-reporthold"
    queue_callerannounce: Annotated[Sound, Field(description="To the caller before the talk.")] = ""
    announce: Announce = ""
    reportholdtime: Annotated[
        bool, Field(description="The agent hears how long the caller has waited.")
    ] = False
    memberdelay: Annotated[
        int, Field(ge=0, le=3600, description="Seconds between the answer and the talk.")
    ] = 0
    musicclass: Music = ""
    ringing: Annotated[bool, Field(description="Callers hear ringing instead of music.")] = False
    context: Context = ""
