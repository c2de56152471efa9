"""A PostgreSQL cluster for the session, a database for each test; and the same for SQLite.

PostgreSQL refuses to run as root, so where the tests run as root the cluster is run as
`postgres`, an unprivileged user that Debian's package makes.
"""

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg
import pytest
from sqlalchemy import URL

import migrations
from coordinator.database import Database, normalise_url

_names = itertools.count(1)


def _binaries() -> Path:
    """The folder of the newest installed PostgreSQL."""
    found = shutil.which("postgres")
    if found:
        return Path(found).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    versions = sorted(installed, key=lambda path: int(path.parts[-3]))
    assert versions, "PostgreSQL is needed to run these tests: apt-get install postgresql"
    return versions[-1].parent


def unused_port() -> int:
    """A TCP port of 127.0.0.1 on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _unprivileged() -> list[str]:
    """What stands before a command so that PostgreSQL accepts who runs it, and ends when we do."""
    if os.geteuid() != 0:
        return ["setpriv", "--pdeathsig", "QUIT"]
    user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
    return ["setpriv", *user, "--pdeathsig", "QUIT"]


def _make_cluster(tools: Path, folder: Path) -> Path:
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    initdb = [*_unprivileged(), str(tools / "initdb"), "-D", str(folder / "data"), "-U", "postgres"]
    options = ["-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"]
    done = subprocess.run([*initdb, *options], cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "data"


def _wait_until_ready(log: IO[str]) -> None:
    """Reads the server's log until it says so, and has the rest read so that it never blocks."""
    said: list[str] = []
    for line in log:
        said.append(line)
        if "ready to accept connections" in line:
            threading.Thread(target=log.read, daemon=True).start()
            return
    raise AssertionError("PostgreSQL did not start: " + "".join(said))


@contextmanager
def _running(tools: Path, folder: Path) -> Iterator[int]:
    """The port of a new cluster. It ends with the block, and also when this process is killed."""
    data, port = _make_cluster(tools, folder), unused_port()
    # Nothing here must outlive a power cut.
    settings = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}
    settings |= {"port": str(port), "unix_socket_directories": str(folder)}
    options = [f"--{name}={value}" for name, value in settings.items()]
    command = [*_unprivileged(), str(tools / "postgres"), "-D", str(data), *options]
    with subprocess.Popen(command, cwd="/", stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        _wait_until_ready(server.stderr)
        try:
            yield port
        finally:
            server.send_signal(signal.SIGQUIT)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL prefix `postgresql://postgres@127.0.0.1:PORT/` of a running cluster."""
    with (
        tempfile.TemporaryDirectory(prefix="gvq-postgres-", ignore_cleanup_errors=True) as folder,
        _running(_binaries(), Path(folder)) as port,
    ):
        yield f"postgresql://postgres@127.0.0.1:{port}/"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """Normalised URL of an empty database; the test runs once for each kind."""
    if request.param == "sqlite":
        return normalise_url(None, tmp_path)
    return normalise_url(_new_database(request.getfixturevalue("postgres")), tmp_path)


def _new_database(cluster: str) -> str:
    name = f"t{next(_names)}"
    with psycopg.connect(cluster + "postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return cluster + name


@pytest.fixture
async def database(empty_url: URL) -> AsyncIterator[Database]:
    """A database at the newest revision."""
    await migrations.upgrade(empty_url)
    database = Database(empty_url)
    yield database
    await database.close()
