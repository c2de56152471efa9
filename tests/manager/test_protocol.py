"""AMI text: what is taken, what is refused, and that nothing ends a line of ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.manager.protocol import (
    CONTROL_CHARACTER,
    LINE_TOO_LONG,
    MAX_HEADERS,
    MAX_LINE,
    TOO_MANY_LINES,
    Action,
    Reader,
    escape,
    render,
)

PING = b"Action: Ping\r\nActionID: 7\r\n\r\n"


def read(*pieces: bytes) -> list[Action]:
    reader = Reader()
    return [action for piece in pieces for action in reader.feed(piece)]


def test_an_action() -> None:
    (action,) = read(PING)
    assert action.headers == (("Action", "Ping"), ("ActionID", "7"))
    assert (action.name, action.get("actionid"), action.get("Queue")) == ("Ping", "7", "")
    assert not action.fault


@pytest.mark.parametrize("cut", range(1, len(PING)))
def test_an_action_in_two_pieces(cut: int) -> None:
    assert read(PING[:cut], PING[cut:]) == read(PING)


def test_byte_by_byte() -> None:
    text = "Action: QueuePause\r\nReason: Überstunden\r\n\r\n".encode()
    (action,) = read(*(bytes([byte]) for byte in text))
    assert action.get("Reason") == "Überstunden"


def test_several_actions_at_once_and_empty_lines_between() -> None:
    assert [action.name for action in read(PING + b"\r\n\r\n" + PING)] == ["Ping", "Ping"]


def test_bare_line_feeds_end_lines_too() -> None:
    assert read(PING.replace(b"\r\n", b"\n")) == read(PING)


def test_an_empty_header_is_as_none() -> None:
    (action,) = read(b"Queue:\r\nqueue: sales\r\nAction:Ping\r\nnonsense\r\n\r\n")
    assert (action.name, action.get("Queue")) == ("Ping", "sales")


def test_bytes_that_are_no_utf8_are_shown_as_such() -> None:
    (action,) = read(b"Action: Ping\r\nReason: \xff\xfe\r\n\r\n")
    assert action.get("Reason") == "\ufffd\ufffd"


def test_the_longest_line_is_taken() -> None:
    name = b"Reason: "
    (action,) = read(name + b"x" * (MAX_LINE - len(name)) + b"\r\n\r\n")
    assert not action.fault


@pytest.mark.parametrize("piece", [1_000, MAX_LINE + 1, 10_000_000])
def test_a_line_too_long_refuses_the_action_and_only_it(piece: int) -> None:
    text = b"ActionID: 9\r\nReason: " + b"x" * 10_000_000 + b"\r\nAction: Ping\r\n\r\n" + PING
    pieces = [text[at : at + piece] for at in range(0, len(text), piece)]
    refused, ping = read(*pieces)
    assert (refused.fault, refused.get("ActionID")) == (LINE_TOO_LONG, "9")
    assert (ping.fault, ping.name) == ("", "Ping")


def test_what_is_held_of_a_line_that_never_ends_is_bounded() -> None:
    reader = Reader()
    for _ in range(1_000):
        assert list(reader.feed(b"x" * 10_000)) == []
    assert len(reader._partial) <= MAX_LINE + 1


def test_a_message_that_never_ends_is_bounded() -> None:
    reader = Reader()
    for _ in range(10_000):
        assert list(reader.feed(b"A: b\r\n")) == []
    assert len(reader._headers) == MAX_HEADERS
    (action,) = reader.feed(b"\r\n")
    assert action.fault == TOO_MANY_LINES


@pytest.mark.parametrize("bad", [b"\x00", b"\r", b"\x1b", b"\x7f", b"\x0b"])
def test_a_control_character_refuses_the_action(bad: bytes) -> None:
    refused, ping = read(b"Action: QueuePause\r\nReason: a" + bad + b"b\r\n\r\n" + PING)
    assert refused.fault == CONTROL_CHARACTER
    assert not ping.fault


_LINES = st.sampled_from(
    [b"Action: Ping", b"Action:", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\x00", b":", b"x" * 2_000]
)
_BYTES = st.lists(st.one_of(st.binary(max_size=40), _LINES), max_size=60)


@given(_BYTES)
def test_any_bytes_at_all(pieces: list[bytes]) -> None:
    """Never a crash, never a value that would end a line or begin another."""
    for action in read(*pieces):
        for name, value in action.headers:
            assert not set(name + value) & {"\r", "\n", "\x00"}
        assert len(action.headers) <= MAX_HEADERS


@given(_BYTES, st.integers(1, 7))
def test_pieces_make_no_difference(pieces: list[bytes], size: int) -> None:
    whole = b"".join(pieces)
    cut = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert [(a.name, bool(a.fault)) for a in read(*cut) if not a.fault] == [
        (a.name, bool(a.fault)) for a in read(whole) if not a.fault
    ]


@given(st.lists(st.tuples(st.just("CallerIDName"), st.text())))
def test_no_value_of_ours_ends_a_line(headers: list[tuple[str, str]]) -> None:
    lines = render(headers).split(b"\r\n")
    assert len(lines) == len(headers) + 2
    assert lines[-2:] == [b"", b""]
    assert not any(b"\r" in line or b"\n" in line for line in lines)


def test_names_are_escaped_as_c_has_it() -> None:
    assert escape('O\'Brien "?" \\ \r\n\t') == 'O\\\'Brien \\"\\?\\" \\\\ \\r\\n\\t'
