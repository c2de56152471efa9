"""Who may log in, what it may read and write: sections of manager.conf, its event filters too.

The shipped ami_adapter/dialplan/manager.conf is read itself, so what a filter hides from an
adapter beside Asterisk, it hides from one beside a simulated box.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files

from ami_adapter.simulator.events import CLASSES, Event

ALL = frozenset(
    {*CLASSES.values(), "originate", "reporting", "agent", "dialplan", "command", "config"}
)

_SETTING = re.compile(r"^(read|write)\s*=\s*(.*)$", re.MULTILINE)
_FILTER = re.compile(r"^eventfilter\((.*)\)\s*=[ \t]*(.*)$", re.MULTILINE)
_CRITERION = re.compile(r"(\w+)\(([^)]*)\)")

#: How a header is compared (manager.c, match_eventdata()).
METHODS: dict[str, Callable[[str, str], bool]] = {
    "none": lambda value, wanted: True,
    "exact": lambda value, wanted: value == wanted,
    "starts_with": lambda value, wanted: value.startswith(wanted),
    "ends_with": lambda value, wanted: value.endswith(wanted),
    "contains": lambda value, wanted: wanted in value,
    "regex": lambda value, wanted: re.search(wanted, value) is not None,
}

#: A class of POSIX expressions that Python spells otherwise.
_CONTROL = ("[:cntrl:]", r"\x00-\x1f\x7f")


@dataclass(frozen=True, slots=True)
class EventFilter:
    """One line eventfilter(action(…),name(…),header(…),method(…)) = value.

    Without a name it looks at every event, without a header at the event's whole text.
    """

    excludes: bool
    name: str
    header: str
    method: str
    value: str

    def matches(self, event: Event, text: str) -> bool:
        """Whether the event is of this name and compares."""
        if self.name not in ("", event.name):
            return False
        return self.method == "none" or METHODS[self.method](
            self._looked_at(event, text), self.value
        )

    def _looked_at(self, event: Event, text: str) -> str:
        if not self.header:
            return text
        return next((value for name, value in event.headers if name == self.header), "")


@dataclass(frozen=True, slots=True)
class Account:
    """A login. No filters: every event of the classes it may read."""

    username: str = "gvq"
    secret: str = field(default="gvq", repr=False)
    read: frozenset[str] = ALL
    write: frozenset[str] = ALL
    filters: tuple[EventFilter, ...] = ()

    def passes(self, event: Event, text: str) -> bool:
        """Whether the filters let the event through: included, if any include, and not excluded."""
        includes = [each for each in self.filters if not each.excludes]
        excludes = [each for each in self.filters if each.excludes]
        included = not includes or any(each.matches(event, text) for each in includes)
        return included and not any(each.matches(event, text) for each in excludes)

    def hears(self, name: str, mask: Iterable[str]) -> bool:
        """Whether events of this name may come through at all."""
        includes = [each for each in self.filters if not each.excludes]
        named = not includes or any(each.name in ("", name) for each in includes)
        return named and CLASSES[name] in mask


def from_conf(text: str, username: str = "gvq", secret: str = "gvq") -> Account:
    """The account a manager.conf of one section describes. Raises KeyError, ValueError."""
    settings = dict(_SETTING.findall(text))
    return Account(
        username, secret, _classes(settings["read"]), _classes(settings["write"]),
        tuple(_filters(text)),
    )  # fmt: skip


def shipped() -> Account:
    """The rights and filters an operator gives the adapter."""
    return from_conf((files("ami_adapter") / "dialplan" / "manager.conf").read_text("utf-8"))


def _classes(text: str) -> frozenset[str]:
    asked = frozenset(part.strip() for part in text.split(","))
    if not asked <= ALL:
        raise ValueError(f"no such class: {', '.join(sorted(asked - ALL))}")
    return asked


def _filters(text: str) -> Iterator[EventFilter]:
    for criteria, value in _FILTER.findall(text):
        by = dict(_CRITERION.findall(criteria))
        if not by.keys() <= {"action", "name", "header", "method"} or by["method"] not in METHODS:
            raise ValueError(f"not simulated: eventfilter({criteria})")
        excludes = by.get("action") == "exclude"
        wanted = value.strip().replace(*_CONTROL)
        yield EventFilter(excludes, by.get("name", ""), by.get("header", ""), by["method"], wanted)
