"""Who the members are: one agent a phone, whatever the queues call it. Pure.

Queue() knows interfaces; here a member is an agent, a person with a name. The name is the
member's name made valid, or else what stands behind the interface's '/'. An --agents file says
otherwise: it names an agent by interface, or gives the phone of an agent by name.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from coordinator.api.schemas.common import Text
from coordinator.api.schemas.imports import ImportAgent
from coordinator.asterisk_config import Line
from coordinator.importer.findings import Findings, at
from coordinator.importer.options import is_true
from coordinator.importer.source import AgentGiven, MemberGiven
from coordinator.names import NAME_PATTERN, Interface

_INTERFACE: TypeAdapter[str] = TypeAdapter(Interface)
_TEXT: TypeAdapter[str] = TypeAdapter(Text)

#: Technologies that only lead to a phone: no box knows its state by them.
INDIRECT = ("local", "agent")


@dataclass(slots=True, eq=False)
class Phone:
    """An agent to be, and the lines that make it."""

    interface: str
    line: Line
    name: str = ""
    display_name: str = ""
    listed: bool = False
    paused: dict[str, bool] = field(default_factory=dict)


class Agents:
    """Agents by their phones."""

    def __init__(self, listed: Iterable[AgentGiven], findings: Findings) -> None:
        self._findings = findings
        self._phones: dict[str, Phone] = {}
        self._listed: dict[str, Phone] = {}
        for one in listed:
            self._list(one)

    def serves(self, queue: str, member: MemberGiven) -> Phone | None:
        """The phone of a queue's member; None, and an error, when none can be rung."""
        phone = self._phone(member)
        if phone is None:
            self._findings.error(
                member.line,
                f"[{queue}] {member.interface} is no phone whose state a box knows, as PJSIP/101 "
                "is; name the phone in an --agents file: "
                f"{_own_name(member) or 'name'},PJSIP/…",
            )
            return None
        self._call(phone, member)
        phone.paused[queue] = is_true(member.paused)
        return phone

    def all(self) -> dict[str, ImportAgent]:
        """Every agent by name."""
        named: dict[str, Phone] = {}
        for phone in self._phones.values():
            phone.name = phone.name or valid_name(_behind(phone.interface))
            other = named.setdefault(phone.name, phone)
            if not phone.name:
                says = (
                    "no name can be made for an agent; give the member one, of letters and digits"
                )
                self._findings.error(phone.line, f"{phone.interface}: {says}.")
            elif other is not phone:
                self._findings.error(
                    phone.line,
                    f"{phone.interface} would be agent {phone.name!r}, as {other.interface} is by "
                    f"{at(other.line)}; give one of them another name.",
                )
        return {name: self._agent(phone) for name, phone in named.items()}

    def where(self, interface: str) -> Line | None:
        """The line that gives an agent this phone."""
        phone = self._phones.get(interface.lower())
        return phone.line if phone else None

    def _list(self, given: AgentGiven) -> None:
        if not re.fullmatch(NAME_PATTERN, given.name) or not _rings(given.interface):
            self._findings.error(
                given.line,
                "an agent is name,interface: a name of letters, digits, '_', '.' and '-', and a "
                "phone such as PJSIP/101.",
            )
            return
        phone = Phone(given.interface, given.line, given.name, given.display_name, listed=True)
        keys = (given.name, given.interface.lower())
        for key in keys:
            if other := self._listed.get(key):
                self._findings.error(given.line, f"{key} is there already, by {at(other.line)}.")
                return
        self._listed |= dict.fromkeys(keys, phone)
        self._phones[given.interface.lower()] = phone

    def _phone(self, member: MemberGiven) -> Phone | None:
        """As listed; else the member's own interface, or the one that shows its state."""
        own = (member.interface.lower(), member.state_interface.lower(), _own_name(member))
        for key in own:
            if key in self._listed:
                return self._listed[key]
        for interface in (member.interface, member.state_interface):
            if _rings(interface):
                self._remark_phone(member, interface)
                return self._phones.setdefault(interface.lower(), Phone(interface, member.line))
        return None

    def _remark_phone(self, member: MemberGiven, interface: str) -> None:
        if interface != member.interface:
            says = f"{interface} is rung itself; what {member.interface} did on the way is left out"
        elif member.state_interface not in ("", interface):
            says = f"the state of {interface} itself decides, not that of {member.state_interface}"
        else:
            return
        self._findings.remark(member.line, "state_interface", says)

    def _call(self, phone: Phone, member: MemberGiven) -> None:
        """Give the phone the member's name, unless it has that from an --agents file."""
        if phone.listed or not member.membername:
            return
        if phone.display_name and phone.display_name != member.membername:
            self._findings.error(
                member.line,
                f"{phone.interface} is called {member.membername!r} here and "
                f"{phone.display_name!r} by {at(phone.line)}; an agent has one name.",
            )
            return
        if not phone.display_name:
            phone.line = member.line
        phone.name = valid_name(member.membername)
        phone.display_name = member.membername

    def _agent(self, phone: Phone) -> ImportAgent:
        paused = any(phone.paused.values())
        if paused and not all(phone.paused.values()):
            says = f"{phone.name} is paused in all queues; a pause is not of one queue only"
            self._findings.remark(phone.line, "paused", says)
        return ImportAgent(
            interface=phone.interface,
            display_name=self._shown(phone),
            paused=paused,
        )

    def _shown(self, phone: Phone) -> str | None:
        try:
            return _TEXT.validate_python(phone.display_name) or None
        except ValidationError as error:
            self._findings.error(phone.line, f"{phone.display_name!r}: {error.errors()[0]['msg']}.")
            return None


def valid_name(text: str) -> str:
    """The text as a name: without accents, '_' for what no name may have. "" if nothing is left."""
    letters = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", plain).strip("_.-")[:64]


def _own_name(member: MemberGiven) -> str:
    return valid_name(member.membername) or valid_name(_behind(member.interface))


def _behind(interface: str) -> str:
    """101 of PJSIP/101 and of Local/101@agents/n."""
    return interface.partition("/")[2].partition("@")[0]


def _rings(interface: str) -> bool:
    """Whether a box can know its state and ring it."""
    try:
        _INTERFACE.validate_python(interface)
    except ValidationError:
        return False
    return interface.partition("/")[0].lower() not in INDIRECT
