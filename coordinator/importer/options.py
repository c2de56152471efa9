"""Every option of Queue() and what an import makes of it. Pure: a literal table.

Names and defaults are those of apps/app_queue.c, Asterisk 22 (queue_set_param, init_queue,
queue_set_global_params). An option is one of:

    mapped(field)         it becomes that field of QueueSettings
    differs(same, says)   the line does otherwise; any value but `same` is told, with its line
    needless(same, says)  the like, but nobody will notice

To support an option, give it its field here; a test holds the fields to QueueSettings.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from coordinator.line.types import STRATEGIES

TRUE = frozenset({"yes", "true", "y", "t", "1", "on"})
FALSE = frozenset({"no", "false", "n", "f", "0", "off"})


@dataclass(frozen=True, slots=True)
class Option:
    """field: of QueueSettings, "" for none. same: the value with which the line does as Queue().

    says: what happens instead of it. harmless: callers and agents do not notice.
    """

    field: str = ""
    same: str | None = None
    says: str = ""
    harmless: bool = False

    def loses_nothing(self, value: str) -> bool:
        """Whether the line does with this value what Queue() does."""
        return self.same is not None and _plain(value) == _plain(self.same)


def _plain(value: str) -> str:
    """Two spellings of one value, alike."""
    value = value.lower()
    if value in TRUE:
        return "yes"
    return "no" if value in FALSE or not value else value


def is_true(value: str) -> bool:
    """As ast_true has it."""
    return value.lower() in TRUE


#: field → values for which Queue() takes another one, and that one.
_TAKEN: Mapping[str, Mapping[str, str]] = {
    "timeout": {r"-\d+": "15"},
    "retry": {r"-\d+|0+": "5"},
    "maxlen": {r"-\d+": "0"},
    "strategy": {"roundrobin": "rrmemory"} | {name: name for name in STRATEGIES},
    "joinempty": {"|".join(TRUE): "yes", "|".join(FALSE): "no"},
}


def taken(field: str, value: str) -> str:
    """What Queue() takes a mapped option's value for; the value itself in most cases."""
    for pattern, instead in _TAKEN.get(field, {}).items():
        if re.fullmatch(pattern, value, re.ASCII | re.IGNORECASE):
            return instead
    return value


def mapped(field: str) -> Option:
    """It is what we have."""
    return Option(field)


def differs(same: str | None, says: str) -> Option:
    """Somebody may miss it. same None: whatever its value."""
    return Option(same=same, says=says)


def needless(same: str | None, says: str) -> Option:
    """Nobody misses it."""
    return Option(same=same, says=says, harmless=True)


_MUSIC = differs("", "callers hear the channel's music class; say it with option m(class)")
_SOUNDS = differs(None, "callers hear no announcements")
_FREQUENCY = differs("0", "callers hear no announcements")
_VARIABLES = differs("no", "these channel variables are not set")
_AUTOPAUSE = differs("no", "an agent who does not answer rests for retry seconds, unpaused")
_MONITOR = differs(None, "calls are not recorded; start MixMonitor in the dialplan")
_GONE = needless(None, "Asterisk no longer reads it either")
#: How announcements are made, which nobody notices while none are made.
_OF_ANNOUNCEMENTS = needless(None, "it only matters with announcements to callers")

#: Of a queue, but for `member`.
OPTIONS: dict[str, Option] = {
    "strategy": mapped("strategy"),
    "weight": mapped("weight"),
    "timeout": mapped("timeout"),
    "retry": mapped("retry"),
    "wrapuptime": mapped("wrapuptime"),
    "servicelevel": mapped("servicelevel"),
    "penaltymemberslimit": mapped("penaltymemberslimit"),
    "maxlen": mapped("maxlen"),
    "joinempty": mapped("joinempty"),
    "leavewhenempty": differs("no", "callers stay when no agent is there any more"),
    # Ringing
    "autofill": differs("yes", "every caller who can be given an agent is, as with autofill=yes"),
    "ringinuse": differs("no", "an agent whose phone is in use is not rung, as with ringinuse=no"),
    "timeoutrestart": needless("no", "each agent is rung for the whole timeout in any case"),
    "timeoutpriority": differs("app", "Queue()'s own timeout ends the wait at once"),
    "memberdelay": differs("0", "caller and agent are connected at once"),
    "autopause": _AUTOPAUSE,
    "autopausebusy": _AUTOPAUSE,
    "autopauseunavail": _AUTOPAUSE,
    "autopausedelay": needless("0", "it only matters with autopause"),
    "defaultrule": differs("", "rules: not yet applied; penalties do not change as callers wait"),
    # Music, announcements, keys
    "musicclass": _MUSIC,
    "music": _MUSIC,
    "musiconhold": _MUSIC,
    "context": differs("", "callers cannot leave by pressing a key"),
    "announce": differs("", "agents hear it only if the dialplan gives it to Gosub(gvq,…)"),
    "reportholdtime": differs("no", "agents are not told how long the caller waited"),
    "announce-frequency": _FREQUENCY,
    "min-announce-frequency": _OF_ANNOUNCEMENTS,
    "announce-to-first-user": _OF_ANNOUNCEMENTS,
    "announce-holdtime": _OF_ANNOUNCEMENTS,
    "announce-position": _OF_ANNOUNCEMENTS,
    "announce-position-limit": _OF_ANNOUNCEMENTS,
    "announce-position-only-up": _OF_ANNOUNCEMENTS,
    "announce-round-seconds": _OF_ANNOUNCEMENTS,
    "periodic-announce": _SOUNDS,
    "periodic-announce-frequency": _FREQUENCY,
    "periodic-announce-startdelay": _OF_ANNOUNCEMENTS,
    "random-periodic-announce": _OF_ANNOUNCEMENTS,
    "relative-periodic-announce": _OF_ANNOUNCEMENTS,
    "queue-callerannounce": _SOUNDS,
    "queue-youarenext": _OF_ANNOUNCEMENTS,
    "queue-thereare": _OF_ANNOUNCEMENTS,
    "queue-callswaiting": _OF_ANNOUNCEMENTS,
    "queue-quantity1": _OF_ANNOUNCEMENTS,
    "queue-quantity2": _OF_ANNOUNCEMENTS,
    "queue-holdtime": _OF_ANNOUNCEMENTS,
    "queue-minute": _OF_ANNOUNCEMENTS,
    "queue-minutes": _OF_ANNOUNCEMENTS,
    "queue-seconds": _OF_ANNOUNCEMENTS,
    "queue-thankyou": _OF_ANNOUNCEMENTS,
    "queue-reporthold": _OF_ANNOUNCEMENTS,
    # Round the call
    "setinterfacevar": _VARIABLES,
    "setqueueentryvar": _VARIABLES,
    "setqueuevar": _VARIABLES,
    "membergosub": differs("", "the agent's channel runs no subroutine before the call"),
    "monitor-format": _MONITOR,
    "log-restricted-caller-id": differs("yes", "the journal names every caller"),
    # Gone from Asterisk
    "monitor-type": _GONE,
    "monitor-join": _GONE,
    "membermacro": _GONE,
    "eventwhencalled": _GONE,
    "eventmemberstatus": _GONE,
}

_LOG = "queue_log is not written"

#: Of [general].
GENERAL: dict[str, Option] = {
    "persistentmembers": differs("yes", "members always outlive a restart, as with yes"),
    "autofill": OPTIONS["autofill"],
    "monitor-type": needless(None, "it only matters with monitor-format"),
    "shared_lastcall": differs("yes", "an agent's last call counts in all queues, as with yes"),
    "negative_penalty_invalid": differs("no", "a negative penalty counts as 0"),
    "log_membername_as_agent": needless("no", _LOG),
    "log-caller-id-name": needless("no", _LOG),
    "log_unpause_on_reason_change": needless("no", _LOG),
    "force_longest_waiting_caller": differs(
        "prio", "of queues of one weight, higher priority and then longer wait comes first"
    ),
}

#: Of [general] in queuerules.conf.
RULES_GENERAL: dict[str, Option] = {
    "realtime_rules": differs("no", "rules of the table queue_rules are read by --realtime"),
}

#: Queue() logs a warning for any other.
UNKNOWN = needless(None, "Queue() knows no such option either")
