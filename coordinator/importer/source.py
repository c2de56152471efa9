"""What was read, before it is understood: the same from files and from realtime tables. Pure."""

from dataclasses import dataclass

from coordinator.asterisk_config import Line


@dataclass(frozen=True, slots=True)
class MemberGiven:
    """A member as Asterisk has it; what is not given is empty."""

    interface: str
    line: Line
    penalty: str = ""
    membername: str = ""
    state_interface: str = ""
    ringinuse: str = ""
    wrapuptime: str = ""
    paused: str = ""


@dataclass(frozen=True, slots=True)
class QueueGiven:
    """A queue: its options in order, the last of a name counts; its members in order."""

    name: str
    line: Line
    options: tuple[Line, ...] = ()
    members: tuple[MemberGiven, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleGiven:
    """One change of penalties in a rule: seconds, max, min, raise, as written.

    Without parts: the rule itself, which need not have any change.
    """

    rule: str
    line: Line
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgentGiven:
    """An agent of an --agents file. display_name "" for none."""

    name: str
    interface: str
    display_name: str
    line: Line


@dataclass(frozen=True, slots=True)
class Source:
    """All of an import."""

    queues: tuple[QueueGiven, ...] = ()
    general: tuple[Line, ...] = ()
    rules: tuple[RuleGiven, ...] = ()
    rule_options: tuple[Line, ...] = ()
    agents: tuple[AgentGiven, ...] = ()
