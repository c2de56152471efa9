"""gvq import against a real coordinator: what it prints, what is there, nothing by half."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from coordinator.cli.client import Client
from tests.cli.conftest import Run

QUEUES = """\
[imported-a]
strategy = linear
autofill = no
member => PJSIP/imp1,0,Ida
member => PJSIP/imp2,3,Ivo,,,,yes
[imported-b]
autofill = no
musicclass = jazz
member => PJSIP/imp1,2
"""

TOLD = """\
   what                    change
+ queue imported-a         strategy linear, ringinuse yes
+ queue imported-b         musicclass jazz, ringinuse yes
+ agent Ida                interface PJSIP/imp1, display_name Ida
+ agent Ivo                interface PJSIP/imp2, display_name Ivo
+ member imported-a Ida
+ member imported-a Ivo    penalty 3, paused yes
+ member imported-b Ida    penalty 2
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a queues.conf."""
    (tmp_path / "queues.conf").write_text(QUEUES)
    return tmp_path


@pytest.fixture
def clean(live: Run) -> Run:
    """Without what an earlier test imported: the coordinator is the session's."""
    for queue in ("imported-a", "imported-b"):
        live("queue", "delete", queue)
    for agent in ("Ida", "Ivo", "other"):
        live("agent", "delete", agent)
    for rule in ("imported-r", "imported-mine"):
        live("rule", "delete", rule)
    return live


def words(text: str) -> list[list[str]]:
    """Lines as words: columns are as wide as what is in them."""
    return [line.split() for line in text.splitlines() if line.strip()]


def imported(live: Run) -> list[str]:
    named = live("queue", "list", "--json").json + live("agent", "list", "--json").json
    return [one["name"] for one in named if one["name"] in ("imported-a", "imported-b", "Ida")]


def test_a_dry_run_and_then_it(clean: Run, files: Path) -> None:
    conf = str(files / "queues.conf")
    remark = f"{conf}:3 {conf}:7: autofill: every caller who can be given an agent is"

    tried = clean("import", conf, "--dry-run")

    assert (tried.status, tried.err) == (0, "")
    assert words(tried.out)[:8] == words(TOLD)
    assert tried.out.splitlines()[-2].startswith(remark)
    assert tried.out.endswith("\nDry run: nothing was changed.\n")
    assert imported(clean) == []

    done = clean("import", conf)

    assert done.out == tried.out.replace("Dry run: nothing was changed.", "Imported.")
    shown = clean("queue", "show", "imported-a", "--json").json
    assert [(one["agent"], one["penalty"]) for one in shown["agents"]] == [("Ida", 0), ("Ivo", 3)]
    agents = {one["name"]: one for one in clean("agent", "list", "--json").json}
    assert (agents["Ida"]["logged_in"], agents["Ida"]["paused"]) == (True, False)
    assert (agents["Ivo"]["logged_in"], agents["Ivo"]["paused"]) == (True, False)
    assert agents["Ivo"]["memberships"]["imported-a"]["paused"]


def test_a_template_is_told_once_and_many_places_are_counted(clean: Run, tmp_path: Path) -> None:
    conf = tmp_path / "queues.conf"
    queues = "".join(f"[q{n}](t)\nlog-restricted-caller-id = no\n" for n in range(7))
    conf.write_text(f"[t](!)\nautofill = no\n{queues}[q8]\nmonitor-type = MixMonitor\n")
    autofill, restricted, gone, _ = clean("import", str(conf), "--dry-run").out.splitlines()[-4:]
    assert autofill.startswith(f"{conf}:2: autofill: ")
    many = f"{conf}:4 {conf}:6 {conf}:8 {conf}:10 {conf}:12 and 2 more"
    assert restricted.startswith(f"{many}: log-restricted-caller-id: ")
    assert gone.startswith(f"{conf}:18: monitor-type: ")
    assert gone.endswith(" (harmless).")


def test_a_second_time_there_is_nothing_to_do(clean: Run, files: Path) -> None:
    conf = str(files / "queues.conf")
    clean("import", conf)
    again = clean("import", conf)
    assert again.out.startswith("= 7 as they are to be\n")
    assert again.out.endswith("\nNothing was to be changed.\n")


def test_what_is_altered_shows_old_and_new(clean: Run, files: Path) -> None:
    conf = files / "queues.conf"
    clean("import", str(conf))
    conf.write_text(
        "[imported-a]\nweight = 4\nstrategy = random\n"
        "member => PJSIP/imp2,5,Ivo\nmember => PJSIP/imp1,0,Ida\n"
    )
    assert words(clean("import", str(conf)).out)[1:5] == words(
        "~ queue imported-a strategy linear → random, weight 0 → 4\n"
        "~ member imported-a Ivo penalty 3 → 5\n"
        "= 3 as they are to be\n"
        "The members of imported-a were there in another order, and keep it.\n"
    )


def test_programs_get_json(clean: Run, files: Path) -> None:
    body = clean("import", str(files / "queues.conf"), "--dry-run", "--json").json
    assert [change["action"] for change in body["changes"]] == ["create"] * 7
    assert body["remarks"][0] == {
        "file": str(files / "queues.conf"),
        "line": 3,
        "what": "autofill",
        "says": "every caller who can be given an agent is, as with autofill=yes",
        "harmless": False,
    }


RULES = "[imported-r]\npenaltychange => 30,+2,,r5\npenaltychange => 60,10\n"


def test_rules_are_there_with_the_queues_that_name_them(clean: Run, files: Path) -> None:
    conf, rules = files / "queues.conf", files / "rules.conf"
    rules.write_text(RULES)
    conf.write_text("[imported-a]\ndefaultrule = Imported-R\n")

    tried = clean("import", str(conf), str(rules), "--dry-run")

    assert words(tried.out)[1:] == words(
        "+ rule imported-r changes 30,+2,,r5 60,10\n"
        "+ queue imported-a defaultrule imported-r, ringinuse yes\n"
        "Dry run: nothing was changed.\n"
    )
    assert clean("rule", "show", "imported-r").status == 1
    clean("import", str(conf), str(rules))
    assert clean("queue", "show", "imported-a", "--json").json["defaultrule"] == "imported-r"
    rules.write_text(RULES.replace("+2", "8"))
    altered = clean("import", str(conf), str(rules))
    told = "~ rule imported-r changes 30,+2,,r5 60,10 → 30,8,,r5 60,10"
    assert words(altered.out)[1] == told.split()


def test_a_defaultrule_set_by_hand_stays(clean: Run, files: Path) -> None:
    clean("import", str(files / "queues.conf"))
    clean("rule", "put", "imported-mine", "--change", "30,5")
    by_hand = ("--set", "defaultrule=imported-mine", "--set", "ringing=yes")
    clean("queue", "put", "imported-a", "--strategy", "linear", *by_hand)

    again = clean("import", str(files / "queues.conf"))

    assert "Nothing was to be changed." in again.out
    shown = clean("queue", "show", "imported-a", "--json").json
    assert (shown["defaultrule"], shown["ringing"]) == ("imported-mine", True)


def test_a_rule_that_nobody_has_is_told_with_its_line(clean: Run, files: Path) -> None:
    conf = files / "queues.conf"
    conf.write_text("[imported-b]\n[imported-a]\ndefaultrule = imported-mine\n")
    ran = clean("import", str(conf))
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == f"gvq: {conf}:3: There is no penalty rule named 'imported-mine'.\n"
    assert imported(clean) == []
    clean("rule", "put", "imported-mine", "--change", "30,5")
    assert clean("import", str(conf)).status == 0


def test_a_rule_that_is_wrong_is_told_and_nothing_is_done(clean: Run, files: Path) -> None:
    rules = files / "rules.conf"
    rules.write_text(RULES + "penaltychange => 90,5,9\n")
    ran = clean("import", str(files / "queues.conf"), str(rules))
    told = f"{rules}:4: [imported-r] 90,5,9: min 9 is above max 5, and may not be."
    assert ran.err == f"gvq: {told}\n"
    assert imported(clean) == []
    assert clean("rule", "show", "imported-r").status == 1


def test_rules_and_agents_are_read_too(clean: Run, files: Path) -> None:
    (files / "rules.conf").write_text(RULES)
    (files / "agents.csv").write_text("other,PJSIP/imp1,Otto\n")
    ran = clean("import", str(files / "queues.conf"), str(files / "rules.conf"), "--agents",
                str(files / "agents.csv"), "--dry-run")  # fmt: skip
    assert words(ran.out)[1][:3] == ["+", "rule", "imported-r"]
    assert ["+", "member", "imported-a", "other"] in words(ran.out)
    assert "Ida" not in ran.out


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("member", "'member' has no '='; a line is [section], name = value, #include file, or a "),
        (
            "timeout = 3601",
            "[imported-a] timeout = 3601: Input should be less than or equal to 3600.",
        ),
        ("#include none.conf", "there is no file 'none.conf' in "),
    ],
)
def test_an_error_is_a_sentence_and_nothing_is_done(
    clean: Run, files: Path, line: str, sentence: str
) -> None:
    conf = files / "queues.conf"
    conf.write_text(QUEUES.replace("autofill = no", line, 1))
    ran = clean("import", str(conf))
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(f"gvq: {conf}:3: {sentence}")
    assert imported(clean) == []


def test_a_refusal_names_the_line_too(clean: Run, files: Path) -> None:
    clean("agent", "put", "other", "--interface", "PJSIP/imp1")
    ran = clean("import", str(files / "queues.conf"))
    conf = files / "queues.conf"
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == f"gvq: {conf}:4: Interface 'PJSIP/imp1' belongs to agent 'other'.\n"
    assert imported(clean) == []


def test_realtime_tables(clean: Run, tmp_path: Path) -> None:
    file = tmp_path / "asterisk.db"
    with sqlite3.connect(file) as database:
        database.executescript(
            "CREATE TABLE queues (name, strategy);"
            "CREATE TABLE queue_members (queue_name, interface, membername, penalty);"
            "CREATE TABLE queue_rules (rule_name, time, min_penalty, max_penalty);"
            "INSERT INTO queue_rules VALUES ('imported-r', 30, '', '+5');"
            "INSERT INTO queues VALUES ('imported-a', 'linear');"
            "INSERT INTO queue_members VALUES ('imported-a', 'PJSIP/imp1', 'Ida', 2);"
        )
    database.close()
    ran = clean("import", "--realtime", f"sqlite:///{file}")
    assert words(ran.out)[1:] == words(
        "+ rule imported-r changes 30,+5\n"
        "+ queue imported-a strategy linear, ringinuse yes\n"
        "+ agent Ida interface PJSIP/imp1, display_name Ida\n"
        "+ member imported-a Ida penalty 2\n"
        "Imported.\n"
    )


@pytest.mark.parametrize("arguments", [(), ("queues.conf", "--realtime", "sqlite:///a")])
def test_there_is_one_source(gvq: Run, arguments: tuple[str, ...]) -> None:
    ran = gvq("import", *arguments)
    assert (ran.status, ran.err) == (1, "gvq: Give either a queues.conf or --realtime URL.\n")


def test_a_line_that_is_away_is_said(
    gvq: Run, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change: dict[str, Any] = {"action": "create", "kind": "queue", "queue": "q", "fields": {}}
    change["agent"] = change["rule"] = None
    answer: dict[str, Any] = {
        "changes": [change], "same": 0, "out_of_order": [], "dry_run": False, "applied": False,
    }  # fmt: skip
    monkeypatch.setattr(Client, "post", lambda *_: answer)
    ran = gvq("import", str(files / "queues.conf"))
    assert ran.out.endswith("\nImported; the line has it when it is back.\n")
