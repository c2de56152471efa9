"""`gvq` run in this process, and a real coordinator for the session."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from coordinator.cli.main import app

Run = Callable[..., "Ran"]


@dataclass
class Ran:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(*arguments: str, stdin: str | None = None) -> Ran:
    """One command; whatever it raises but an exit status is raised here."""
    ran = CliRunner().invoke(app, arguments, input=stdin)
    if ran.exception and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return Ran(ran.exit_code, ran.stdout, ran.stderr)


@pytest.fixture
def gvq(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs commands with nothing of GVQ_* set."""
    for name in [name for name in os.environ if name.startswith("GVQ_")]:
        monkeypatch.delenv(name)
    return run


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's coordinator keeps what it has."""
    return tmp_path_factory.mktemp("coordinator")


@pytest.fixture(scope="session")
def coordinator(data_dir: Path) -> Iterator[tuple[str, str]]:
    """URL and first admin token of a `gvq serve`, as it prints them."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("GVQ_")} | {
        "GVQ_DATA_DIR": str(data_dir),
        "GVQ_LISTEN": "127.0.0.1:0",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "coordinator.cli", "serve"],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    with process.stdout as said:
        token = re.search(r"gvq_\S+", said.readline())
        url = re.search(r"http\S+", said.readline())
        assert token is not None
        assert url is not None
        yield url.group(), token.group()
    process.terminate()
    assert process.wait(timeout=30) == 0


@pytest.fixture
def live(gvq: Run, coordinator: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs commands against the session's coordinator."""
    url, token = coordinator
    monkeypatch.setenv("GVQ_URL", url)
    monkeypatch.setenv("GVQ_API_TOKEN", token)
    return gvq


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[list[Any]], str]:
    """Saves a journal, one JSON object a line; returns the file's name."""

    def save(entries: list[Any]) -> str:
        file = tmp_path / "journal.jsonl"
        file.write_text("".join(f"{json.dumps(entry.to_json())}\n" for entry in entries))
        return str(file)

    return save
