"""One AMI session: panoramisk wrapped, with every trap of it closed. Nothing else imports it.

What holds here, each with a test of its name in tests/adapter/test_connection.py:

* **Never re-sent.** A session has its own Manager and never reconnects. What was unanswered
  when it ended has failed, and the caller of `send` is told.
* **Whole messages, in order.** panoramisk decodes each read by itself; a character split over
  two reads would be lost. It is fed whole messages only, from a bounded buffer.
* **One synchronous callback → one queue.** Coroutine callbacks run as separate tasks, in any order.
* **Nothing is injected.** CR, LF or NUL in a value, a line over 1024 bytes, more than 128
  lines: refused before anything is written (limits of main/manager.c).
* **A dead peer ends the session.** Every action has a deadline, our own Ping included. AMI answers
  in order, so one overdue answer means that none will come.
* **A refused login is an error**, as is a peer that is not Asterisk. Only an MD5 of challenge
  and secret is sent; a manager that offers no challenge is not told the secret.
* **Originate is answered by its Response.** Its OriginateResponse comes as an event, always.
* **No regular expressions, no stray globals.** Hangup of a channel beginning with "/" would
  end every channel that matches; Setvar without channel sets a global.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message

from ami_adapter.actions import MAX_LINE, Values, check
from ami_adapter.headers import Headers

log = logging.getLogger(__name__)

#: A message longer than this is no message, bytes. Asterisk's own are a few thousand.
MAX_MESSAGE = 1024 * 1024

#: More events than this not yet taken: the process has stalled, a fresh start is cheaper.
MAX_QUEUED = 100_000

#: Event classes we read; the manager's user and its filters narrow them further.
EVENT_MASK = "call,user,system"

_GREETING = b"Asterisk Call Manager/"


class AmiError(Exception):
    """The manager cannot be used. The text is one sentence for the log."""


class AmiClosed(AmiError):
    """The session has ended; what was unanswered may or may not have been done."""


class AmiRefused(AmiError):
    """The manager refused the login, or is not Asterisk's. Only the operator can mend it."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Where the manager is and how it is spoken to. Times in seconds."""

    host: str
    port: int
    username: str
    secret: str = field(repr=False)
    deadline_s: float = 5.0
    ping_s: float = 2.0

    def __str__(self) -> str:
        return f"manager {self.username}@{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Reply:
    """The Response to an action; `items` are the events of a list action, in order."""

    success: bool
    message: str
    headers: Headers
    items: tuple[Headers, ...] = ()

    @property
    def value(self) -> str:
        """Of a variable that was asked for; "" when there is none, or no such channel."""
        value = self.headers.get("value", "")
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Received:
    """An event and when it was read, µs on the adapter's monotonic clock."""

    headers: Headers
    at_us: int


class AmiSession:
    """A logged-in session. Get one from `connect`; end it with `close`."""

    def __init__(self, peer: Peer, now_us: Callable[[], int]) -> None:
        self.peer = peer
        #: Every event, in Asterisk's order.
        self.events: asyncio.Queue[Received] = asyncio.Queue(MAX_QUEUED)
        self._now_us = now_us
        self._manager = _Manager(self._take, self._end)
        self._ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._booted = asyncio.Event()
        self._pinger: asyncio.Task[None] | None = None

    def send(self, action: str, values: Values | None = None, *, listing: bool = False,
             action_id: str = "") -> asyncio.Future[Reply]:  # fmt: skip
        """Writes an action now; the future is its answer, or AmiClosed.

        Written before this returns, so actions go out in the order of the calls. `listing`: the
        answer is complete with the list's last event. Raises UnsafeAction, AmiClosed.
        """
        check(action, values or {}, action_id)
        return self._write(action, values or {}, listing, action_id)

    def set_global(self, name: str, value: str) -> asyncio.Future[Reply]:
        """Sets a global variable of the dialplan."""
        values = {"Variable": name, "Value": value}
        check("Setvar", values, global_variable=True)
        return self._write("Setvar", values)

    def set_variable(self, channel: str, name: str, value: str) -> asyncio.Future[Reply]:
        """Sets a variable on the channel of this name or Uniqueid."""
        return self.send("Setvar", {"Channel": channel, "Variable": name, "Value": value})

    def variable(self, channel: str, name: str) -> asyncio.Future[Reply]:
        """Asks for a variable of the channel of this name or Uniqueid."""
        return self.send("Getvar", {"Channel": channel, "Variable": name})

    def hangup(self, channel: str, cause: int) -> asyncio.Future[Reply]:
        """Hangs up the one channel of this name or Uniqueid."""
        return self.send("Hangup", {"Channel": channel, "Cause": str(cause)})

    def redirect(self, channel: str, context: str, exten: str) -> asyncio.Future[Reply]:
        """Sends the channel on, to priority 1."""
        to = {"Context": context, "Exten": exten, "Priority": "1"}
        return self.send("Redirect", {"Channel": channel, **to})

    async def wait_ended(self) -> None:
        """Waits for the end of the session, then raises AmiClosed with the reason."""
        raise AmiClosed(await asyncio.shield(self._ended))

    async def close(self) -> None:
        """Ends the session; unanswered actions fail."""
        self._end("the adapter has closed it")
        if self._pinger is not None:
            await asyncio.gather(self._pinger, return_exceptions=True)

    def _write(self, action: str, values: Values, listing: bool = False, action_id: str = ""
               ) -> asyncio.Future[Reply]:  # fmt: skip
        if self._ended.done():
            raise AmiClosed(self._ended.result())
        headers = {"Action": action, **values} | ({"ActionID": action_id} if action_id else {})
        asked = _Asked(headers, listing)
        self._manager.send_action(asked)
        overdue = f"no answer to {action} within {self.peer.deadline_s:g} s"
        timer = asyncio.get_running_loop().call_later(self.peer.deadline_s, self._end, overdue)
        asked.future.add_done_callback(lambda _: timer.cancel())
        answer: asyncio.Future[Reply] = asked.future
        return answer

    def _take(self, headers: Headers) -> None:
        if headers["event"] == "FullyBooted":
            self._booted.set()
        try:
            self.events.put_nowait(Received(headers, self._now_us()))
        except asyncio.QueueFull:
            self._end(f"{MAX_QUEUED} events wait to be taken")

    def _end(self, reason: str) -> None:
        if self._ended.done():
            return
        self._ended.set_result(f"The session with {self.peer} ended: {reason}.")
        if self._pinger is not None:
            self._pinger.cancel()
        self._manager.abandon(AmiClosed(self._ended.result()))

    async def _open(self) -> None:
        """Connects, greets, logs in. Raises AmiError."""
        try:
            async with asyncio.timeout(self.peer.deadline_s):
                await self._manager.dial(self.peer.host, self.peer.port)
        except TimeoutError as error:
            raise AmiClosed(f"No greeting from {self.peer} in time.") from error
        except OSError as error:
            raise AmiClosed(f"There is no {self.peer}: {error.strerror or error}.") from error
        await self._login()
        await self._wait_booted()
        self._pinger = asyncio.create_task(self._ping(), name="ami-ping")

    async def _login(self) -> None:
        challenge = await self.send("Challenge", {"AuthType": "MD5"})
        digits = challenge.headers.get("challenge", "")
        if not challenge.success or not isinstance(digits, str) or not digits:
            raise AmiRefused(f"The {self.peer} offers no MD5 challenge: {challenge.message}.")
        key = hashlib.md5((digits + self.peer.secret).encode(), usedforsecurity=False).hexdigest()
        login = {"AuthType": "MD5", "Username": self.peer.username, "Key": key}
        reply = await self.send("Login", {**login, "Events": EVENT_MASK})
        if not reply.success:
            raise AmiRefused(f"The {self.peer} refused the login: {reply.message}.")

    async def _wait_booted(self) -> None:
        """Until then Asterisk knows neither its channels nor all of its actions."""
        try:
            async with asyncio.timeout(self.peer.deadline_s):
                await self._booted.wait()
        except TimeoutError:
            hint = "Asterisk is starting, or the user lacks read=system"
            raise AmiClosed(f"No FullyBooted from {self.peer}: {hint}.") from None

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self.peer.ping_s)
            await self.send("Ping")


async def connect(peer: Peer, now_us: Callable[[], int]) -> AmiSession:
    """A logged-in session. Raises AmiRefused, AmiClosed."""
    session = AmiSession(peer, now_us)
    try:
        await session._open()
    except BaseException:
        await session.close()
        raise
    return session


def _plain(message: Mapping[str, Any]) -> Headers:
    return {name.lower(): value for name, value in message.items()}


class _Asked(Action):  # type: ignore[misc]
    """An action that is answered by its Response, or by its whole list."""

    def __init__(self, headers: Mapping[str, Any], listing: bool) -> None:
        super().__init__(headers)
        self.listing = listing

    @property
    def completed(self) -> bool:
        if not self.listing or not self.responses[0].success:
            return True
        return str(self.responses[-1].eventlist).lower() in ("complete", "cancelled")

    def add_message(self, message: Message) -> bool:
        """Takes a message for this action; true when it was the last."""
        self.responses.append(message)
        if not self.completed:
            return False
        if not self.future.done():
            first, *items = (_plain(r) for r in self.responses)
            text = str(first.get("message", ""))
            self.future.set_result(Reply(self.responses[0].success, text, first, tuple(items)))
        return True


class _Protocol(AMIProtocol):  # type: ignore[misc]
    """panoramisk's protocol, fed whole messages from a bounded buffer."""

    def __init__(self, manager: "_Manager") -> None:
        self.manager = manager

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        # Now, not when the connecting task runs next: the peer may have closed by then.
        self.factory, self.manager.protocol = self.manager, self
        self.encoding = "utf8"
        self.buffer = bytearray()
        self.greeted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        """panoramisk's own would first put aside what is unanswered, to send it again."""
        self.factory.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes as TCP cut them."""
        searched = max(0, len(self.buffer) - 3)
        self.buffer += data
        if not self.greeted.done():
            searched = 0
            if not self._greet():
                return
        while not self.closed and (end := self.buffer.find(b"\r\n\r\n", searched)) >= 0:
            message = bytes(self.buffer[: end + 4])
            del self.buffer[: end + 4]
            searched = 0
            super().data_received(_one_spelling(message))
        if len(self.buffer) > MAX_MESSAGE:
            self.factory.end(f"a message is longer than {MAX_MESSAGE} bytes")

    def handle_message(self, message: Message) -> None:
        """Answers go to their action, all else is an event: a pending Originate's too."""
        action_id = message.get("ActionID")
        asked = self.responses.get(action_id) if isinstance(action_id, str) else None
        if asked is not None and ("event" not in message or asked.listing):
            if asked.add_message(message):
                del self.responses[action_id]
        elif "event" not in message:
            log.debug("AMI answer to no question of ours: %r", message)
        elif isinstance(message["event"], str):
            self.factory.dispatch(message)
        else:
            log.warning("AMI event dropped: header Event came %d times", len(message["event"]))

    def _greet(self) -> bool:
        line, found, rest = bytes(self.buffer).partition(b"\r\n")
        if not found and len(line) < MAX_LINE:
            return False
        if not found or not line.startswith(_GREETING):
            text = line[:60].decode("utf8", "replace")
            self.greeted.set_exception(AmiRefused(f"It greets with {text!r}, not as Asterisk."))
            return False
        self.buffer[:] = rest
        super().data_received(line + b"\r\n\r\n")
        self.greeted.set_result(None)
        return True


class _Manager(Manager):  # type: ignore[misc]
    """panoramisk's manager of one connection: no reconnect, no ping, no login of its own."""

    def __init__(self, take: Callable[[Headers], None], end: Callable[[str], None]) -> None:
        super().__init__()
        self.callbacks.clear()  # its own would send again what was unanswered
        self.patterns.clear()
        self.end = end
        self.register_event("*", lambda _, event: self._event(event, take))

    async def dial(self, host: str, port: int) -> None:
        """Connects and waits for the greeting. Raises OSError, AmiRefused."""
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_connection(lambda: _Protocol(self), host, port)
        await protocol.greeted

    def connection_lost(self, exc: object) -> None:
        """Called by the protocol, once."""
        self.end(str(exc) if isinstance(exc, Exception) else "the peer closed it")

    def abandon(self, error: AmiClosed) -> None:
        """Closes the connection; every unanswered action fails with `error`."""
        if self.protocol is None:
            return
        unanswered = {id(asked): asked for asked in self.protocol.responses.values()}
        self.protocol.responses.clear()
        if not self.protocol.closed:
            self.protocol.close()
        for future in [self.protocol.greeted, *(a.future for a in unanswered.values())]:
            if not future.done():
                future.set_exception(error)
                future.exception()  # not every asker waits for the answer

    def _event(self, event: Message, take: Callable[[Headers], None]) -> None:
        take(_plain(event))
        if event.event == "Shutdown":
            self.end("Asterisk shuts down")


def _one_spelling(message: bytes) -> bytes:
    """Gives a header that comes as `Queue` and as `queue` one spelling, so it counts as repeated.

    panoramisk sees two headers there and keeps the later: an injected line could replace
    Asterisk's own. Bytes that are no UTF-8 become U+FFFD here instead of vanishing.
    """
    lines = message.decode("utf8", "replace").split("\r\n")
    spelling: dict[str, str] = {}
    for index, line in enumerate(lines):
        name, colon, value = line.partition(": ")
        if colon:
            lines[index] = spelling.setdefault(name.lower(), name) + colon + value
    return "\r\n".join(lines).encode()
