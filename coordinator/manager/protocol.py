"""AMI text, both ways. Pure: bytes → actions, headers → bytes.

A message is lines `Name: value` closed by an empty line. Lines end at CRLF or at a bare LF, as
get_input() of Asterisk's main/manager.c reads them. What comes in is untrusted: a line and a
message are bounded as there, and an action with a control character in it is refused whole, so
that no value can end a line of ours. What goes out has none either.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

#: What a client is greeted with: the AMI of Asterisk's master (manager.h: AMI_VERSION).
BANNER = b"Asterisk Call Manager/13.0.0\r\n"

#: A longer line makes Asterisk refuse the whole action (manager.c: inbuf[1025]), bytes.
MAX_LINE = 1024

#: More headers than this in one action are refused (manager.h: AST_MAX_MANHEADERS).
MAX_HEADERS = 128

# The first two are Asterisk's own words.
LINE_TOO_LONG = "Failed to parse message: line too long"
TOO_MANY_LINES = "Too many lines in message or allocation failure"
CONTROL_CHARACTER = "Failed to parse message: control characters are not allowed"

#: (name, value) in order; a name may come more than once.
Headers = tuple[tuple[str, str], ...]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Action:
    """One message of a client. `fault`: the sentence it must be refused with, if it is none."""

    headers: Headers = ()
    fault: str = ""

    @property
    def name(self) -> str:
        """What is asked for, as it was written."""
        return self.get("Action")

    def get(self, name: str) -> str:
        """The first header of that name that is not empty, in any case; "" for none."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted and value), "")


class Reader:
    """Bytes in any pieces → whole actions. Holds at most one message's lines, bounded."""

    def __init__(self) -> None:
        self._partial = b""
        self._headers: list[tuple[str, str]] = []
        self._lines = 0
        self._fault = ""

    def feed(self, data: bytes) -> Iterator[Action]:
        """The actions completed by `data`, in order. To be read to its end before the next."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            text = line.removesuffix(b"\r")
            if text:
                self._take(text)
            elif self._lines:
                yield self._finish()
        if len(self._partial) > MAX_LINE + 1:  # a CR may still be the line's end
            self._refuse(LINE_TOO_LONG)
            self._partial = b"."  # what follows, to the line's end, is of a message refused

    def _take(self, line: bytes) -> None:
        self._lines += 1
        if len(line) > MAX_LINE:
            self._refuse(LINE_TOO_LONG)
        elif self._lines > MAX_HEADERS:
            self._refuse(TOO_MANY_LINES)
        elif _FORBIDDEN.search(line):
            self._refuse(CONTROL_CHARACTER)
        else:
            name, colon, value = line.decode(errors="replace").partition(":")
            if colon:
                self._headers.append((name.strip(), value.strip().replace("\t", " ")))

    def _refuse(self, fault: str) -> None:
        """The first thing wrong is told; what the message has said so far is kept: its ActionID."""
        self._lines = max(self._lines, 1)
        self._fault = self._fault or fault

    def _finish(self) -> Action:
        action = Action(tuple(self._headers), self._fault)
        self._headers, self._lines, self._fault = [], 0, ""
        return action


def render(headers: Iterable[tuple[str, str]]) -> bytes:
    """One message as bytes."""
    text = "".join(f"{name}: {_CONTROL.sub(' ', value)}\r\n" for name, value in headers)
    return f"{text}\r\n".encode(errors="replace")


def escape(text: str) -> str:
    """C escapes of a name: the one thing a channel's snapshot escapes (ast_escape_c_alloc)."""
    return "".join(_ESCAPES.get(character, character) for character in text)


_ESCAPES = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
    "\\": "\\\\", '"': '\\"', "?": "\\?", "'": "\\'",
}  # fmt: skip
