"""Files understood: queues, members, agents, rules; and everything that is wrong, with its line."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.asterisk_config import Line
from coordinator.importer.conf import arguments, read_files
from coordinator.importer.findings import ImportFailed
from coordinator.importer.options import OPTIONS
from coordinator.importer.source import MemberGiven, QueueGiven, Source
from coordinator.importer.target import Target, target_of
from coordinator.names import as_name

FILES = Path(__file__).parent / "files"


def target(folder: Path, text: str, agents: str = "", rules: str = "") -> Target:
    """Of these texts as files."""
    for name, content in (("queues.conf", text), ("agents.csv", agents), ("rules.conf", rules)):
        (folder / name).write_text(content)
    listed = [folder / "agents.csv"] if agents else []
    return target_of(
        read_files(folder / "queues.conf", folder / "rules.conf" if rules else None, listed)
    )


def wrong(folder: Path, text: str, agents: str = "", rules: str = "") -> list[str]:
    with pytest.raises(ImportFailed) as caught:
        target(folder, text, agents, rules)
    return [sentence.removeprefix(f"{folder}/") for sentence in caught.value.sentences]


def remarks(read: Target) -> set[tuple[str, int, str]]:
    return {(one.line.file.name, one.line.number, one.what) for one in read.remarks}


def agents(read: Target) -> dict[str, tuple[str, str | None]]:
    return {name: (one.interface, one.display_name) for name, one in read.body.agents.items()}


def rules(read: Target) -> dict[str, list[str]]:
    return {
        name: [f"{one.after_s},{one.max},{one.min},{one.raise_}" for one in rule.changes]
        for name, rule in read.body.rules.items()
    }


def members(read: Target) -> list[tuple[str, str, int]]:
    return [(one.queue, one.agent, one.penalty) for one in read.body.members]


class TestTheFiles:
    """What an operator might have."""

    @pytest.fixture
    def read(self) -> Target:
        return target_of(read_files(FILES / "queues.conf", FILES / "queuerules.conf", ()))

    def test_queues_have_their_settings(self, read: Target) -> None:
        common = {"timeout": 20, "retry": 7, "wrapuptime": 10, "ringinuse": False}
        alike = common | {"joinempty": "paused,penalty"}
        assert read.body.model_dump(exclude_unset=True)["queues"] == {
            "sales": alike
            | {"strategy": "linear", "weight": 2, "musicclass": "jazz", "announce_frequency": 0,
               "setinterfacevar": True},
            "support": common
            | {"strategy": "rrordered", "joinempty": "paused,penalty,unavailable,invalid",
               "leavewhenempty": "paused,penalty,unavailable,invalid", "musicclass": "jazz",
               "setinterfacevar": True},
            "night": alike | {"strategy": "rrmemory", "retry": 5, "setinterfacevar": False},
        }  # fmt: skip

    def test_one_agent_a_phone(self, read: Target) -> None:
        assert agents(read) == {
            "Alice_Adams": ("PJSIP/101", "Alice Adams"),
            "Brown_Ben": ("PJSIP/102", "Brown, Ben"),
            "Carl": ("Local/103@agents/n", "Carl"),
        }
        paused = [(one.queue, one.agent) for one in read.body.members if one.paused]
        assert paused == [("sales", "Brown_Ben")]

    def test_members_stand_as_in_the_files(self, read: Target) -> None:
        assert members(read) == [
            ("sales", "Alice_Adams", 0),
            ("sales", "Brown_Ben", 1),
            ("support", "Carl", 5),
            ("support", "Alice_Adams", 0),
            ("night", "Brown_Ben", 2),
        ]

    def test_what_is_not_taken_over_is_named_with_its_line(self, read: Target) -> None:
        assert remarks(read) == {
            ("queues.conf", 5, "shared_lastcall"),
            ("queues.conf", 6, "log_membername_as_agent"),
            ("queues.conf", 27, "strategy = roundrobin"),
            ("queues.conf", 29, "retry = 0"),
            ("support.conf", 6, "sampling"),
        }
        harmless = {one.what for one in read.remarks if one.harmless}
        assert harmless == {
            "log_membername_as_agent", "strategy = roundrobin", "retry = 0", "sampling",
        }  # fmt: skip

    def test_rules_are_values_in_order_of_time(self, read: Target) -> None:
        assert rules(read) == {"patient": ["30,10,,", "60,+3,,r20", "90,,-1,"]}


def test_what_callers_and_agents_hear_is_taken_over(tmp_path: Path) -> None:
    text = """\
[sales]
music = rock
musicclass = jazz
context = keys
announce-frequency = 30
announce-position = limit
announce-position-limit = 3
announce-holdtime = Once
announce-round-seconds = 10
announce-to-first-user = on
announce-position-only-up = f
periodic-announce = one, two|three
periodic-announce-startdelay = -1
queue-thankyou =
queue-callerannounce = hello
announce = custom/sales
reportholdtime = yes
memberdelay = 2
leavewhenempty = yes
"""
    read = target(tmp_path, text)
    assert read.body.model_dump(exclude_unset=True)["queues"]["sales"] == {
        "musicclass": "jazz", "context": "keys", "announce_frequency": 30,
        "announce_position": "limit", "announce_position_limit": 3, "announce_holdtime": "once",
        "announce_round_seconds": 10, "announce_to_first_user": True,
        "announce_position_only_up": False, "periodic_announce": "one,two,three",
        "periodic_announce_startdelay": -1, "queue_thankyou": "", "queue_callerannounce": "hello",
        "announce": "custom/sales", "reportholdtime": True, "memberdelay": 2,
        "leavewhenempty": "paused,penalty,invalid",
    }  # fmt: skip
    assert read.remarks == ()


def test_what_is_not_ours_is_told_and_what_is_gone_is_passed_over(tmp_path: Path) -> None:
    text = """\
[general]
negative_penalty_invalid = yes
monitor-type = MixMonitor
[sales]
musiconhold = jazz
log-restricted-caller-id = no
monitor-format = wav
monitor-type = MixMonitor
monitor-join = yes
membermacro = popup
eventwhencalled = vars
eventmemberstatus = yes
member => PJSIP/101,-1
[help]
log-restricted-caller-id = yes
"""
    read = target(tmp_path, text)
    assert read.body.model_dump(exclude_unset=True)["queues"] == {
        "sales": {"musicclass": "jazz", "monitor_format": "wav"}, "help": {},
    }  # fmt: skip
    assert members(read) == [("sales", "101", 0)]
    told = {(one.line.number, one.what): (one.says, one.harmless) for one in read.remarks}
    gone = ("Asterisk no longer reads it either", True)
    assert told == {
        (2, "negative_penalty_invalid"): ("a negative penalty counts as 0", False),
        (3, "monitor-type"): ("it only matters with monitor-format", True),
        (6, "log-restricted-caller-id"): ("journal and queue_log name every caller", False),
        (8, "monitor-type"): gone,
        (9, "monitor-join"): gone,
        (10, "membermacro"): gone,
        (11, "eventwhencalled"): gone,
        (12, "eventmemberstatus"): gone,
        (13, "penalty"): ("a negative penalty counts as 0", True),
    }


@pytest.mark.parametrize(
    ("lines", "joinempty"),
    [
        ("joinempty = Strict", "paused,penalty,unavailable,invalid"),
        ("joinempty = Paused", "paused"),
        ("joinempty = penalty,paused,invalid", "paused,penalty,invalid"),
        ("joinempty = off", "paused,penalty,invalid"),
        ("joinempty = strict,inuse", "paused,penalty,inuse,unavailable,invalid"),
        ("joinempty = inuse,strict", "paused,penalty,unavailable,invalid"),
        ("joinempty = loose,TRUE,ringing", "ringing"),
        ("joinempty = loose\njoinempty = WrapUp", "penalty,invalid,wrapup"),
        ("joinempty = wrapup\njoinempty = loose", "penalty,invalid"),
    ],
)
def test_who_does_not_count_is_read_as_queue_reads_it(
    tmp_path: Path, lines: str, joinempty: str
) -> None:
    """In any case, word by word; and each line adds to those before, a template's too."""
    first, _, second = lines.partition("\n")
    read = target(tmp_path, f"[tpl](!)\n{first}\n[sales](tpl)\n{second}\n")
    assert read.body.queues["sales"].joinempty == joinempty
    assert read.remarks == ()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("timeout = 3601", "timeout = 3601: Input should be less than or equal to 3600."),
        ("retry = soon", "retry = soon: Input should be a valid integer, unable to parse string"),
        ("wrapuptime =", "wrapuptime = : Input should be a valid integer, unable to parse string"),
        ("weight = -1", "weight = -1: Input should be greater than or equal to 0."),
        ("strategy = fair", "strategy = fair: Input should be 'ringall', 'leastrecent', "),
        ("joinempty = never", "joinempty = never: Value error, never is no condition; allowed are"),
        ("leavewhenempty = soon", "leavewhenempty = soon: Value error, soon is no condition; "),
        ("announce-round-seconds = 7",
         "announce-round-seconds = 7: Value error, 7 is none of 0, 5, 10, 15, 20, 30."),
        ("announce-position = 2", "announce-position = 2: Input should be 'yes', 'no', 'limit' or"),
        ("reportholdtime = 2", "reportholdtime = 2: Input should be a valid boolean, unable to"),
        ("queue-minute = a,b", "queue-minute = a,b: Value error, 'a,b' is no sound's name; it "),
        ("music = a b", "music = a b: Value error, 'a b' is no name; it has letters, digits and "),
        ("memberdelay = -1", "memberdelay = -1: Input should be greater than or equal to 0."),
        ("member => PJSIP/1,x", "PJSIP/1, penalty x: Input should be a valid integer, unable to"),
        ("member => PJSIP/1,100000", "PJSIP/1, penalty 100000: Input should be less than or equal"),
        ("member => PJSIP/1,,,,,,maybe", "PJSIP/1: paused is yes or no, not maybe."),
        ("member => PJSIP/1,,,,2", "PJSIP/1: ringinuse is yes or no, not 2."),
        ("member => Local/1@agents", "Local/1@agents is no phone whose state a box knows, "),
        ("member => Agent/1001,0,Ann", "Agent/1001 is no phone whose state a box knows, "),
        ("member => PJSIP/1&PJSIP/2", "PJSIP/1&PJSIP/2 is no phone whose state a box knows, "),
    ],
)  # fmt: skip
def test_a_value_that_is_wrong_is_named_with_its_line(
    tmp_path: Path, line: str, sentence: str
) -> None:
    (told,) = wrong(tmp_path, f"[tpl](!)\n{line}\n[sales](tpl)\n")
    assert told.startswith(f"queues.conf:2: [sales] {sentence}")


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = "[a]\nweight = x\ntimeout = x\nmember => none\n[b]\nretry = x\n"
    assert [told[:14] for told in wrong(tmp_path, text)] == [
        "queues.conf:2:", "queues.conf:3:", "queues.conf:6:", "queues.conf:4:",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[my queue]", "queues.conf:1: [my queue] is no name for a queue; allowed are letters"),
        ("[a]\n[A]", "queues.conf:2: [A] is there already, by {}/queues.conf:1, and Queue() "),
        ("[a]\nmember =>", "queues.conf:2: a member needs an interface, as in 'member => PJSIP/10"),
        ("[a]\nmember => P/1,,,,,,,", "queues.conf:2: a member has at most 7 parts: interface, pe"),
    ],
)  # fmt: skip
def test_what_is_no_queue_or_member(tmp_path: Path, text: str, sentence: str) -> None:
    (told,) = wrong(tmp_path, text)
    assert told.startswith(sentence.format(tmp_path))


class TestAgents:
    """Who a member is."""

    def test_the_name_is_the_members_or_what_stands_behind_the_slash(self, tmp_path: Path) -> None:
        text = (
            "[a]\nmember => PJSIP/101\nmember => SIP/102@box,0,Jörg Müller\nmember => SIP/9,,山\n"
        )
        assert agents(target(tmp_path, text)) == {
            "101": ("PJSIP/101", None),
            "Jorg_Muller": ("SIP/102@box", "Jörg Müller"),
            "9": ("SIP/9", "山"),
        }

    def test_a_name_given_once_is_enough(self, tmp_path: Path) -> None:
        text = (
            "[a]\nmember => PJSIP/101\n[b]\nmember => pjsip/101,1,Ann\n[c]\nmember => PJSIP/101\n"
        )
        read = target(tmp_path, text)
        assert agents(read) == {"Ann": ("PJSIP/101", "Ann")}
        assert members(read) == [("a", "Ann", 0), ("b", "Ann", 1), ("c", "Ann", 0)]

    def test_two_names_for_a_phone_are_an_error_with_both_lines(self, tmp_path: Path) -> None:
        text = (
            "[a]\nmember => PJSIP/101\nmember => PJSIP/101,0,Ann\n[b]\nmember => PJSIP/101,0,Ben\n"
        )
        assert wrong(tmp_path, text) == [
            f"queues.conf:5: PJSIP/101 is called 'Ben' here and 'Ann' by {tmp_path}/queues.conf:3; "
            "an agent has one name."
        ]

    def test_two_phones_of_one_name_are_an_error_with_both_lines(self, tmp_path: Path) -> None:
        text = "[a]\nmember => PJSIP/101,0,Ann\nmember => PJSIP/102,0,Ann\n"
        assert wrong(tmp_path, text) == [
            f"queues.conf:3: PJSIP/102 would be agent 'Ann', as PJSIP/101 is by "
            f"{tmp_path}/queues.conf:2; give one of them another name."
        ]

    def test_a_member_who_comes_twice_keeps_the_place_and_has_the_last_penalty(
        self, tmp_path: Path
    ) -> None:
        text = "[t](!)\nmember => PJSIP/1\nmember => PJSIP/2\n[a](t)\nmember => PJSIP/1,5\n"
        assert members(target(tmp_path, text)) == [("a", "1", 5), ("a", "2", 0)]

    def test_whose_state_counts_is_taken(self, tmp_path: Path) -> None:
        text = "[a]\nmember => PJSIP/1,0,Ann,hint:1@ext\nmember => Local/2@x/n,0,Ben,SIP/2\n"
        read = target(tmp_path, text)
        phones = {n: (one.interface, one.state_interface) for n, one in read.body.agents.items()}
        assert phones == {"Ann": ("PJSIP/1", "hint:1@ext"), "Ben": ("Local/2@x/n", "SIP/2")}
        assert read.remarks == ()

    def test_one_phone_dialled_in_two_ways_is_one_agent_and_remarked(self, tmp_path: Path) -> None:
        text = "[a]\nmember => Local/2@x/n,0,Ben,SIP/2\n[b]\nmember => SIP/2\n"
        read = target(tmp_path, text)
        assert agents(read) == {"Ben": ("Local/2@x/n", "Ben")}
        assert members(read) == [("a", "Ben", 0), ("b", "Ben", 0)]
        assert remarks(read) == {("queues.conf", 4, "state_interface")}

    def test_a_phone_watched_by_another_is_told_too(self, tmp_path: Path) -> None:
        text = "[a]\nmember => SIP/2,0,Ben,Custom:ben\n[b]\nmember => Local/2@x/n,0,,SIP/2\n"
        read = target(tmp_path, text)
        assert agents(read) == {"Ben": ("SIP/2", "Ben")}
        assert members(read) == [("a", "Ben", 0), ("b", "Ben", 0)]
        assert remarks(read) == {("queues.conf", 4, "state_interface")}

    def test_those_who_share_a_switch_are_agents_each(self, tmp_path: Path) -> None:
        text = "[a]\nmember => PJSIP/1,0,,Custom:open\nmember => Local/2@x/n,0,Ben,Custom:open\n"
        read = target(tmp_path, text)
        assert agents(read) == {"1": ("PJSIP/1", None), "Ben": ("Local/2@x/n", "Ben")}
        assert {one.state_interface for one in read.body.agents.values()} == {"Custom:open"}
        assert read.remarks == ()

    def test_an_agent_channel_gives_way_to_its_phone_and_is_remarked(self, tmp_path: Path) -> None:
        read = target(tmp_path, "[a]\nmember => Agent/7,0,Ben,SIP/2\n")
        assert agents(read) == {"Ben": ("SIP/2", "Ben")}
        assert remarks(read) == {("queues.conf", 2, "state_interface")}

    def test_what_a_member_has_for_itself_is_taken(self, tmp_path: Path) -> None:
        text = "[a]\nmember => PJSIP/1,-1,,,yes,30,yes\nmember => PJSIP/2,0,,PJSIP/2,no,0,no\n"
        read = target(tmp_path, text)
        told = [(m.penalty, m.ringinuse, m.wrapuptime, m.paused) for m in read.body.members]
        assert told == [(0, True, 30, True), (0, False, None, False)]
        assert {what for _, _, what in remarks(read)} == {"penalty"}

    def test_who_is_paused_in_one_queue_is_so_there_alone(self, tmp_path: Path) -> None:
        read = target(tmp_path, "[a]\nmember => PJSIP/1,,,,,,yes\n[b]\nmember => PJSIP/1\n")
        assert [(one.queue, one.paused) for one in read.body.members] == [("a", True), ("b", False)]
        assert read.remarks == ()

    @pytest.mark.parametrize("wrapuptime", ["-1", "soon", "86401"])
    def test_a_wrapuptime_that_is_none(self, tmp_path: Path, wrapuptime: str) -> None:
        (told,) = wrong(tmp_path, f"[a]\nmember => PJSIP/1,0,,,,{wrapuptime}\n")
        assert told.startswith(f"queues.conf:2: [a] PJSIP/1, wrapuptime {wrapuptime}: Input")


def test_a_phone_from_which_no_name_can_be_made(tmp_path: Path) -> None:
    text = "[a]\nmember => PJSIP/+*\nmember => PJSIP/+#,0,--\nmember => PJSIP/7,0,--\n"
    sentence = "no name can be made for an agent; give the member one, of letters and digits."
    assert wrong(tmp_path, text) == [
        f"queues.conf:2: PJSIP/+*: {sentence}",
        f"queues.conf:3: PJSIP/+#: {sentence}",
    ]


class TestAgentsFile:
    """Lines name,interface[,display name]."""

    def test_it_names_by_phone_and_gives_phones_by_name(self, tmp_path: Path) -> None:
        listed = (
            "name,interface,display name\n"
            'ann,PJSIP/101,"Adams, Ann"\n\n'
            "102 , PJSIP/202\n"
            "carl,PJSIP/103\n"
            "zoe,PJSIP/199,Zoe\n"
        )
        text = (
            "[a]\nmember => pjsip/101,1,Alice\nmember => Local/102@x/n\nmember => Agent/7,2,carl\n"
        )
        read = target(tmp_path, text, listed)
        assert agents(read) == {
            "ann": ("PJSIP/101", "Adams, Ann"),
            "102": ("PJSIP/202", None),
            "carl": ("PJSIP/103", None),
            "zoe": ("PJSIP/199", "Zoe"),
        }
        assert members(read) == [("a", "ann", 1), ("a", "102", 0), ("a", "carl", 2)]
        assert read.remarks == ()

    @pytest.mark.parametrize(
        ("line", "sentence"),
        [
            ("ann", "an agent is 'name,interface' or 'name,interface,display name'."),
            ("ann,PJSIP/1,Ann,4", "an agent is 'name,interface' or 'name,interface,display name'."),
            ("ann b,PJSIP/1", "an agent is name,interface: a name of letters, digits, '_', "),
            ("ann,101", "an agent is name,interface: a name of letters, digits, '_', "),
            ("ann,Local/1@x", "an agent is name,interface: a name of letters, digits, '_', "),
            ("ben,PJSIP/3", "ben is there already, by {}/agents.csv:1."),
            ("ann,pjsip/2", "pjsip/2 is there already, by {}/agents.csv:1."),
            ("ann,PJSIP/1,a\tb", "'a\\tb': String should match pattern"),
            ("ann,PJSIP/1,a\rb", "this is no line of CSV: "),
        ],
    )  # fmt: skip
    def test_what_is_no_agent(self, tmp_path: Path, line: str, sentence: str) -> None:
        (told,) = wrong(tmp_path, "[a]\n", f"ben,PJSIP/2\n{line}\n")
        assert told.startswith(f"agents.csv:2: {sentence.format(tmp_path)}")


@pytest.mark.parametrize(
    "change", ["", "30", "x,1", "30,x", "30,1,x", "30,1,2,x", "30,1,2,rr3", "30,1,2,3,4", "-1,2",
               "30,++1", "٣٠,1"],
)  # fmt: skip
def test_a_rule_that_is_wrong(tmp_path: Path, change: str) -> None:
    (told,) = wrong(tmp_path, "[a]\n", rules=f"[r]\npenaltychange => {change}\n")
    assert told.startswith(f"rules.conf:2: [r] {change}: a change of penalties is 'seconds,max[,mi")


def test_a_line_that_is_no_rule(tmp_path: Path) -> None:
    (told,) = wrong(tmp_path, "[a]\n", rules="[r]\nchange => 30,1\n")
    assert told.startswith("rules.conf:2: a rule has only 'penaltychange => seconds,…' lines, not")


def test_rules_of_one_name_are_one_in_any_case(tmp_path: Path) -> None:
    text = "[r]\npenaltychange => 30, 1\n[R]\npenaltychange => 10,+2,-3,r+4\n[none]\n"
    read = target(tmp_path, "[a]\ndefaultrule = R\n[b]\ndefaultrule = NONE\n", rules=text)
    assert rules(read) == {"r": ["10,+2,-3,r+4", "30,1,,"], "none": []}
    assert [queue.defaultrule for queue in read.body.queues.values()] == ["r", "none"]
    assert read.naming == {}


@pytest.mark.parametrize(
    ("changes", "line", "sentence"),
    [
        ("30,5,9", 2, "[r] 30,5,9: min 9 is above max 5, and may not be."),
        ("30,5,,r9", 2, "[r] 30,5,,r9: raise 9 is above max 5, and may not be."),
        ("30,,", 2, "[r] 30,,: changes nothing; one of max, min and raise must be given."),
        ("90000,1", 2, "[r] 90000,1: Input should be less than or equal to 86400."),
        ("30,1\n\npenaltychange => 30,2", 4,
         "[r] 30,2: 30 s have a change already, by {}/rules.conf:2; a time has one."),
        ("\npenaltychange => ".join(f"{n},1" for n in range(102)), 102,
         "[r] 100,1: this is change 101; a rule has at most 100."),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be(tmp_path: Path, changes: str, line: int, sentence: str) -> None:
    told = wrong(tmp_path, "[a]\n", rules=f"[r]\npenaltychange => {changes}\n")
    assert told[0] == f"rules.conf:{line}: {sentence.format(tmp_path)}"


def test_a_rules_name_is_one_of_ours(tmp_path: Path) -> None:
    (told,) = wrong(tmp_path, "[a]\n", rules="[my rule]\npenaltychange => 30,1\n")
    assert told.startswith("rules.conf:1: [my rule] is no name for a rule; allowed are letters")


def test_a_rule_that_no_file_has_is_known_by_its_line(tmp_path: Path) -> None:
    read = target(tmp_path, "[t](!)\ndefaultrule = gone\n[a](t)\n[b](t)\n[c](t)\ndefaultrule =\n")
    assert {rule: line.number for rule, line in read.naming.items()} == {"gone": 2}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a,b", ["a", "b"]), (" a , b ", ["a", "b"]), ("a,,b,", ["a", "", "b", ""]),
        ('a,"b,c"', ["a", "b,c"]), ("a,b\\,c", ["a", "b,c"]), ("a(b,c),d", ["a(b,c)", "d"]),
        ("a[b,c],d", ["a[b,c]", "d"]), ("a),b", ["a)", "b"]), ("a\\\\,b", ["a\\", "b"]),
    ],
)  # fmt: skip
def test_arguments_are_parted_as_asterisk_parts_them(text: str, parts: list[str]) -> None:
    assert arguments(text) == parts


@pytest.mark.parametrize(
    ("text", "name"),
    [("Ann Adams", "Ann_Adams"), ("Zoë", "Zoe"), ("_x_", "x"), ("--", ""), ("a" * 99, "a" * 64)],
)
def test_names_are_made_valid(text: str, name: str) -> None:
    assert as_name(text) == name


#: Mostly what is good, so that what is odd is not hidden behind other errors.
phones = st.sampled_from(["PJSIP/1", "pjsip/1", "SIP/2@x", "PJSIP/+", "Local/1@x", "", "*", "1"])
names = st.one_of(st.just(""), st.sampled_from(["Ann", "ann", "--"]), st.text(max_size=4))
odd = st.one_of(st.just(""), st.sampled_from(["0", "-1", "15", "yes", "linear"]), st.text())


def given_line(name: str = "", value: str = "") -> Line:
    return Line(name, value, Path("queues.conf"), 1)


options_given = st.builds(given_line, st.sampled_from(sorted(OPTIONS)), odd)
members_given = st.builds(
    MemberGiven, phones, st.just(given_line()), odd, names, phones, odd, odd, odd
)
queues_given = st.builds(
    QueueGiven,
    st.sampled_from(["a", "b", "A", "?"]),
    st.just(given_line()),
    st.lists(options_given, max_size=2).map(tuple),
    st.lists(members_given, max_size=3).map(tuple),
)


@given(queues=st.lists(queues_given, max_size=2).map(tuple))
def test_whatever_is_given_is_a_target_or_wrong(queues: tuple[QueueGiven, ...]) -> None:
    with suppress(ImportFailed):
        target_of(Source(queues=queues))
