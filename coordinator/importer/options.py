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

from coordinator.asterisk_config import FALSE, TRUE
from coordinator.line.types import STRATEGIES


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


_YES_NO = {"|".join(TRUE): "yes", "|".join(FALSE): "no"}

#: field → values for which Queue() takes another one, and that one.
_TAKEN: Mapping[str, Mapping[str, str]] = {
    "timeout": {r"-\d+": "15"},
    "retry": {r"-\d+|0+": "5"},
    "maxlen": {r"-\d+": "0"},
    "timeoutpriority": {"conf": "conf", ".*": "app"},
    "strategy": {"roundrobin": "rrmemory"} | {name: name for name in STRATEGIES},
    "autopause": _YES_NO | {"all": "all"},
    "autopausedelay": {r"-\d+": "0"},
    "announce_position": _YES_NO | {"limit": "limit", "more": "more"},
    "announce_holdtime": _YES_NO | {"once": "once"},
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


_GONE = needless(None, "Asterisk no longer reads it either")

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
    "leavewhenempty": mapped("leavewhenempty"),
    # Ringing
    "autofill": differs("yes", "every caller who can be given an agent is, as with autofill=yes"),
    "ringinuse": mapped("ringinuse"),
    "timeoutrestart": needless("yes", "each agent is rung for the whole timeout, as with yes"),
    "timeoutpriority": mapped("timeoutpriority"),
    "memberdelay": mapped("memberdelay"),
    "autopause": mapped("autopause"),
    "autopausebusy": mapped("autopausebusy"),
    "autopauseunavail": mapped("autopauseunavail"),
    "autopausedelay": mapped("autopausedelay"),
    "defaultrule": mapped("defaultrule"),
    # Music, announcements, keys
    "musicclass": mapped("musicclass"),
    "music": mapped("musicclass"),
    "musiconhold": mapped("musicclass"),
    "context": mapped("context"),
    "announce": mapped("announce"),
    "reportholdtime": mapped("reportholdtime"),
    "announce-frequency": mapped("announce_frequency"),
    "min-announce-frequency": mapped("min_announce_frequency"),
    "announce-to-first-user": mapped("announce_to_first_user"),
    "announce-holdtime": mapped("announce_holdtime"),
    "announce-position": mapped("announce_position"),
    "announce-position-limit": mapped("announce_position_limit"),
    "announce-position-only-up": mapped("announce_position_only_up"),
    "announce-round-seconds": mapped("announce_round_seconds"),
    "periodic-announce": mapped("periodic_announce"),
    "periodic-announce-frequency": mapped("periodic_announce_frequency"),
    "periodic-announce-startdelay": mapped("periodic_announce_startdelay"),
    "random-periodic-announce": mapped("random_periodic_announce"),
    "relative-periodic-announce": mapped("relative_periodic_announce"),
    "queue-callerannounce": mapped("queue_callerannounce"),
    "queue-youarenext": mapped("queue_youarenext"),
    "queue-thereare": mapped("queue_thereare"),
    "queue-callswaiting": mapped("queue_callswaiting"),
    "queue-quantity1": mapped("queue_quantity1"),
    "queue-quantity2": mapped("queue_quantity2"),
    "queue-holdtime": mapped("queue_holdtime"),
    "queue-minute": mapped("queue_minute"),
    "queue-minutes": mapped("queue_minutes"),
    "queue-seconds": mapped("queue_seconds"),
    "queue-thankyou": mapped("queue_thankyou"),
    "queue-reporthold": mapped("queue_reporthold"),
    # Round the call
    "setinterfacevar": mapped("setinterfacevar"),
    "setqueueentryvar": mapped("setqueueentryvar"),
    "setqueuevar": mapped("setqueuevar"),
    "membergosub": mapped("membergosub"),
    "monitor-format": mapped("monitor_format"),
    "log-restricted-caller-id": differs("yes", "journal and queue_log name every caller"),
    # Gone from Asterisk
    "monitor-type": _GONE,
    "monitor-join": _GONE,
    "membermacro": _GONE,
    "eventwhencalled": _GONE,
    "eventmemberstatus": _GONE,
}

#: Of [general].
GENERAL: dict[str, Option] = {
    "persistentmembers": differs("yes", "members always outlive a restart, as with yes"),
    "autofill": OPTIONS["autofill"],
    "monitor-type": needless(None, "it only matters with monitor-format"),
    "shared_lastcall": differs("yes", "an agent's last call counts in all queues, as with yes"),
    "negative_penalty_invalid": differs("no", "a negative penalty counts as 0"),
    "log_membername_as_agent": needless(
        "no", "the coordinator writes queue_log; set GVQ_QUEUE_LOG_AGENT=name"
    ),
    "log-caller-id-name": needless(
        "no", "the coordinator writes queue_log; set GVQ_QUEUE_LOG_CALLER_NAME=true"
    ),
    "log_unpause_on_reason_change": needless(
        "no",
        "the coordinator writes queue_log (GVQ_QUEUE_LOG), another reason as a PAUSE alone",
    ),
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
