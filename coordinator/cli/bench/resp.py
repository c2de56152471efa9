"""A pipelining client that costs little, so that the server is what is measured.

redis-py reads one nested answer in tens of microseconds: longer than Valkey takes for a command.
RESP2, no errors but those of the server; for loads only, never in the product.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

#: Bytes asked of the socket at a time.
CHUNK = 1 << 18


class ServerError(Exception):
    """The server answered with an error."""


def packed(*words: str | int) -> bytes:
    """A command as it goes over the wire."""
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


class Pipe:
    """One connection. `ask` writes all commands at once and waits for all their answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._buffer = b""

    @classmethod
    async def open(cls, path: str) -> "Pipe":
        """To the Unix socket of that path."""
        return cls(*await asyncio.open_unix_connection(path, limit=CHUNK))

    async def close(self) -> None:
        """Ends the connection."""
        self._writer.close()
        await self._writer.wait_closed()

    async def ask(self, commands: Iterable[bytes]) -> list[Any]:
        """Text for strings, numbers, lists, None. Raises ServerError."""
        sent = list(commands)
        self._writer.write(b"".join(sent))
        answers: list[Any] = []
        at = 0
        while len(answers) < len(sent):
            try:
                answer, at = _read(self._buffer, at)
                answers.append(answer)
            except IndexError:  # the rest of it has not come yet
                self._buffer, at = self._buffer[at:] + await self._more(), 0
        self._buffer = self._buffer[at:]
        for answer in answers:
            if isinstance(answer, ServerError):
                raise answer
        return answers

    async def _more(self) -> bytes:
        data = await self._reader.read(CHUNK)
        if not data:
            raise ServerError("the server has closed the connection")
        return data


def _read(buffer: bytes, at: int) -> tuple[Any, int]:
    """The answer that begins at `at`, and where the next one does. IndexError: it is not whole."""
    end = buffer.find(b"\r\n", at)
    if end < 0:
        raise IndexError
    kind, text, after = buffer[at], buffer[at + 1 : end], end + 2
    if kind == 0x24:  # $ a string of so many bytes
        return _string(buffer, after, int(text))
    if kind == 0x2A:  # * a list of so many answers
        return _list(buffer, after, int(text))
    if kind == 0x3A:  # : a number
        return int(text), after
    return ServerError(text.decode()) if kind == 0x2D else text.decode(), after


def _string(buffer: bytes, at: int, length: int) -> tuple[str | None, int]:
    if length < 0:
        return None, at
    if len(buffer) < at + length + 2:
        raise IndexError
    return buffer[at : at + length].decode(), at + length + 2


def _list(buffer: bytes, at: int, length: int) -> tuple[list[Any] | None, int]:
    if length < 0:
        return None, at
    items = []
    for _ in range(length):
        item, at = _read(buffer, at)
        items.append(item)
    return items, at
