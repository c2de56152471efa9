"""The plainest client of AMI: what it reads is what came, in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

#: Seconds until something that does not come is given up on.
PATIENCE_S = 15.0


class Message(dict[str, str]):
    """A message's headers in order. A name that came twice would be a defect of the server's."""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return list(self.items())


class Ami:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, port: int) -> "Ami":
        ami = cls(*await asyncio.open_connection("127.0.0.1", port))
        assert await ami.line() == "Asterisk Call Manager/13.0.0"
        return ami

    async def line(self) -> str:
        async with asyncio.timeout(PATIENCE_S):
            data = await self.reader.readline()
        assert data.endswith(b"\r\n"), f"the connection ended: {data!r}"
        return data[:-2].decode()

    async def lines(self) -> AsyncIterator[str]:
        """Those of the next message, as they come."""
        while line := await self.line():
            yield line

    async def read(self) -> Message:
        """The next message."""
        message = Message()
        async for line in self.lines():
            name, separator, value = line.partition(": ")
            assert separator, f"no header: {line!r}"
            assert name not in message, f"{name} came twice"
            message[name] = value
        return message

    def stop_reading(self) -> None:
        """From now on the server's bytes stay where they are."""
        transport = self.writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()

    async def send(self, **headers: str) -> None:
        """An action."""
        text = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        await self.send_bytes(f"{text}\r\n".encode())

    async def send_bytes(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def ask(self, action: str, **headers: str) -> Message:
        """The response to an action, which must be what comes next."""
        await self.send(Action=action, **headers)
        message = await self.read()
        assert "Response" in message, message
        return message

    async def refused(self, action: str, **headers: str) -> str:
        """The sentence with which an action is refused."""
        answer = await self.ask(action, **headers)
        assert answer["Response"] == "Error", answer
        return answer["Message"]

    async def done(self, action: str, **headers: str) -> str:
        """The sentence with which an action is acknowledged."""
        answer = await self.ask(action, **headers)
        assert answer["Response"] == "Success", answer
        return answer["Message"]

    async def listed(self, action: str, **headers: str) -> list[Message]:
        """The events of a list, its framing checked."""
        start = await self.ask(action, **headers)
        assert (start["Response"], start["EventList"]) == ("Success", "start")
        items = []
        while "EventList" not in (message := await self.read()):
            items.append(message)
        assert message["Event"] == f"{action}Complete"
        assert (message["EventList"], message["ListItems"]) == ("Complete", str(len(items)))
        return items

    async def event(self, name: str) -> Message:
        """The next event, which must have this name."""
        message = await self.read()
        assert message.get("Event") == name, message
        return message

    async def ended(self) -> bool:
        """Whether the server hangs up, having sent nothing more."""
        async with asyncio.timeout(PATIENCE_S):
            with suppress(ConnectionError):
                return await self.reader.read() == b""
        return True

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()
