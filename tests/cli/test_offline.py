"""What needs no coordinator: help, saved journals, and every way to fail with one sentence."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

from coordinator.cli.client import Client
from coordinator.cli.errors import CliError
from coordinator.cli.main import app
from coordinator.cli.output import print_rows
from tests.audit.book import busy_day
from tests.cli.conftest import Run

GOOD = busy_day().entries
Save = Callable[[list[Any]], str]


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its words."""
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
    for name, child in (children or {}).items():
        yield from commands(child, (*path, name))


ALL = dict(commands(typer.main.get_command(app)))

#: Programs that run for good, and the one whose output is JSON lines anyway.
NO_JSON = {("serve",), ("adapter",), ("journal", "export")}


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_helps_and_speaks_json(gvq: Run, words: tuple[str, ...]) -> None:
    helped = gvq(*words, "--help")
    assert helped.status == 0
    assert "Usage: " in helped.out
    assert ("--json" in helped.out) == (words not in NO_JSON)
    assert ALL[words].get_short_help_str(80).strip()


#: What other commands need, and would make each start of an adapter dearer.
HEAVY = ("sqlalchemy", "fastapi", "redis", "uvicorn", "httpx", "ami_adapter.simulator")


def test_a_command_loads_no_other_ones_world() -> None:
    tell = f"import sys; print([name for name in {HEAVY} if name in sys.modules])"
    run = "from coordinator.cli.main import app; app(['adapter', '--help'], standalone_mode=False)"
    ran = subprocess.run(
        [sys.executable, "-c", f"{run}; {tell}"], capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[0].startswith("Usage: ")
    assert ran.stdout.splitlines()[-1] == "[]"


def test_a_good_journal(gvq: Run, saved: Save) -> None:
    ran = gvq("verify", saved(GOOD))
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "Callers: 1 abandoned, 4 answered; 0 wait, 0 talk.",
        "In order: 5 callers, 6 offers, 44 journal entries; no rule was broken.",
    ]


def test_a_broken_journal_names_the_rule_and_fails(gvq: Run, saved: Save) -> None:
    file = saved([*GOOD, replace(GOOD[-1], id="99-0")])
    ran = gvq("verify", file)
    assert ran.status == 1
    assert ran.out.startswith("I7 at 99-0: call.completed is about offer c5/ann, which is not live")
    assert "BROKEN: I7, 1 time, in 5 callers" in ran.out
    assert gvq("verify", file, "--json").json["violations"][0]["rule"] == "I7"


def test_a_journal_from_stdin(gvq: Run) -> None:
    lines = "\n".join(json.dumps(entry.to_json()) for entry in GOOD)
    assert gvq("verify", "-", "--json", stdin=lines).json["ok"] is True


def test_a_journal_without_its_head_is_said_to_be_one(gvq: Run, saved: Save) -> None:
    assert "head is missing" in gvq("verify", saved(GOOD[9:])).out


def test_why_from_a_saved_journal(gvq: Run, saved: Save) -> None:
    file = saved(GOOD)
    assert "Agent ann did not answer" in gvq("why", "c1", "--journal", file).out
    assert len(gvq("why", "c1", "--journal", file, "--json").json["sentences"]) > 4
    ran = gvq("why", "c99", "--journal", file)
    assert (ran.status, ran.err) == (1, "gvq: The journal has nothing about a call 'c99'.\n")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("nonsense", "line 1 is not a journal entry"),
        ('{"at_us": 1}', "line 1 is not a journal entry: it has no 'id'"),
    ],
)
def test_what_is_no_journal(gvq: Run, tmp_path: Path, line: str, sentence: str) -> None:
    file = tmp_path / "file"
    file.write_text(line)
    ran = gvq("verify", str(file))
    assert ran.status == 1
    assert ran.err.startswith(f"gvq: {file}: {sentence}")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("verify", "/nowhere/at/all"), "gvq: /nowhere/at/all: No such file or directory"),
        (("queue", "list"), "gvq: No coordinator answers at http://127.0.0.1:9 ("),
        (
            ("queue", "put", "x", "--set", "loud=1"),
            "gvq: 'loud' is no setting of a queue; write NAME",
        ),
        (("queue", "put", "x", "--set", "weight"), "gvq: weight is given no value; write weight=V"),
        (("queue", "put", "x", "--set", "ringing=2"), "gvq: ringing is yes or no, not '2'."),
        (("queue", "put", "x", "--set", "memberdelay=a"), "gvq: memberdelay is a whole number"),
        (("adapter",), "gvq: GVQ_BOX is not set; GVQ_TOKEN is not set; GVQ_AMI_SECRET is not set"),
    ],
)
def test_failures_are_one_sentence(
    gvq: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.setenv("GVQ_URL", "http://127.0.0.1:9")
    ran = gvq(*arguments)
    assert ran.status == 1
    assert ran.out == ""
    assert ran.err.startswith(sentence)
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("GVQ_LISTEN", "nowhere", "gvq: GVQ_LISTEN is 'nowhere', not host:port"),
        ("GVQ_LEASE_S", "never", "gvq: GVQ_LEASE_S: Input should be a valid number"),
        ("GVQ_LISTEN", "127.0.0.1:99999", "gvq: GVQ_LISTEN is '127.0.0.1:99999', not host:port"),
        ("GVQ_LISTEN", "192.0.2.1:1", "gvq: GVQ_LISTEN is '192.0.2.1:1', where this host cannot"),
        ("GVQ_DATA_DIR", "/dev/null/x", "gvq: GVQ_DATA_DIR is '/dev/null/x', which cannot be made"),
        ("GVQ_LISTN", "x", "gvq: GVQ_LISTN is no setting (did you mean GVQ_LISTEN?)"),
        ("gvq_ami_usrs", "x", "gvq: GVQ_AMI_USRS is no setting (did you mean GVQ_AMI_USERS?)"),
        ("GVQ_COLOUR_OF_HAIR", "x", "gvq: GVQ_COLOUR_OF_HAIR is no setting (docs/settings.md has"),
        ("GVQ_ENV_FILE", "/none", "gvq: GVQ_ENV_FILE is '/none', and there is no such file"),
        ("GVQ_LOG_LEVEL", "loud", "gvq: GVQ_LOG_LEVEL is 'LOUD', not DEBUG, INFO"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, setting: str, value: str, sentence: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "coordinator.cli", "serve"],
        env={"GVQ_DATA_DIR": str(tmp_path), setting: value},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("GVQ_DATABASE_URL", "postgresql://u:secret@127.0.0.1:9/x", "the database at 127.0.0.1 ca"),
        (
            "GVQ_DATABASE_URL",
            "sqlite:////none/of/it.db",
            " names /none/of/it.db, and its folder is not",
        ),
        ("GVQ_REDIS_URL", "http://:secret@host", "is no URL like redis://host:6379/0; also taken"),
        ("GVQ_REDIS_URL", "redis://:a/secret@host", "is no URL like redis://host:6379/0; also"),
    ],
)
def test_what_cannot_be_reached_is_named_without_its_password(
    gvq: Run,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    setting: str,
    value: str,
    sentence: str,
) -> None:
    given = {"GVQ_DATA_DIR": str(tmp_path), "GVQ_LISTEN": "127.0.0.1:0", setting: value}
    for name, text in given.items():
        monkeypatch.setenv(name, text)
    if setting == "GVQ_DATABASE_URL":
        monkeypatch.setenv("GVQ_REDIS_URL", "redis://127.0.0.1:9")
    ran = gvq("serve")
    assert ran.status == 1
    assert ran.err.splitlines()[-1].startswith(f"gvq: {setting}")
    assert sentence in ran.err
    assert "secret" not in ran.err


def test_an_adapter_is_told_what_is_misspelt(gvq: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own, the coordinator's and the file's; what the coordinator reads is no fault."""
    for name in ("GVQ_AMI_USERNAM", "GVQ_BOX", "GVQ_TOKEN", "GVQ_LISTEN", "GVQ_API_TOKEN"):
        monkeypatch.setenv(name, "x")
    assert gvq("adapter").err == (
        "gvq: GVQ_AMI_USERNAM is no setting (did you mean GVQ_AMI_USERNAME?); "
        "GVQ_AMI_SECRET is not set\n"
    )


def test_what_is_misspelt_in_the_file_is_told_too(
    gvq: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "gvq.env"
    file.write_text("# both programs'\nGVQ_LAMPZ=off\nGVQ_TRUNK=PJSIP/{resource}\n")
    monkeypatch.setenv("GVQ_ENV_FILE", str(file))
    said = gvq("adapter").err
    assert said.startswith("gvq: GVQ_LAMPZ is no setting (did you mean GVQ_LAMPS?); GVQ_BOX is not")


def test_the_lab_of_an_empty_directory(gvq: Run, tmp_path: Path) -> None:
    ran = gvq("lab", "status", "--directory", str(tmp_path), "--json")
    assert ran.json["boxes"] == []


def test_a_lab_that_cannot_be_is_one_sentence(
    gvq: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GVQ_LAB_ROOT", str(tmp_path))
    ran = gvq("lab", "up", "--directory", str(tmp_path / "lab"))
    assert ran.status == 1
    assert (
        ran.err == f"gvq: {tmp_path} is no root folder for the lab: it has no usr/sbin/asterisk.\n"
    )


def test_a_table_is_as_wide_as_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Who pipes it looks for whole ids, whatever the terminal's width."""
    row = {str(number): f"{number}-" + "x" * 60 for number in range(4)}
    print_rows([row], {name: name for name in row}, as_json=False)
    assert capsys.readouterr().out.splitlines()[1] == "  ".join(row.values())


def test_a_reader_who_has_enough_is_no_error(saved: Save) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "w") as nobody:
        ran = subprocess.run(
            [sys.executable, "-m", "coordinator.cli", "verify", saved(GOOD)],
            stdout=nobody, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")


def client(answer: httpx.Response | Exception, token: str | None = "t") -> Client:
    """A client of an API that always says this."""

    def say(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Client("http://gvq", token, httpx.MockTransport(say))


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (httpx.Response(404, json={"detail": "There is no queue 'x'."}), "There is no queue 'x'."),
        (httpx.Response(502, text="<html>"), "http://gvq/ answered 502 Bad Gateway."),
        (httpx.Response(500, json=[1]), "http://gvq/ answered 500 Internal Server Error."),
        (httpx.ReadTimeout("late"), "http://gvq did not answer within 10 s."),
        (httpx.ConnectError("refused"), r"No coordinator answers at http://gvq \(refused\)"),
    ],
)
def test_what_the_api_may_answer(answer: httpx.Response | Exception, sentence: str) -> None:
    with pytest.raises(CliError, match=sentence):
        client(answer).get("/")


def test_a_missing_token_is_told_from_a_wrong_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GVQ_API_TOKEN", raising=False)
    refused = httpx.Response(401, json={"detail": "A valid bearer token is needed."})
    with pytest.raises(CliError, match="GVQ_API_TOKEN is not set"):
        client(refused, None).get("/")
    with pytest.raises(CliError, match="A valid bearer token is needed"):
        client(refused).get("/")


def test_a_journal_is_read_page_by_page() -> None:
    def say(request: httpx.Request) -> httpx.Response:
        after = request.url.params["after"]
        rest = GOOD[next((n for n, e in enumerate(GOOD, 1) if e.id == after), 0) :]
        return httpx.Response(200, json=[entry.to_json() for entry in rest[:5]])

    told = Client("http://gvq", "t", httpx.MockTransport(say)).journal()
    assert list(told) == GOOD
