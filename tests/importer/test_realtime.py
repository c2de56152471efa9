"""Asterisk's realtime tables, in SQLite and PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import DBAPIError

from coordinator.importer.conf import read_agents
from coordinator.importer.findings import ImportFailed
from coordinator.importer.realtime import read_tables, reader
from coordinator.importer.target import target_of
from coordinator.line.types import PenaltyChange

TABLES = """
CREATE TABLE queues (id INTEGER, name VARCHAR(128) PRIMARY KEY, strategy VARCHAR(16),
    timeout INTEGER, retry INTEGER, weight INTEGER, joinempty VARCHAR(128), musiconhold VARCHAR(9),
    setinterfacevar BOOLEAN, announce_frequency INTEGER, queue_thankyou VARCHAR(128));
CREATE TABLE queue_members (queue_name VARCHAR(80), interface VARCHAR(80), uniqueid INTEGER,
    membername VARCHAR(80), state_interface VARCHAR(80), penalty INTEGER, paused INTEGER);
CREATE TABLE queue_rules (rule_name VARCHAR(80), time VARCHAR(32), min_penalty VARCHAR(32),
    max_penalty VARCHAR(32));
INSERT INTO queues VALUES
    (1, 'sales', 'linear', 20, NULL, 2, '', 'jazz', TRUE, 0, NULL),
    (2, 'help', NULL, NULL, 7, NULL, 'strict', NULL, FALSE, 30, 'beep');
INSERT INTO queue_members VALUES
    ('sales', 'PJSIP/102', 1, NULL, NULL, 1, NULL),
    ('sales', 'PJSIP/101', 2, 'Ann Adams', 'PJSIP/101', 0, 1),
    ('Help', 'PJSIP/101', 3, 'Ann Adams', '', -1, 1),
    ('gone', 'PJSIP/103', 4, 'Zoe', '', 0, 0);
INSERT INTO queue_rules VALUES ('r', '90', '', '10'), ('r', '30', '-1', '+3');
"""


@pytest.fixture
def connection(empty_url: URL) -> Iterator[Connection]:
    """A connection to the database with the tables, of each kind."""
    engine = create_engine(empty_url.set(drivername=empty_url.drivername.split("+aio")[0]))
    with engine.connect() as opened:
        for statement in TABLES.split(";"):
            if statement.strip():
                opened.execute(text(statement))
        opened.commit()
        yield opened
    engine.dispose()


@pytest.fixture
def url(connection: Connection) -> str:
    """As an operator gives it: without a driver."""
    url = connection.engine.url
    plain = url.set(drivername=url.get_backend_name())
    return plain.render_as_string(hide_password=False)


def refused(url: str) -> str:
    with pytest.raises(ImportFailed) as caught:
        read_tables(url)
    (sentence,) = caught.value.sentences
    return sentence


def test_the_tables_are_a_target(url: str) -> None:
    read = target_of(read_tables(url))

    assert read.body.model_dump(exclude_unset=True)["queues"] == {
        "help": {
            "retry": 7, "joinempty": "paused,penalty,unavailable,invalid", "announce_frequency": 30,
            "queue_thankyou": "beep", "setinterfacevar": False,
        },
        "sales": {
            "strategy": "linear", "timeout": 20, "weight": 2, "musicclass": "jazz",
            "announce_frequency": 0, "setinterfacevar": True,
        },
    }  # fmt: skip
    assert {one.paused for one in read.body.members if one.agent == "102"} == {False}
    assert [(one.queue, one.agent, one.penalty) for one in read.body.members] == [
        ("help", "Ann_Adams", 0),
        ("sales", "Ann_Adams", 0),
        ("sales", "102", 1),
    ]
    assert {name: rule.steps() for name, rule in read.body.rules.items()} == {
        "r": (PenaltyChange(30, "+3", "-1", ""), PenaltyChange(90, "10", "", ""))
    }


def test_a_remark_names_table_and_row(url: str) -> None:
    read = target_of(read_tables(url))
    assert {(str(one.line.file), one.line.number, one.what) for one in read.remarks} == {
        ("queue_members", 1, "penalty"),
    }


def test_an_error_names_table_and_row(url: str, connection: Connection) -> None:
    connection.execute(text("UPDATE queues SET timeout = 3601"))
    connection.commit()
    with pytest.raises(ImportFailed) as caught:
        target_of(read_tables(url))
    assert [sentence[:28] for sentence in caught.value.sentences] == [
        "queues:1: [help] timeout = 3",
        "queues:2: [sales] timeout = ",
    ]


def test_agents_may_come_from_a_file(url: str, tmp_path: Path) -> None:
    file = tmp_path / "agents.csv"
    file.write_text("ann,PJSIP/101,Ann\n")
    read = target_of(read_tables(url, read_agents([file])))
    assert list(read.body.agents) == ["ann", "102"]


def test_a_database_without_rules_is_fine(url: str, connection: Connection) -> None:
    connection.execute(text("DROP TABLE queue_rules"))
    connection.commit()
    assert read_tables(url).rules == ()


def test_a_table_that_is_not_there(url: str, connection: Connection) -> None:
    connection.execute(text("ALTER TABLE queue_members RENAME TO members"))
    connection.commit()
    assert refused(url) == "--realtime: there is no table queue_members."


def test_a_table_of_another_shape(url: str, connection: Connection) -> None:
    connection.execute(text("ALTER TABLE queue_members RENAME COLUMN interface TO iface"))
    connection.commit()
    assert refused(url) == "--realtime: table queue_members has no column interface."


def test_what_reads_cannot_write(url: str) -> None:
    engine = reader(url)
    with engine.connect() as reading, pytest.raises(DBAPIError, match=r"read-?only"):
        reading.execute(text("DELETE FROM queues"))
    engine.dispose()


def test_a_file_is_not_made_by_mistake(tmp_path: Path) -> None:
    assert "there is no file" in refused(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("asterisk", "this is not a URL like postgresql://user@host/asterisk"),
        ("mysql://u:secret@h/a", "this database's driver is not installed (No module named 'MySQL"),
        ("odbc://u:secret@h/a", "this database's driver is not installed (Can't load plugin: "),
        ("postgresql://u:secret@127.0.0.1:1/a", "connection failed: connection to server at"),
        ("sqlite://", "there is no file None."),
    ],
)  # fmt: skip
def test_a_database_that_cannot_be_read(url: str, sentence: str) -> None:
    told = refused(url)
    assert told.startswith(f"--realtime: {sentence}")
    assert "secret" not in told
