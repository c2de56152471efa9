"""What a box says of calls, recorded as bytes, and a manager that says it again and again."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from ami_adapter.connection import AmiSession, Peer, connect
from ami_adapter.originates import originate_values
from ami_adapter.simulator.account import Account
from ami_adapter.simulator.dialplan import Request
from ami_adapter.simulator.messages import BANNER, Action, ActionReader, render
from ami_adapter.simulator.phones import Behaviour
from ami_adapter.simulator.world import World
from ami_adapter.translate import Translator
from coordinator.cli.bench.load import QUEUE
from coordinator.cli.bench.programs import PATIENCE_S, now_us, until
from coordinator.protocol import Join, Originate
from coordinator.tasks import cancel

#: What the dialplan's events carry; an adapter makes it of its token.
KEY = "0123456789abcdef" * 4

AGENTS, TALK_S = 20, 0.01

#: Ends a message; ends the answer to the listener's login, its last one before the calls.
END, BOOTED = b"\r\n\r\n", b"Event: FullyBooted"


@dataclass
class Recording:
    """Whole messages of whole calls. `offers`: the line's commands in them, by call id."""

    data: bytes = b""
    offers: dict[str, Originate] = field(default_factory=dict)

    @property
    def messages(self) -> int:
        return self.data.count(END)


async def record(calls: int, filtered: bool = True) -> Recording:
    """Calls one after the other, from GvqJoin to the last Hangup, as the shipped manager.conf
    lets them through; else every event of the classes that the adapter reads.
    """
    made = Recording()
    async with World(["a"]) as world:
        server = world.servers["a"]
        server.account = world.account if filtered else Account()
        for n in range(AGENTS):
            world.network.add_phone(f"agent{n}", "a", Behaviour("answer", 0.0, TALK_S))
        account = server.account
        peer = Peer("127.0.0.1", server.port, account.username, account.secret)
        session = await connect(peer, now_us)
        await session.set_global("GVQ_KEY", KEY)
        pump = asyncio.create_task(_ring(session, made))
        try:
            async with _listening(server.port, account) as heard:
                for n in range(calls):
                    caller = world.network.call("a", Request(QUEUE), number=f"7{n:06d}")

                    async def over() -> bool:
                        return caller.ended is not None and not server.box.channels  # noqa: B023

                    await until(over, "a recorded call did not end", PATIENCE_S)
                made.data = await heard()
        finally:
            await cancel([pump])
            await session.close()
    return made


async def _ring(session: AmiSession, made: Recording) -> None:
    """Gives each caller who joins an agent."""
    translator = Translator("a", KEY)
    while True:
        received = await session.events.get()
        for event in translator.take(received.headers).events:
            if isinstance(event, Join):
                n = len(made.offers)
                offer = made.offers[event.call_id] = _offer(n, event)
                session.send("Originate", originate_values(offer, offer.interface))


def _offer(n: int, join: Join) -> Originate:
    agent = f"agent{n % AGENTS}"
    return Originate(
        offer_id=f"gvq-{n + 1}", fence=n + 1, call_id=join.call_id, uniqueid=join.uniqueid,
        queue=QUEUE, agent=agent, interface=f"PJSIP/{agent}", home="a", timeout_ms=15_000,
    )  # fmt: skip


@asynccontextmanager
async def _listening(port: int, account: Account) -> AsyncIterator[Callable[[], Awaitable[bytes]]]:
    """A second login that only reads; what is yielded gives all that it has read since."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    login = ("Username", account.username), ("Secret", account.secret)
    writer.write(render((("Action", "Login"), *login, ("Events", "call,user,system"))))
    await reader.readuntil(BOOTED)
    await reader.readuntil(END)

    async def heard() -> bytes:
        """Closes: the rest comes first."""
        writer.write(render((("Action", "Logoff"),)))
        data = await reader.read(-1)
        return data[: data.rindex(b"Response: Goodbye")]

    yield heard
    writer.close()


class Replay(asyncio.Protocol):
    """A manager that lets everybody in, and says the recording `times` times when told
    `Action: Replay`. Challenge, Login and whatever else is asked are answered with Success.
    """

    def __init__(self, data: bytes, times: int) -> None:
        self._data, self._times = data, times
        self._reader = ActionReader()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(BANNER)

    def data_received(self, data: bytes) -> None:
        for action in self._reader.feed(data):
            self._answer(action)

    def end(self) -> None:
        """Closes the connection."""
        self._transport.abort()

    def _answer(self, action: Action) -> None:
        name, action_id = action.get("Action").lower(), ("ActionID", action.get("ActionID"))
        challenge = (("Challenge", "123456789"),) if name == "challenge" else ()
        self._transport.write(render((("Response", "Success"), action_id, *challenge)))
        if name == "login":
            self._transport.write(render((("Event", "FullyBooted"),)))
        if name == "replay":
            for _ in range(self._times):
                self._transport.write(self._data)


@contextmanager
def replaying(data: bytes, times: int) -> Iterator[int]:
    """Its port. It runs in a thread of its own, so that its time is not the client's."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    made: list[Replay] = []

    def replay() -> Replay:
        made.append(Replay(data, times))
        return made[-1]

    async def quit_() -> None:
        server.close()
        for each in made:
            each.end()
        await asyncio.sleep(0)  # transports close in the loop's next turn

    try:
        listen = loop.create_server(replay, "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(listen, loop).result()
        yield server.sockets[0].getsockname()[1]
        asyncio.run_coroutine_threadsafe(quit_(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
