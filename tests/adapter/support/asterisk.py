"""A manager on loopback that says what the test tells it to: the bytes of AMI, nothing behind."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from ami_adapter.epoch import DIALPLAN

SECRET = "s3cret"
CHALLENGE = "840415273"

#: Header → value, or values of a header that comes several times.
Lines = dict[str, str | list[str]]


def message(lines: Lines) -> bytes:
    """A message as Asterisk writes it."""
    flat = [
        f"{name}: {each}\r\n"
        for name, value in lines.items()
        for each in ([value] if isinstance(value, str) else value)
    ]
    return "".join([*flat, "\r\n"]).encode()


@dataclass
class Action:
    """An action as it came over the wire."""

    raw: bytes
    lines: list[tuple[str, str]]

    def __getitem__(self, name: str) -> str:
        return next((v for k, v in self.lines if k == name), "")

    def all(self, name: str) -> list[str]:
        """Every value of a repeated header."""
        return [v for k, v in self.lines if k == name]


@dataclass
class Conversation:
    """One connection to the manager, played by hand."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    actions: list[Action] = field(default_factory=list)
    #: Global variables of the dialplan, as set in passing.
    variables: dict[str, str] = field(default_factory=dict)
    #: What channels' variables are, whatever the channel; asked for in passing.
    channels: dict[str, str] = field(
        default_factory=lambda: {"GVQ_TALKS": "", "GVQ_STATE": "waiting", DIALPLAN: "1"}
    )

    async def read(self) -> Action:
        """The next action."""
        raw = await self.reader.readuntil(b"\r\n\r\n")
        pairs = [line.split(": ", 1) for line in raw.decode().split("\r\n") if line]
        action = Action(raw, [(p[0], p[1] if len(p) > 1 else "") for p in pairs])
        self.actions.append(action)
        return action

    async def expect(self, name: str) -> Action:
        """The next action, which must be this one."""
        action = await self.next()
        assert action["Action"] == name
        return action

    async def next(self) -> Action:
        """The next action but Ping, the signs of life and what is asked before a Hangup."""
        action = await self.read()
        while action["Action"] == "Ping" or self._sets_in_passing(action) or self._asks(action):
            self.answer(action, Value=self.channels.get(action["Variable"], ""))
            action = await self.read()
        return action

    def _asks(self, action: Action) -> bool:
        return action["Variable"] == "GVQ_OFF" or (
            action["Action"] == "Getvar" and action["Variable"] in self.channels
        )

    def _sets_in_passing(self, action: Action) -> bool:
        name = action["Variable"]
        passing = action["Action"] == "Setvar" and name.startswith(("GVQ_ALIVE", "GVQ_FALLBACK"))
        if passing:
            self.variables[name] = action["Value"]
        return passing

    async def told(self, name: str) -> str:
        """The next value a global variable is set to."""
        action = await self.read()
        while not (self._sets_in_passing(action) and action["Variable"] == name):
            self.answer(action)
            action = await self.read()
        self.answer(action)
        return action["Value"]

    def write(self, data: bytes) -> None:
        """Bytes, as they are."""
        self.writer.write(data)

    def event(self, name: str, **lines: str | list[str]) -> None:
        """An event."""
        self.write(message({"Event": name, **lines}))

    def answer(self, action: Action, response: str = "Success", **lines: str | list[str]) -> None:
        """The Response to an action."""
        self.write(message({"Response": response, "ActionID": action["ActionID"], **lines}))

    def list_(self, action: Action, name: str, items: list[Lines]) -> None:
        """The answer to a list action, in one piece."""
        head = {"ActionID": action["ActionID"]}
        self.answer(action, EventList="start", Message=f"{name} will follow")
        for item in items:
            self.write(message({"Event": name, **head, **item}))
        end = {"EventList": "Complete", "ListItems": str(len(items))}
        self.write(message({"Event": f"{name}Complete", **head, **end}))

    def greet(self) -> None:
        """The banner."""
        self.write(b"Asterisk Call Manager/13.0.0\r\n")

    async def log_in(self) -> None:
        """Greets and takes the login, as Asterisk does with the right secret."""
        self.greet()
        self.answer(await self.expect("Challenge"), Challenge=CHALLENGE)
        login = await self.expect("Login")
        assert login["Key"] == hashlib.md5(f"{CHALLENGE}{SECRET}".encode()).hexdigest()
        self.answer(login, Message="Authentication accepted")
        self.event("FullyBooted", Status="Fully Booted")

    async def resync(
        self,
        channels: list[Lines] | None = None,
        devices: list[Lines] | None = None,
        hints: list[Lines] | None = None,
    ) -> str:
        """Answers the snapshot's actions; the key that was set."""
        key = await self.expect("Setvar")
        assert key["Variable"] == "GVQ_KEY"
        assert "Channel" not in dict(key.lines)
        self.answer(key)
        self.list_(await self.expect("Status"), "Status", channels or [])
        self.list_(await self.expect("DeviceStateList"), "DeviceStateChange", devices or [])
        self.list_(await self.expect("ExtensionStateList"), "ExtensionStatus", hints or [])
        return key["Value"]

    async def closed(self) -> bytes:
        """Waits until the peer has closed; what it sent before that."""
        with suppress(ConnectionError):
            return await self.reader.read()
        return b""

    def hang_up(self) -> None:
        """Closes the connection."""
        self.writer.close()


class Manager:
    """Where adapters connect to."""

    def __init__(self, server: asyncio.Server, arrived: asyncio.Queue[Conversation]) -> None:
        self._arrived = arrived
        self.port: int = server.sockets[0].getsockname()[1]

    async def accept(self) -> Conversation:
        """The next connection."""
        return await self._arrived.get()

    @property
    def waiting(self) -> int:
        """Connections nobody has accepted yet."""
        return self._arrived.qsize()


@asynccontextmanager
async def manager() -> AsyncIterator[Manager]:
    """A manager on a free port."""
    arrived: asyncio.Queue[Conversation] = asyncio.Queue()
    writers: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await arrived.put(Conversation(reader, writer))

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=1 << 22)
    try:
        yield Manager(server, arrived)
    finally:
        server.close()
        for writer in writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


def channel(uniqueid: str, name: str = "PJSIP/x-1", **variables: str) -> Lines:
    """A channel as Status lists it, with variables."""
    lines = [f"{key}={value}" for key, value in variables.items()]
    return {"Channel": name, "Uniqueid": uniqueid, "Seconds": "3", "Variable": lines}
