"""AMI text, both ways. Pure.

A message is lines `Name: value` closed by an empty line. Lines end at CRLF or at a bare LF, as
get_input() of Asterisk's main/manager.c reads them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

#: What Asterisk 22.10 greets with.
BANNER = b"Asterisk Call Manager/11.0.0\r\n"

#: A longer line makes Asterisk refuse the whole action (manager.c: inbuf[1025]), bytes.
MAX_LINE = 1024

#: More headers than this in one action are refused (manager.c: AST_MAX_MANHEADERS).
MAX_HEADERS = 128

Headers = Iterable[tuple[str, str]]


def render(headers: Headers) -> bytes:
    """One message as bytes. Values go out raw, as manager_event() writes them."""
    text = "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n"
    return text.encode("utf-8", "surrogateescape")


def escape(text: str) -> str:
    """C escapes of a caller's name: the one thing a channel snapshot escapes."""
    return "".join(_ESCAPES.get(character, character) for character in text)


_ESCAPES = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
    "\\": "\\\\", '"': '\\"', "?": "\\?", "'": "\\'",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Action:
    """One action. `fault` is the sentence it must be refused with, if it could not be read."""

    headers: tuple[tuple[str, str], ...]
    fault: str = ""

    def get(self, name: str, default: str = "") -> str:
        """The first header of that name, in any case."""
        return next(self._values(name), default)

    def all(self, name: str) -> list[str]:
        """Every header of that name, in order."""
        return list(self._values(name))

    def _values(self, name: str) -> Iterator[str]:
        wanted = name.lower()
        return (value for header, value in self.headers if header.lower() == wanted)


class ActionReader:
    """Bytes in any pieces → whole actions."""

    def __init__(self) -> None:
        self._partial = b""
        self._lines: list[str] = []
        self._fault = ""

    def feed(self, data: bytes) -> Iterator[Action]:
        """The actions completed by `data`."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            text = line.rstrip(b"\r")
            if text:
                self._keep(text)
            elif self._lines or self._fault:
                yield self._finish()

    def _keep(self, line: bytes) -> None:
        if len(line) > MAX_LINE:
            self._fault = "Failed to parse message: line too long"
        elif len(self._lines) >= MAX_HEADERS:
            self._fault = "Too many lines in message or allocation failure"
        else:
            self._lines.append(line.decode("utf-8", "surrogateescape"))

    def _finish(self) -> Action:
        headers = tuple(_header(line) for line in self._lines if ":" in line)
        action = Action(headers, self._fault)
        self._lines, self._fault = [], ""
        return action


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.lstrip(" ")
