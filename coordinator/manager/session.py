"""One client's conversation: login, event mask, its actions. No sockets.

A login that fails is answered after a second, and the connection is closed: one try each, as
Asterisk has it. Nothing a client sends is logged but the user's name.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from coordinator.asterisk_config import FALSE, is_true
from coordinator.manager.actions import DENIED, perform
from coordinator.manager.parts import Parts
from coordinator.manager.protocol import Action, Headers
from coordinator.manager.replies import ack, answer, error
from coordinator.manager.users import CLASSES, User, Users

log = logging.getLogger(__name__)

#: Seconds until a failed login is answered (manager.c: action_login).
LOGIN_PENALTY_S = 1.0

#: Classes by their bits in a mask that is a number (manager.h), those of which there are events.
BITS = {1: "system", 32: "agent"}

#: For a name that nobody has: its secret is nobody's either.
NOBODY = User("", secrets.token_hex())


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send, and whether to hang up then."""

    messages: list[Headers]
    closes: bool = False


class Session:
    """Of the client at this address. `user`: None until it is logged in. `mask`: what it hears."""

    def __init__(self, parts: Parts, users: Users, address: str) -> None:
        self.user: User | None = None
        self.mask: frozenset[str] = frozenset()
        self._parts = parts
        self._users = users
        self._address = address
        self._challenge = ""
        self._began = time.monotonic()

    async def answer(self, action: Action) -> Answer:
        """What an action is answered with. Raises nothing."""
        name = action.name.lower()
        if action.fault:
            return Answer(error(action, action.fault))
        if not name:
            return Answer(error(action, "Missing action in request"))
        if name in _ANYTIME:
            return await _ANYTIME[name](self, action)
        if self.user is None:
            return Answer(error(action, DENIED))
        if name in _LOGGED_IN:
            return Answer(_LOGGED_IN[name](self, action))
        return Answer(await perform(self._parts, self.user, action))

    # ── coming and going ────────────────────────────────────────────────────────────────────

    async def challenge(self, action: Action) -> Answer:
        """A number that the next login proves to have mixed with the secret."""
        if action.get("AuthType").upper() != "MD5":
            return Answer(error(action, "Must specify AuthType"))
        self._challenge = self._challenge or str(secrets.randbits(63))
        return Answer([answer(action, "Success", ("Challenge", self._challenge))])

    async def login(self, action: Action) -> Answer:
        """By secret or by challenge."""
        if self.user is not None:
            return Answer(ack(action, "Already authenticated"))
        user = self._users.get(action.get("Username"), NOBODY)
        if not self._accepts(user, action):
            log.warning("login of %.40r from %s refused", action.get("Username"), self._address)
            await asyncio.sleep(LOGIN_PENALTY_S)
            return Answer(error(action, "Authentication failed"), closes=True)
        log.info("%s logged in from %s", user.name, self._address)
        self.user = user
        asked = _mask(action.get("Events") or "on")
        self.mask = (asked if asked is not None else CLASSES) & user.read
        return Answer([*ack(action, "Authentication accepted"), *self._booted()])

    def _accepts(self, user: User, action: Action) -> bool:
        if not user.may_come_from(self._address):
            return False
        if action.get("AuthType").upper() == "MD5":
            return bool(self._challenge) and user.proves(self._challenge, action.get("Key"))
        return user.knows(action.get("Secret"))

    def _booted(self) -> list[Headers]:
        """For who hears the system: clients wait for it before they begin."""
        if "system" not in self.mask:
            return []
        uptime = str(int(time.monotonic() - self._began))
        return [
            (
                ("Event", "FullyBooted"),
                ("Privilege", "system,all"),
                ("Uptime", uptime),
                ("LastReload", uptime),
                ("Status", "Fully Booted"),
            )
        ]

    async def logoff(self, action: Action) -> Answer:
        """The end, also of one who never logged in."""
        goodbye = answer(action, "Goodbye", ("Message", "Thanks for all the fish."))
        return Answer([goodbye], closes=True)

    # ── logged in ───────────────────────────────────────────────────────────────────────────

    def ping(self, action: Action) -> list[Headers]:
        """Answered though the line be away: it is this process that is asked."""
        timestamp = ("Timestamp", f"{time.time():.6f}")
        return [answer(action, "Success", ("Ping", "Pong"), timestamp)]

    def events(self, action: Action) -> list[Headers]:
        """Which classes of events are sent from now on, of those the user may read."""
        asked = _mask(action.get("EventMask"))
        if asked is None:
            return error(action, "Invalid event mask")
        self.mask = asked & (self.user.read if self.user else frozenset())
        return [answer(action, "Success", ("Events", "On" if asked else "Off"))]


def _mask(text: str) -> frozenset[str] | None:
    """Classes asked for: on, off, a list of names, or a number of bits. None for nothing said."""
    words = {word.strip() for word in text.lower().split(",")}
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 20:
        return frozenset(name for bit, name in BITS.items() if int(text) & bit)
    if text.lower() in FALSE:
        return frozenset()
    return CLASSES if is_true(text) or "all" in words else CLASSES & words


_ANYTIME: dict[str, Callable[[Session, Action], Awaitable[Answer]]] = {
    "challenge": Session.challenge,
    "login": Session.login,
    "logoff": Session.logoff,
}
_LOGGED_IN: dict[str, Callable[[Session, Action], list[Headers]]] = {
    "ping": Session.ping,
    "events": Session.events,
}
