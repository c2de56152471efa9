"""What Queue() does around a talk: what is heard before it, recording, a subroutine, variables on
the channels. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from coordinator.line.announcing import Announcing


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling(Announcing):
    """Names and defaults are Queue()'s (queues.conf), with _ for -.

    monitor_format: the file's ending of a recording, "" for none. membergosub: a context, with
    arguments behind a comma, that the agent's channel runs before the talk, "" for none. The
    others say which variables caller and agent are given.
    """

    monitor_format: str = ""
    membergosub: str = ""
    setinterfacevar: bool = False
    setqueueentryvar: bool = False
    setqueuevar: bool = False


#: Its own names, and the defaults.
DEFAULTS: Mapping[str, Any] = {
    name: value for name, value in asdict(Calling()).items() if name not in asdict(Announcing())
}


#: What agent and caller hear before they talk: goes with the offer, as a phone may answer before
#: the caller's channel has asked for anything. The first four say whether there is something.
MEETING = (
    "announce", "memberdelay", "reportholdtime", "queue_callerannounce",
    "queue_reporthold", "queue_minutes", "queue_seconds",
)  # fmt: skip


def packed(fields: Mapping[str, Any]) -> str:
    """What in these settings of a queue is no default, as the one text the line keeps of it; ""
    when nothing is: then no offer looks further."""
    kept = {name: fields[name] for name, default in DEFAULTS.items() if fields[name] != default}
    return json.dumps(kept, sort_keys=True) if kept else ""


def meeting(fields: Mapping[str, Any]) -> str:
    """The same of what agent and caller hear before they talk, as the originate command has it."""
    if not any(fields[name] for name in MEETING[:4]):
        return ""
    return json.dumps({name: fields[name] for name in MEETING})
