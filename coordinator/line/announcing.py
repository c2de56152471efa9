"""What a queue lets its callers and agents hear: the settings of Queue() for it. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

#: Seconds to which a hold time may be rounded; 0: minutes only.
ROUND_SECONDS = (0, 5, 10, 15, 20, 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcing:
    """Names and defaults are Queue()'s (queues.conf), with _ for -. Times in seconds.

    A sound is a file's name as Asterisk takes it, "" for silence; `announce` may be several joined
    by &, `periodic_announce` by a comma. `context`: where a waiting caller's digits lead.
    `ringing` is ours: callers hear ringing instead of music, as with option r.
    """

    announce_frequency: int = 0
    min_announce_frequency: int = 15
    announce_holdtime: Literal["yes", "no", "once"] = "yes"
    announce_position: Literal["yes", "no", "limit", "more"] = "yes"
    announce_position_limit: int = 10
    announce_position_only_up: bool = False
    announce_to_first_user: bool = False
    announce_round_seconds: int = 0
    periodic_announce: str = "queue-periodic-announce"
    periodic_announce_frequency: int = 0
    periodic_announce_startdelay: int = -1
    random_periodic_announce: bool = False
    relative_periodic_announce: bool = False
    queue_youarenext: str = "queue-youarenext"
    queue_thereare: str = "queue-thereare"
    queue_callswaiting: str = "queue-callswaiting"
    queue_quantity1: str = "queue-quantity1"
    queue_quantity2: str = "queue-quantity2"
    queue_holdtime: str = "queue-holdtime"
    queue_minute: str = "queue-minute"
    queue_minutes: str = "queue-minutes"
    queue_seconds: str = "queue-seconds"
    queue_thankyou: str = "queue-thankyou"
    queue_reporthold: str = "queue-reporthold"
    queue_callerannounce: str = ""
    announce: str = ""
    reportholdtime: bool = False
    memberdelay: int = 0
    musicclass: str = ""
    ringing: bool = False
    context: str = ""


#: Its names, and the defaults.
DEFAULTS: Mapping[str, Any] = asdict(Announcing())


def packed(fields: Mapping[str, Any]) -> str:
    """What in these settings of a queue is no default, as the one text the line keeps of it."""
    heard = {name: fields[name] for name, default in DEFAULTS.items() if fields[name] != default}
    return json.dumps(heard, sort_keys=True)


def unpacked(text: str | None) -> dict[str, Any]:
    """The fields that `packed` kept; none of a queue that has no such text."""
    return dict(json.loads(text)) if text else {}
