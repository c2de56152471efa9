"""Who the members are: one agent a phone, whatever the queues call it. Pure.

Queue() knows interfaces; here a member is an agent, a person with a name. The name is the
member's name made valid, or else what stands behind the interface's '/'. An --agents file says
otherwise: it names an agent by interface, or gives the phone of an agent by name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from coordinator.api.schemas.common import Text
from coordinator.api.schemas.imports import ImportAgent
from coordinator.asterisk_config import Line
from coordinator.importer.findings import Findings, at
from coordinator.importer.source import AgentGiven, MemberGiven
from coordinator.names import NAME_PATTERN, Device, Interface, as_name, behind, fold, phones

_INTERFACE: TypeAdapter[str] = TypeAdapter(Interface)
_DEVICE: TypeAdapter[str] = TypeAdapter(Device)
_TEXT: TypeAdapter[str] = TypeAdapter(Text)

#: Technologies that only lead to a phone: no box knows its state by them. A Local is dialled all
#: the same, where a state_interface tells the state.
INDIRECT = ("local", "agent")


@dataclass(slots=True, eq=False)
class Phone:
    """An agent to be, and the lines that make it. `state`: "" for the interface's own."""

    interface: str
    line: Line
    name: str = ""
    display_name: str = ""
    listed: bool = False
    state: str = ""

    @property
    def device(self) -> str:
        """Whose state counts."""
        return self.state or self.interface


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
                "is; give it a state_interface, or name the phone in an --agents file: "
                f"{_own_name(member) or 'name'},PJSIP/…",
            )
            return None
        self._call(phone, member)
        return phone

    def all(self) -> dict[str, ImportAgent]:
        """Every agent by name."""
        named: dict[str, Phone] = {}
        for phone in dict.fromkeys(self._phones.values()):
            phone.name = phone.name or as_name(behind(phone.interface))
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
        phone = self._of(interface)
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
        keys = (given.name, fold(given.interface))
        for key in keys:
            if other := self._listed.get(key):
                self._findings.error(given.line, f"{key} is there already, by {at(other.line)}.")
                return
        self._listed |= dict.fromkeys(keys, phone)
        self._take(phone)

    def _phone(self, member: MemberGiven) -> Phone | None:
        """As listed; else the member's own interface, judged by the device that shows its state."""
        own = (fold(member.interface), fold(member.state_interface), _own_name(member))
        for key in own:
            if key in self._listed:
                return self._listed[key]
        wanted = _dialled(member)
        if wanted is None:
            return None
        if wanted.interface != member.interface:
            says = f"{wanted.interface} is rung itself; {member.interface} is left out"
            self._findings.remark(member.line, "state_interface", says)
        known = self._of(wanted.interface) or self._of(wanted.device)
        if known is None:
            self._take(wanted)
            return wanted
        if (fold(known.interface), fold(known.device)) != (
            fold(wanted.interface),
            fold(wanted.device),
        ):
            says = f"{known.interface} by the state of {known.device} counts, by {at(known.line)}"
            self._findings.remark(member.line, "state_interface", says)
        return known

    def _take(self, phone: Phone) -> None:
        """A phone is one agent's, dialled or watched; by a switch (Custom:) many may be judged."""
        self._phones |= dict.fromkeys(phones(phone.interface, phone.state), phone)

    def _of(self, device: str) -> Phone | None:
        return self._phones.get(fold(device))

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
        phone.name = as_name(member.membername)
        phone.display_name = member.membername

    def _agent(self, phone: Phone) -> ImportAgent:
        return ImportAgent(
            interface=phone.interface,
            state_interface=phone.state,
            display_name=self._shown(phone),
        )

    def _shown(self, phone: Phone) -> str | None:
        try:
            return _TEXT.validate_python(phone.display_name) or None
        except ValidationError as error:
            self._findings.error(phone.line, f"{phone.display_name!r}: {error.errors()[0]['msg']}.")
            return None


def _own_name(member: MemberGiven) -> str:
    return as_name(member.membername) or as_name(behind(member.interface))


def _dialled(member: MemberGiven) -> Phone | None:
    """What is rung, and judged by which state; None when nothing can be."""
    interface, state = member.interface, member.state_interface
    if fold(state) == fold(interface) or not _is(_DEVICE, state):
        state = ""
    if _rings(interface) or (_is(_INTERFACE, interface) and _kind(interface) == "local" and state):
        return Phone(interface, member.line, state=state)
    return Phone(state, member.line) if _rings(state) else None


def _rings(interface: str) -> bool:
    """Whether a box can know its state and ring it."""
    return _is(_INTERFACE, interface) and _kind(interface) not in INDIRECT


def _kind(interface: str) -> str:
    return interface.partition("/")[0].lower()


def _is(kind: TypeAdapter[str], text: str) -> bool:
    try:
        kind.validate_python(text)
    except ValidationError:
        return False
    return True
