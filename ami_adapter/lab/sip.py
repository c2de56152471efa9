"""SIP messages as far as a phone in the lab needs them (RFC 3261). Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_URI_USER = re.compile(r'^\s*(?:"((?:[^"\\]|\\.)*)"|([^<"]*?))\s*<sips?:(?:([^@>;]*)@)?')


@dataclass(frozen=True)
class Message:
    """A request or response: first line, headers in order, body."""

    first: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @classmethod
    def parse(cls, data: bytes) -> "Message":
        """Read a datagram. ValueError when it is not SIP."""
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        if "SIP/2.0" not in first:
            raise ValueError(f"not SIP: {first!r}")
        headers = [(name.strip(), value.strip()) for name, _, value in map(_split, lines)]
        return cls(first, headers, body)

    def encode(self) -> bytes:
        """The datagram, Content-Length included."""
        body = self.body.encode()
        lines = [f"{name}: {value}" for name, value in self.headers]
        head = "\r\n".join([self.first, *lines, f"Content-Length: {len(body)}"])
        return f"{head}\r\n\r\n".encode() + body

    @property
    def status(self) -> int:
        """A response's code; 0 for a request."""
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        """A request's method, or the method a response answers."""
        return self["CSeq"].split()[1] if self.status else self.first.split()[0]

    def __getitem__(self, name: str) -> str:
        """The first header of this name, or an empty string."""
        return next((value for value in self.all(name)), "")

    def all(self, name: str) -> Iterable[str]:
        """Every header of this name."""
        return (value for key, value in self.headers if key.lower() == name.lower())


def _split(line: str) -> tuple[str, str, str]:
    return line.partition(":")


def party(header: str) -> tuple[str, str]:
    """Display name and user of a From or To header."""
    match = _URI_USER.match(header)
    if not match:
        return "", ""
    quoted, bare, user = match.groups()
    return quoted or bare or "", user or ""


def uri(header: str) -> str:
    """What stands between < and > in a Contact."""
    return header.partition("<")[2].partition(">")[0]


def reply(
    request: Message, status: str, tag: str, *extra: tuple[str, str], body: str = ""
) -> Message:
    """The response to a request, in its dialog."""
    kept = [(name, value) for name, value in request.headers if name.lower() in _ECHOED]
    headers = [(name, _tagged(name, value, tag)) for name, value in kept]
    return Message(f"SIP/2.0 {status}", [*headers, *extra], body)


_ECHOED = {"via", "from", "to", "call-id", "cseq"}


def _tagged(name: str, value: str, tag: str) -> str:
    return f"{value};tag={tag}" if name.lower() == "to" and ";tag=" not in value else value


def sdp(address: str, port: int) -> str:
    """An offer or answer of one µ-law stream, with keys as events (RFC 4733)."""
    return (
        f"v=0\r\no=phone 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
    )


def media(body: str) -> tuple[str, int]:
    """Where the other side of an SDP listens."""
    address = body.partition("c=IN IP4 ")[2].split()[0]
    return address, int(body.partition("m=audio ")[2].split()[0])
