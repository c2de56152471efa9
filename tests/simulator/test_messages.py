"""AMI text: any bytes in any pieces, Asterisk's limits, its line ends."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_adapter.simulator.faults import pieces
from ami_adapter.simulator.messages import (
    MAX_HEADERS,
    MAX_LINE,
    Action,
    ActionReader,
    escape,
    render,
)

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True)
VALUES = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=80)
HEADERS = st.lists(st.tuples(NAMES, VALUES.map(str.strip)), min_size=1, max_size=8)


@given(st.lists(HEADERS, min_size=1, max_size=5), st.integers(1, 40), st.integers(0, 2**32))
def test_actions_survive_any_cut(
    messages: list[list[tuple[str, str]]], most: int, seed: int
) -> None:
    """Race: TCP cuts anywhere, also inside a UTF-8 character."""
    stream = b"".join(render(message) for message in messages)
    reader = ActionReader()
    read = [
        action
        for piece in pieces(stream, most, random.Random(seed))
        for action in reader.feed(piece)
    ]
    assert read == [Action(tuple(message)) for message in messages]


@given(st.binary(max_size=400), st.integers(0, 30), st.integers(0, 2**32))
def test_pieces_lose_nothing(data: bytes, most: int, seed: int) -> None:
    assert b"".join(pieces(data, most, random.Random(seed))) == data


def test_render_is_byte_for_byte() -> None:
    text = render([("Event", "Hangup"), ("CallerIDName", "Zoë"), ("AccountCode", "")])
    assert text == b"Event: Hangup\r\nCallerIDName: Zo\xc3\xab\r\nAccountCode: \r\n\r\n"


def test_a_bare_line_feed_ends_a_line() -> None:
    """Why a client must refuse LF in values: Asterisk reads it as the next header."""
    [action] = ActionReader().feed(b"Action: Ping\nActionID: 1\n\n")
    assert (action.get("action"), action.get("actionid")) == ("Ping", "1")


def test_bytes_that_are_no_utf8_go_through_unchanged() -> None:
    [action] = ActionReader().feed(b"Action: Setvar\r\nValue: \xff\xfe\r\n\r\n")
    assert render([("Value", action.get("Value"))]) == b"Value: \xff\xfe\r\n\r\n"


@pytest.mark.parametrize(
    ("stream", "fault"),
    [
        (b"A" * (MAX_LINE + 1) + b"\r\n\r\n", "Failed to parse message: line too long"),
        (
            b"Variable: x=1\r\n" * (MAX_HEADERS + 1) + b"\r\n",
            "Too many lines in message or allocation failure",
        ),
    ],
)
def test_what_asterisk_refuses_unread(stream: bytes, fault: str) -> None:
    *_, action = ActionReader().feed(stream)
    assert action.fault == fault


def test_repeated_headers_keep_their_order() -> None:
    [action] = ActionReader().feed(b"Variable: b=2\r\nvariable: a=1\r\n\r\n")
    assert action.all("Variable") == ["b=2", "a=1"]


def test_a_name_is_escaped_as_c_text() -> None:
    assert escape('A "b" \\ c') == 'A \\"b\\" \\\\ c'
