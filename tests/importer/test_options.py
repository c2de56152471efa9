"""The table of Queue()'s options is whole, and is about what there is."""

import pytest

from coordinator.api.schemas.queues import QueueIn
from coordinator.asterisk_config import FALSE, TRUE
from coordinator.importer.options import GENERAL, OPTIONS, Option, taken
from coordinator.line.types import QueueSettings

#: queue_set_global_params, Asterisk 22.
OF_GENERAL = {
    "persistentmembers", "autofill", "monitor-type", "shared_lastcall", "negative_penalty_invalid",
    "log_membername_as_agent", "log-caller-id-name", "force_longest_waiting_caller",
    "log_unpause_on_reason_change",
}  # fmt: skip

#: queue_set_param, Asterisk 22.
OF_A_QUEUE = {
    "joinempty", "leavewhenempty", "maxlen",
    "timeout", "retry", "timeoutpriority", "timeoutrestart", "wrapuptime", "memberdelay",
    "announce-frequency", "min-announce-frequency", "announce-holdtime", "announce-position",
    "announce-position-limit", "announce-position-only-up", "announce-to-first-user",
    "announce-round-seconds", "periodic-announce", "periodic-announce-frequency",
    "periodic-announce-startdelay", "random-periodic-announce", "relative-periodic-announce",
    "queue-callerannounce", "queue-youarenext", "queue-thereare", "queue-callswaiting",
    "queue-quantity1", "queue-quantity2", "queue-holdtime", "queue-minute", "queue-minutes",
    "queue-seconds", "queue-thankyou", "queue-reporthold", "musicclass", "music", "musiconhold",
    "announce", "reportholdtime",
    "weight", "penaltymemberslimit", "defaultrule", "autofill", "ringinuse",
    "autopause", "autopausedelay", "autopausebusy", "autopauseunavail",
    "servicelevel", "context",
    "setinterfacevar", "setqueueentryvar", "setqueuevar", "membergosub", "monitor-format",
    "log-restricted-caller-id", "strategy",
}  # fmt: skip

#: Read by earlier Asterisks; files still have them.
GONE = {"monitor-type", "monitor-join", "membermacro", "eventwhencalled", "eventmemberstatus"}


def test_every_option_of_queue_is_in_the_table() -> None:
    assert GENERAL.keys() == OF_GENERAL
    assert OPTIONS.keys() == OF_A_QUEUE | GONE


def test_every_setting_of_ours_can_be_imported() -> None:
    """But `ringing` and `autopause_after`, which Queue() has not: an import leaves them."""
    fields = {option.field for option in OPTIONS.values() if option.field}
    ours = {"ringing", "autopause_after"}
    assert fields | ours == QueueSettings.__dataclass_fields__.keys()


@pytest.mark.parametrize("name", OPTIONS | GENERAL)
def test_what_is_not_mapped_is_told(name: str) -> None:
    option = (OPTIONS | GENERAL)[name]
    assert bool(option.field) != bool(option.says)
    assert not option.says.endswith(".")


@pytest.mark.parametrize(
    ("same", "value", "lost"),
    [
        ("no", "no", False), ("no", "off", False), ("no", "0", False), ("no", "", False),
        ("no", "yes", True), ("yes", "On", False), ("yes", "no", True), ("0", "0", False),
        ("0", "30", True), ("app", "App", False), ("app", "conf", True), (None, "", True),
    ],
)  # fmt: skip
def test_a_value_with_which_nothing_is_lost(same: str | None, value: str, lost: bool) -> None:
    assert Option(same=same).loses_nothing(value) != lost


@pytest.mark.parametrize(
    ("field", "value", "instead"),
    [
        ("timeout", "-1", "15"), ("timeout", "0", "0"), ("retry", "0", "5"), ("retry", "-3", "5"),
        ("retry", "10", "10"), ("maxlen", "-1", "0"), ("strategy", "RoundRobin", "rrmemory"),
        ("strategy", "Linear", "linear"), ("strategy", "fair", "fair"), ("joinempty", "On", "yes"),
        ("joinempty", "0", "no"), ("joinempty", "paused", "paused"), ("weight", "-1", "-1"),
        ("timeoutpriority", "Conf", "conf"), ("timeoutpriority", "both", "app"),
        ("timeoutpriority", "APP", "app"),
        ("leavewhenempty", "T", "yes"), ("leavewhenempty", "loose", "loose"),
        ("announce_position", "1", "yes"), ("announce_position", "Limit", "limit"),
        ("announce_position", "off", "no"), ("announce_holdtime", "true", "yes"),
        ("announce_holdtime", "Once", "once"), ("announce_holdtime", "f", "no"),
    ],
)  # fmt: skip
def test_what_queue_takes_a_value_for(field: str, value: str, instead: str) -> None:
    assert taken(field, value) == instead


BOOLEANS = sorted(name for name, field in QueueIn.model_fields.items() if field.annotation is bool)


def test_the_booleans_are_those_of_queue() -> None:
    assert BOOLEANS == [
        "announce_position_only_up", "announce_to_first_user", "autopausebusy",
        "autopauseunavail", "random_periodic_announce", "relative_periodic_announce",
        "reportholdtime", "ringing", "ringinuse",
        "setinterfacevar", "setqueueentryvar", "setqueuevar",
    ]  # fmt: skip


@pytest.mark.parametrize("word", sorted(TRUE | FALSE))
@pytest.mark.parametrize("field", BOOLEANS)
def test_a_boolean_is_any_word_of_asterisks(field: str, word: str) -> None:
    for spelt in (word, word.upper()):
        read = QueueIn.model_validate({field: taken(field, spelt)}, strict=False)
        assert getattr(read, field) is (word in TRUE)
