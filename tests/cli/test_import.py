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
autopause = yes
member => PJSIP/imp1,0,Ida
member => PJSIP/imp2,3,Ivo,,,,yes
[imported-b]
autopause = yes
musicclass = jazz
member => PJSIP/imp1,2
"""

TOLD = """\
   what                    change
+ queue imported-a         strategy linear
+ queue imported-b         musicclass jazz
+ agent Ida                interface PJSIP/imp1, display_name Ida
+ agent Ivo                interface PJSIP/imp2, display_name Ivo, paused yes
+ member imported-a Ida
+ member imported-a Ivo    penalty 3
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
    return live


def words(text: str) -> list[list[str]]:
    """Lines as words: columns are as wide as what is in them."""
    return [line.split() for line in text.splitlines() if line.strip()]


def imported(live: Run) -> list[str]:
    named = live("queue", "list", "--json").json + live("agent", "list", "--json").json
    return [one["name"] for one in named if one["name"] in ("imported-a", "imported-b", "Ida")]


def test_a_dry_run_and_then_it(clean: Run, files: Path) -> None:
    conf = str(files / "queues.conf")
    remark = f"{conf}:3 {conf}:7: autopause: an agent who does not answer rests for retry"

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
    assert (agents["Ivo"]["logged_in"], agents["Ivo"]["paused"]) == (True, True)


def test_a_template_is_told_once_and_many_places_are_counted(clean: Run, tmp_path: Path) -> None:
    conf = tmp_path / "queues.conf"
    queues = "".join(f"[q{n}](t)\nautofill = no\n" for n in range(7))
    conf.write_text(f"[t](!)\nautopause = yes\n{queues}[q8]\nautopausedelay = 9\n")
    pause, gosub, delay, _ = clean("import", str(conf), "--dry-run").out.splitlines()[-4:]
    assert pause.startswith(f"{conf}:2: autopause: ")
    many = f"{conf}:4 {conf}:6 {conf}:8 {conf}:10 {conf}:12 and 2 more"
    assert gosub.startswith(f"{many}: autofill: ")
    assert delay.startswith(f"{conf}:18: autopausedelay: ")
    assert delay.endswith(" (harmless).")


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
        "[imported-a]\nweight = 4\nmember => PJSIP/imp2,5,Ivo\nmember => PJSIP/imp1,0,Ida\n"
    )
    assert words(clean("import", str(conf)).out)[1:5] == words(
        "~ queue imported-a strategy linear → ringall, weight 0 → 4\n"
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
        "what": "autopause",
        "says": "an agent who does not answer rests for retry seconds, unpaused",
        "harmless": False,
    }


def test_rules_and_agents_are_read_too(clean: Run, files: Path) -> None:
    (files / "rules.conf").write_text("[r]\npenaltychange => 30,5\n")
    (files / "agents.csv").write_text("other,PJSIP/imp1,Otto\n")
    ran = clean("import", str(files / "queues.conf"), str(files / "rules.conf"), "--agents",
                str(files / "agents.csv"), "--dry-run")  # fmt: skip
    assert f"{files}/rules.conf:2: penaltychange: rules: not yet applied.\n" in ran.out
    assert ["+", "member", "imported-a", "other"] in words(ran.out)
    assert "Ida" not in ran.out


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("member", "'member' has no '='; a line is [section], name = value, #include file, or a "),
        ("timeout = 0", "[imported-a] timeout = 0: Input should be greater than or equal to 1."),
        ("#include none.conf", "there is no file 'none.conf' in "),
    ],
)
def test_an_error_is_a_sentence_and_nothing_is_done(
    clean: Run, files: Path, line: str, sentence: str
) -> None:
    conf = files / "queues.conf"
    conf.write_text(QUEUES.replace("autopause = yes", line, 1))
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
            "INSERT INTO queues VALUES ('imported-a', 'linear');"
            "INSERT INTO queue_members VALUES ('imported-a', 'PJSIP/imp1', 'Ida', 2);"
        )
    database.close()
    ran = clean("import", "--realtime", f"sqlite:///{file}")
    assert words(ran.out)[1:] == words(
        "+ queue imported-a strategy linear\n"
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
    change["agent"] = None
    answer: dict[str, Any] = {
        "changes": [change], "same": 0, "out_of_order": [], "dry_run": False, "applied": False,
    }  # fmt: skip
    monkeypatch.setattr(Client, "post", lambda *_: answer)
    ran = gvq("import", str(files / "queues.conf"))
    assert ran.out.endswith("\nImported; the line has it when it is back.\n")
