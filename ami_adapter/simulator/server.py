"""A box's AMI on TCP: sessions, logins, event masks, filters."""

import asyncio
import hashlib
import random
import socket
from collections import deque
from functools import partial

from ami_adapter.simulator.account import ALL, Account
from ami_adapter.simulator.actions import TABLE, Context
from ami_adapter.simulator.box import Box
from ami_adapter.simulator.events import CLASSES, Event
from ami_adapter.simulator.faults import WireFaults, pieces
from ami_adapter.simulator.messages import BANNER, Action, ActionReader, Headers, render
from ami_adapter.simulator.network import Network

#: A failed login is answered after this, seconds (manager.c: authenticate()).
LOGIN_PENALTY = 1.0


class AmiServer:
    """The manager of one box. `faults` may be changed at any time."""

    def __init__(self, network: Network, box: Box, account: Account, host: str, port: int) -> None:
        self.network, self.box, self.account = network, box, account
        self.host, self.port = host, port
        self.faults = WireFaults()
        self.dice = random.Random(box.name)
        self.sessions: set[Session] = set()
        self._server: asyncio.Server | None = None
        box.listener = self._heard

    async def start(self) -> None:
        """Listen. Port 0 takes a free one, which `port` then names."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(partial(Session, self), self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
            self.drop()
            await self._server.wait_closed()
            self._server = None

    def drop(self) -> None:
        """Break every connection; adapters may come back at once."""
        for session in list(self.sessions):
            session.abort()

    def _heard(self, event: Event) -> None:
        data = render(event.lines(self.box.name))
        if self.account.passes(event, data.decode("utf-8", "surrogateescape")):
            for session in self.sessions:
                session.send_event(event, data)

    def listen(self) -> None:
        """Some session's mask changed: raise only what somebody may hear."""
        account, masks = self.account, [session.mask for session in self.sessions]
        self.box.audible = frozenset(
            name for name in CLASSES if any(account.hears(name, mask) for mask in masks)
        )


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, server: AmiServer) -> None:
        self.mask: frozenset[str] = frozenset()
        self._server = server
        self._reader = ActionReader()
        self._challenge = ""
        self._authenticated = False
        self._transport: asyncio.Transport | None = None
        self._outbox: deque[tuple[float, bytes]] = deque()

    # ── asyncio.Protocol ────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        sock: socket.socket = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = transport
        self._server.sessions.add(self)
        self._send(BANNER)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._server.sessions.discard(self)
        self._server.listen()

    def data_received(self, data: bytes) -> None:
        if not self._server.faults.stall:
            for action in self._reader.feed(data):
                self._act(action)

    def abort(self) -> None:
        """Break off with no farewell."""
        if self._transport is not None:
            self._transport.abort()

    # ── events ──────────────────────────────────────────────────────────────────────────────

    def send_event(self, event: Event, data: bytes) -> None:
        """An event, if the mask lets it through; perhaps twice."""
        if CLASSES[event.name] not in self.mask:
            return
        self._send(data)
        faults = self._server.faults
        if faults.duplicate and self._server.dice.random() < faults.duplicate:
            self._send(data)

    # ── actions ─────────────────────────────────────────────────────────────────────────────

    def _act(self, action: Action) -> None:
        it = Context(self._server.network, self._server.box, action, self._reply)
        name = action.get("Action").lower()
        if action.fault:
            it.refuse(action.fault)
        elif not name:
            it.refuse("Missing action in request")
        elif name in _ANYTIME:
            _ANYTIME[name](self, it)
        elif not self._authenticated:
            it.refuse("Permission denied")
        else:
            self._perform(it, name)

    def _perform(self, it: Context, name: str) -> None:
        if name in _SESSION:
            _SESSION[name](self, it)
        elif name not in TABLE:
            it.refuse(
                f"Invalid/unknown command: {it.get('Action')}. "
                "Use Action: ListCommands to show available commands."
            )
        elif TABLE[name][0] and not TABLE[name][0] & self._server.account.write:
            it.refuse("Permission denied")
        else:
            TABLE[name][1](it)

    def _do_challenge(self, it: Context) -> None:
        if it.get("AuthType").upper() != "MD5":
            it.refuse("Must specify AuthType")
            return
        self._challenge = str(self._server.dice.randint(10**8, 10**9))
        it.answer("Success", ("Challenge", self._challenge))

    def _do_login(self, it: Context) -> None:
        if self._accepts(it):
            self._authenticated = True
            it.answer("Success", ("Message", "Authentication accepted"))
            self._set_mask(it.get("Events") or "on")
            self._fully_booted()
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(LOGIN_PENALTY, self._turn_away, it)

    def _accepts(self, it: Context) -> bool:
        account = self._server.account
        if it.get("Username") != account.username:
            return False
        if it.get("AuthType").upper() == "MD5" and self._challenge:
            secret = self._challenge + account.secret
            return it.get("Key") == hashlib.md5(secret.encode(), usedforsecurity=False).hexdigest()
        return it.get("Secret") == account.secret

    def _turn_away(self, it: Context) -> None:
        it.refuse("Authentication failed")
        if self._transport is not None:
            self._transport.close()

    def _fully_booted(self) -> None:
        box = self._server.box
        uptime = str(int(box.clock.now() - box.booted))
        status = (("Uptime", uptime), ("LastReload", uptime), ("Status", "Fully Booted"))
        event = Event("FullyBooted", status)
        if self._server.account.passes(event, ""):
            self.send_event(event, render(event.lines(box.name)))

    def _do_events(self, it: Context) -> None:
        text = it.get("EventMask")
        if not text:
            it.refuse("Invalid event mask")
            return
        self._set_mask(text)
        it.answer("Success", ("Events", "Off" if text.lower() == "off" else "On"))

    def _set_mask(self, text: str) -> None:
        asked = frozenset(part.strip() for part in text.lower().split(","))
        self.mask = (ALL if asked & {"on", "all"} else asked) & self._server.account.read
        self._server.listen()

    def _do_logoff(self, it: Context) -> None:
        it.answer("Goodbye", ("Message", "Thanks for all the fish."))
        if self._transport is not None:
            self._transport.close()

    # ── the wire ────────────────────────────────────────────────────────────────────────────

    def _reply(self, headers: Headers) -> None:
        self._send(render(headers))

    def _send(self, data: bytes) -> None:
        faults = self._server.faults
        if self._outbox or faults.delay or faults.piece or faults.stall:
            self._queue(data)
        elif self._transport is not None:
            self._transport.write(data)

    def _queue(self, data: bytes) -> None:
        """One timer at a time, so that nothing overtakes; each piece is a write of its own."""
        faults = self._server.faults
        due = asyncio.get_running_loop().time() + faults.delay
        idle = not self._outbox
        self._outbox.extend((due, piece) for piece in pieces(data, faults.piece, self._server.dice))
        if idle:
            self._wait()

    def _wait(self) -> None:
        asyncio.get_running_loop().call_at(self._outbox[0][0], self._write)

    def _write(self) -> None:
        _, data = self._outbox.popleft()
        if self._transport is not None and not self._server.faults.stall:
            self._transport.write(data)
        if self._outbox:
            self._wait()


_ANYTIME = {
    "challenge": Session._do_challenge,
    "login": Session._do_login,
    "logoff": Session._do_logoff,
}
_SESSION = {"events": Session._do_events}
