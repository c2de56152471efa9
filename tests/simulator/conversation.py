"""One conversation with two boxes, spoken by hand as an adapter would: simulated or real.

What a box says in each chapter is reduced to what must be equal on every box: which messages,
which headers in which order, and the values in `FACTS`. Ids and times differ, and so may the
order of messages that different threads of Asterisk raise; `in_order` keeps the orders that hold.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ami_adapter.simulator.phones import Behaviour

#: Headers whose values are the same on every box. Never an id, a time or a channel's name.
FACTS = (
    "Event", "Response", "Message", "UserEvent", "Cause", "Cause-txt", "TechCause", "Reason",
    "ChannelStateDesc", "BridgeNumChannels", "Device", "State", "Outcome", "Visit", "Queue", "Prio",
    "MinPenalty", "CallerNum", "CallerIDNum", "ConnectedLineNum", "Key", "Ping", "Events",
    "ActionID", "Variable", "Value", "EventList", "ListItems", "Items", "Offer",
    "Heard", "Spoke",
)  # fmt: skip

FAILURES = {
    "busy": Behaviour("busy"),
    "decline": Behaviour("decline", after=0.2),
    "unanswered": Behaviour("ignore"),
}

Message = tuple[tuple[str, str], ...]


class Hand(Protocol):
    """Who makes calls and answers phones: simulated people, or SIP user agents."""

    async def phone(self, agent: str, box: str, behaviour: Behaviour) -> None:
        """A phone registered at a box."""
        ...

    def behave(self, agent: str, behaviour: Behaviour) -> None:
        """What it does from the next call on."""
        ...

    async def caller(self, box: str) -> None:
        """Somebody calls the queue `sales` with number 5550001."""
        ...

    async def caller_hangs_up(self) -> None: ...


@dataclass
class Ami:
    """A raw AMI session that keeps every message with all its headers."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    banner: bytes = b""
    messages: list[Message] = field(default_factory=list)
    task: asyncio.Task[None] | None = None
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    async def open(cls, host: str, port: int) -> "Ami":
        """Connect and read the banner."""
        ami = cls(*await asyncio.open_connection(host, port))
        ami.banner = await ami.reader.readline()
        ami.task = asyncio.create_task(ami._read())
        return ami

    async def close(self) -> None:
        """Close and wait for the reading to end."""
        self.writer.close()
        if self.task is not None:
            await self.task

    async def _read(self) -> None:
        while True:
            try:
                block = await self.reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            lines = block.decode().removesuffix("\r\n\r\n").split("\r\n")
            self.messages.append(tuple((k, v) for k, _, v in (x.partition(": ") for x in lines)))
            self._came.set()

    def write(self, *headers: str) -> None:
        """Send an action."""
        self.writer.write("".join(f"{header}\r\n" for header in (*headers, "")).encode())

    async def until(self, condition: Callable[[list[Message]], object]) -> None:
        """Wait until what came meets the condition. TimeoutError after ten seconds."""
        async with asyncio.timeout(10):
            while not condition(self.messages):
                self._came.clear()
                await self._came.wait()

    def take(self) -> list[Message]:
        """What came since the last time."""
        taken, self.messages = self.messages, []
        return taken


def has(count: int = 1, **wanted: str) -> Callable[[list[Message]], bool]:
    """Whether `count` messages carry these headers; Cause_txt stands for Cause-txt."""
    pairs = {(name.replace("_", "-"), value) for name, value in wanted.items()}
    return lambda messages: sum(pairs <= set(message) for message in messages) >= count


@dataclass(frozen=True)
class Box:
    """Where a box's AMI is."""

    host: str
    port: int
    username: str
    secret: str


class Conversation:
    """Chapter by chapter. `chapters` holds, per chapter and box, the messages as they came."""

    def __init__(self, hand: Hand, boxes: dict[str, Box]) -> None:
        self.hand, self.boxes = hand, boxes
        self.chapters: dict[str, list[Message]] = {}
        self.caller = ""

    async def hold(self) -> None:
        """All of it."""
        await self._login()
        await self._variables()
        await self._phones()
        await self._join()
        for name, behaviour in FAILURES.items():
            self.hand.behave("101", behaviour)
            await self._failed(name, "PJSIP/101")
        await self._cancelled()
        await self._repeated()
        await self._unreachable()
        await self._trunk_refused()
        await self._agent_hangs_up()
        await self._caller_hangs_up()
        await self._trunk_agent_hangs_up()
        await self._released()
        await self._abandoned()
        await self._refusals()
        await self.ami.close()

    def _end(self, chapter: str) -> None:
        self.chapters[chapter] = self.ami.take()

    async def _login(self) -> None:
        box = self.boxes["a"]
        self.ami = ami = await Ami.open(box.host, box.port)
        ami.write("Action: Ping", "ActionID: early")
        ami.write("Action: Challenge", "ActionID: challenge", "AuthType: MD5")
        await ami.until(has(ActionID="challenge"))
        challenge = dict(ami.messages[-1])["Challenge"]
        key = hashlib.md5((challenge + box.secret).encode(), usedforsecurity=False).hexdigest()
        self._do("Login", "login", "AuthType: MD5", f"Username: {box.username}", f"Key: {key}")
        await ami.until(has(Event="FullyBooted"))
        self._do("Ping", "ping")
        self._do("Nonsense", "nonsense")
        self._do("Events", "mask", "EventMask: call,user,system")
        await ami.until(has(ActionID="mask"))
        self._end("login")

    def _do(self, action: str, action_id: str, *headers: str) -> None:
        self.ami.write(f"Action: {action}", f"ActionID: {action_id}", *headers)

    async def _variables(self) -> None:
        self._do("Setvar", "set", "Variable: GVQ_KEY", "Value: k1")
        self._do("Setvar", "set nothing", "Value: k1")
        self._do("Setvar", "set nowhere", "Channel: none", "Variable: X", "Value: 1")
        await self.ami.until(has(ActionID="set nowhere"))
        self._end("variables")

    async def _phones(self) -> None:
        await self.hand.phone("101", "a", Behaviour())
        await self.ami.until(has(Device="PJSIP/101", State="NOT_INUSE"))
        await self.hand.phone("102", "b", Behaviour())
        self._end("phones")
        self._do("DeviceStateList", "devices")
        await self.ami.until(has(Event="DeviceStateListComplete"))
        known = ("PJSIP/101", "PJSIP/102", "PJSIP/gvq-b", "")
        listed = [m for m in self.ami.take() if dict(m).get("Device", "") in known]
        self.chapters["devices"] = [tuple(p for p in m if p[0] != "ListItems") for m in listed]
        self._do("ExtensionStateList", "hints")
        await self.ami.until(has(Event="ExtensionStateListComplete"))
        self._end("hints")

    async def _join(self, chapter: str = "join") -> None:
        await self.hand.caller("a")
        await self.ami.until(has(UserEvent="GvqJoin"))
        join = next(dict(m) for m in self.ami.messages if ("UserEvent", "GvqJoin") in m)
        self.caller = join["Uniqueid"]
        self.visit = f"{self.caller}-{join['Visit']}"
        await self._told()
        self._do("Status", "status", "Variables: GVQ_STATE,GVQ_TICKET,GVQ_OFFER")
        await self.ami.until(has(Event="StatusComplete"))
        self._end(chapter)

    async def _told(self) -> None:
        """What the caller is to hear: nothing, now and later."""
        await self.ami.until(has(UserEvent="GvqAsk"))
        answer = (f"Channel: {self.caller}", "Variable: GVQ_TOLD", "Value: 0,,,,,0,0")
        self._do("Setvar", "told", *answer)
        await self.ami.until(has(ActionID="told"))

    def _originate(self, offer: str, target: str, timeout: str = "5000") -> None:
        self._do(
            "Originate", offer, f"ChannelId: {offer}", f"Channel: {target}", "Async: true",
            "Context: gvq-agent", "Exten: s", "Priority: 1", f"Timeout: {timeout}",
            'CallerID: "Ann" <5550001>', f"Variable: GVQ_OFFER={offer}", "Variable: GVQ_FENCE=1",
            f"Variable: GVQ_CALLER={self.caller}", f"Variable: GVQ_CALL={self.visit}",
        )  # fmt: skip

    async def _failed(self, name: str, target: str) -> None:
        self._originate(f"gvq-{name}", target, "1000")
        await self.ami.until(has(Event="OriginateResponse", ActionID=f"gvq-{name}"))
        await self.ami.until(has(Event="Hangup", Uniqueid=f"gvq-{name}"))
        if name.endswith(("decline", "unanswered")):
            await self.ami.until(has(Event="DeviceStateChange", State="NOT_INUSE"))
        self._end(name)

    async def _cancelled(self) -> None:
        self._originate("gvq-cancelled", "PJSIP/101")
        await self.ami.until(has(Device="PJSIP/101", State="RINGING"))
        self._do("Hangup", "cancel", "Channel: gvq-cancelled", "Cause: 26")
        await self.ami.until(has(Event="Hangup", Uniqueid="gvq-cancelled"))
        await self.ami.until(has(Event="OriginateResponse"))
        await self.ami.until(has(Device="PJSIP/101", State="NOT_INUSE"))
        self._end("cancelled")

    async def _repeated(self) -> None:
        self._originate("gvq-repeated", "PJSIP/101")
        await self.ami.until(has(Device="PJSIP/101", State="RINGING"))
        self._originate("gvq-repeated", "PJSIP/101")
        await self.ami.until(has(Event="OriginateResponse"))
        self._end("repeated")
        self._do("Hangup", "cancel", "Channel: gvq-repeated")
        await self.ami.until(has(Event="OriginateResponse"))
        await self.ami.until(has(Device="PJSIP/101", State="NOT_INUSE"))
        self.ami.take()

    async def _unreachable(self) -> None:
        for offer, target in (("gvq-away", "PJSIP/102"), ("gvq-nobody", "PJSIP/999")):
            self._originate(offer, target)
            await self.ami.until(has(Event="OriginateResponse", ActionID=offer))
        self._end("unreachable")

    async def _trunk_refused(self) -> None:
        for name, behaviour in FAILURES.items():
            self.hand.behave("102", behaviour)
            await self._failed(f"trunk-{name}", "PJSIP/102@gvq-b")
        await self._unregistered()

    async def _unregistered(self) -> None:
        self._originate("gvq-trunk-nobody", "PJSIP/101@gvq-b")
        await self.ami.until(has(Event="OriginateResponse"))
        await self.ami.until(has(Event="Hangup", Uniqueid="gvq-trunk-nobody"))
        self._end("trunk-nobody")

    async def _agent_hangs_up(self) -> None:
        self.hand.behave("101", Behaviour(talk=0.3))
        self._originate("gvq-talk", "PJSIP/101")
        await self.ami.until(has(Event="BridgeEnter", Uniqueid="gvq-talk"))
        await self.ami.until(has(2, Event="Hangup"))
        await self.ami.until(has(Device="PJSIP/101", State="NOT_INUSE"))
        self._end("agent hangs up")

    async def _caller_hangs_up(self) -> None:
        await self._join("join again")
        self.hand.behave("102", Behaviour())
        self._originate("gvq-trunk-talk", "PJSIP/102@gvq-b")
        await self.ami.until(has(Event="BridgeEnter", Uniqueid="gvq-trunk-talk"))
        await self.ami.until(has(Device="PJSIP/gvq-b", State="INUSE"))
        self._end("trunk talk")
        await self.hand.caller_hangs_up()
        await self.ami.until(has(2, Event="Hangup"))
        await self.ami.until(has(Device="PJSIP/gvq-b", State="NOT_INUSE"))
        self._end("caller hangs up")

    async def _trunk_agent_hangs_up(self) -> None:
        await self._join("join for the trunk")
        self.hand.behave("102", Behaviour(talk=0.3))
        self._originate("gvq-trunk-bye", "PJSIP/102@gvq-b")
        await self.ami.until(has(2, Event="Hangup"))
        await self.ami.until(has(Device="PJSIP/gvq-b", State="NOT_INUSE"))
        self._end("trunk agent hangs up")

    async def _released(self) -> None:
        await self._join("join to be released")
        channel = f"Channel: {self.caller}"
        self._do("Setvar", "status", channel, "Variable: GVQ_STATUS", "Value: WITHDRAW")
        self._do("Getvar", "read", channel, "Variable: GVQ_STATUS")
        self._do("Redirect", "release", channel, "Context: gvq-leave", "Exten: s", "Priority: 1")
        await self.ami.until(has(UserEvent="GvqLeave"))
        await self.ami.until(has(Event="Hangup"))
        self._end("released")

    async def _abandoned(self) -> None:
        await self._join("join to abandon")
        await self.hand.caller_hangs_up()
        await self.ami.until(has(Event="Hangup"))
        self._end("abandoned")

    async def _refusals(self) -> None:
        self._do("Hangup", "hang up nobody", "Channel: none")
        self._do("Hangup", "hang up")
        self._do(
            "Redirect", "redirect nobody", "Channel: none", "Context: x", "Exten: s", "Priority: 1"
        )
        self._do("Redirect", "redirect", "Context: x", "Exten: s", "Priority: 1")
        self._do("Status", "status of nobody", "Channel: none")
        self._do(
            "Originate", "originate nowhere", "Channel: PJSIP/101", "Async: true",
            "Context: gvq-agent", "Exten: nowhere", "Priority: 1",
        )  # fmt: skip
        self._do("Originate", "originate nobody", "Async: true", "Context: gvq-agent", "Exten: s")
        self._do("CoreShowChannels", "not allowed")
        self._do("Status", "empty")
        await self.ami.until(has(ActionID="empty", Event="StatusComplete"))
        self._end("refusals")


#: A device belongs to the phone's endpoint; how callers come in differs from box to box.
_CALLERS_DEVICE = re.compile(r"PJSIP/(?!gvq-|\d+$)")


def facts(chapter: list[Message]) -> list[str]:
    """The chapter as every box must have it: sorted, each message as its headers and facts.

    Of a device only its last state: Asterisk works a state out when it comes to tell it, so
    whether a box under load tells of the states on the way there is chance.
    """
    last = {dict(message).get("Device"): message for message in chapter}
    return sorted(
        "|".join(f"{name}={value}" if name in FACTS else name for name, value in message)
        for message in chapter
        if (device := dict(message).get("Device")) is None
        or (message is last[device] and not _CALLERS_DEVICE.match(device))
    )


def order(chapter: list[Message]) -> list[str]:
    """The order that holds in spite of threads: who asks for the end, who entered, who said."""
    told = (dict(message) for message in chapter)
    return [
        f"{event.get('UserEvent', event['Event'])} {_who(event)}"
        for event in told
        if event.get("Event") in ("UserEvent", "BridgeEnter", "HangupRequest")
    ]


def _who(event: dict[str, str]) -> str:
    return "agent" if event.get("Uniqueid", "").startswith("gvq-") else "caller"


def digest(conversation: Conversation) -> dict[str, dict[str, list[str]]]:
    """What a recording holds."""
    return {
        name: {"facts": facts(chapter), "order": order(chapter)}
        for name, chapter in conversation.chapters.items()
    }
