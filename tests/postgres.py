"""A PostgreSQL cluster for the session, a database for each test; and the same for SQLite.

PostgreSQL refuses to run as root, so where the tests run as root the cluster is run as
`postgres`, an unprivileged user that Debian's package makes.
"""

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

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


def _run(command: list[str]) -> None:
    user = "postgres" if os.geteuid() == 0 else None
    done = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL prefix `postgresql://postgres@127.0.0.1:PORT/` of a running cluster."""
    folder = Path(tempfile.mkdtemp(prefix="gvq-postgres-"))
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    data, port, tools = folder / "data", unused_port(), _binaries()
    # Nothing here must outlive a power cut.
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
    options += " -c fsync=off -c full_page_writes=off -c max_connections=200"
    initdb = [str(tools / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust"]
    _run([*initdb, "--no-sync", "-E", "UTF8", "--locale=C"])
    control = [str(tools / "pg_ctl"), "-D", str(data), "-w"]
    _run([*control, "-l", str(folder / "log"), "-o", options, "start"])
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/"
    finally:
        _run([*control, "-m", "immediate", "stop"])
        shutil.rmtree(folder)


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
