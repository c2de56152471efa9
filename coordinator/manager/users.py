"""Who may log in: a file in manager.conf's syntax.

    [wallboard]
    secret = …               needed
    read = agent,system      classes of events it hears; none without
    write = agent            classes of actions it may do; none without
    deny = 0.0.0.0/0.0.0.0   from where it may come: of all that match, the last rules
    permit = 10.1.0.0/16
    eventfilter = Queue: sales                 only events that match (filters.py)
    eventfilter(name(QueueMemberStatus)) =     the like, by criteria

[general] is passed over, so that a manager.conf that is there already can be used. Anything else
is refused: a right or a filter that is not understood must not be taken as none.
"""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import md5
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from stat import S_IROTH, S_IWOTH

from coordinator.asterisk_config import ConfigError, Line, Section, read
from coordinator.manager.filters import BadFilter, Filter, advanced, legacy

#: Classes of events and actions (manager.c: perms[]).
CLASSES = frozenset(
    {
        "system", "call", "log", "verbose", "command", "agent", "user", "config", "dtmf",
        "reporting", "cdr", "dialplan", "originate", "agi", "cc", "aoc", "test", "security",
        "message",
    }
)  # fmt: skip

#: Words for what may not be said twice in one section.
_ONCE = frozenset({"secret", "read", "write"})

#: manager.conf's options that change nothing here: nothing is shown on a console, no channel gets
#: variables, a client that does not read is cut off by its own measure.
_PASSED_OVER = frozenset({"displayconnects", "writetimeout", "setvar", "allowmultiplelogin"})


@dataclass(frozen=True, slots=True)
class Rule:
    """permit or deny."""

    permits: bool
    network: IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class User:
    """A login. Classes as of CLASSES."""

    name: str
    secret: str = field(repr=False, default="")
    read: frozenset[str] = frozenset()
    write: frozenset[str] = frozenset()
    rules: tuple[Rule, ...] = ()
    filters: tuple[Filter, ...] = ()

    def may_come_from(self, address: str) -> bool:
        """Of the rules that match the last rules (acl.c: ast_apply_acl); without any: yes.

        Where all rules are of the other version of IP: no, so that deny = 0.0.0.0/0 holds.
        """
        host = ip_address(address.partition("%")[0])
        host = getattr(host, "ipv4_mapped", None) or host
        same = [rule for rule in self.rules if rule.network.version == host.version]
        allowed = bool(same) or not self.rules
        for rule in same:
            if host in rule.network:
                allowed = rule.permits
        return allowed

    def knows(self, secret: str) -> bool:
        """Whether this is the secret."""
        return hmac.compare_digest(secret.encode(), self.secret.encode())

    def proves(self, challenge: str, key: str) -> bool:
        """Whether the key is that of the challenge, as AuthType MD5 has it. In small letters."""
        proof = md5((challenge + self.secret).encode(), usedforsecurity=False).hexdigest()
        return hmac.compare_digest(key.encode(), proof.encode())


#: FILE:LINE, as a ConfigError begins when it is about a line.
_PLACE = re.compile(r".*?:\d+(?=: )")

#: By name, as it is written there.
Users = dict[str, User]


def load(path: Path) -> Users:
    """The users of a file. Raises ConfigError: one sentence, naming file and line.

    It holds secrets, so it must not be readable by everybody.
    """
    sections = _sections(path)
    files = {path, *(section.file for section in sections)}
    files |= {line.file for section in sections for line in section.lines}
    for file in sorted(files):
        _check_mode(file)
    users: Users = {}
    for section in sections:
        if section.name.lower() == "general":
            continue
        if section.name in users:
            raise _wrong(section, f"there is a user {section.name!r} above.")
        users[section.name] = _user(section)
    if not users:
        raise ConfigError(f"{path}: there is no user in it; a section [name] makes one.")
    return users


def _sections(path: Path) -> tuple[Section, ...]:
    try:
        return read(path)
    except ConfigError as error:
        place = _PLACE.match(str(error))
        if place is None:
            raise
        # Its own sentence may quote the line.
        raise ConfigError(
            f"{place[0]}: this is no line of manager.conf; it may hold a secret and is not shown."
        ) from None


def _check_mode(path: Path) -> None:
    if path.stat().st_mode & (S_IROTH | S_IWOTH):
        raise ConfigError(f"{path}: others may read or write it, and it holds secrets; chmod o-rw.")


def _user(section: Section) -> User:
    user, said = User(section.name), set[str]()
    for line in section.lines:
        name = line.name.lower()
        if name in _ONCE and name in said:
            raise _wrong(line, f"{name} is set a second time in [{section.name}].")
        said.add(name)
        if name.partition("(")[0] == "eventfilter":
            user = _filtered(user, line)
        elif name in _SETTINGS:
            user = _SETTINGS[name](user, line)
        elif name not in _PASSED_OVER:
            allowed = ", ".join([*_SETTINGS, "eventfilter", *sorted(_PASSED_OVER)])
            raise _wrong(line, f"{line.name!r} is not known here; allowed are {allowed}.")
    if not user.secret:
        raise _wrong(section, f"[{section.name}] has no secret.")
    return user


def _secret(user: User, line: Line) -> User:
    return replace(user, secret=line.value)


def _read(user: User, line: Line) -> User:
    return replace(user, read=_classes(line))


def _write(user: User, line: Line) -> User:
    return replace(user, write=_classes(line))


def _classes(line: Line) -> frozenset[str]:
    asked = {word.strip().lower() for word in line.value.split(",")} - {""}
    if unknown := sorted(asked - CLASSES - {"all", "none"}):
        allowed = ", ".join(["all", "none", *sorted(CLASSES)])
        raise _wrong(line, f"{unknown[0]!r} is no class; allowed are {allowed}.")
    return CLASSES if "all" in asked else frozenset(asked - {"none"})


def _permit(user: User, line: Line) -> User:
    return _with_rules(user, line, permits=True)


def _deny(user: User, line: Line) -> User:
    return _with_rules(user, line, permits=False)


def _with_rules(user: User, line: Line, permits: bool) -> User:
    rules = []
    for word in line.value.split(","):
        try:
            rules.append(Rule(permits, ip_network(word.strip(), strict=False)))
        except ValueError:
            raise _wrong(
                line,
                f"{word.strip()!r} is no network; write 10.0.0.0/8, 10.0.0.0/255.0.0.0 or an "
                "address.",
            ) from None
    return replace(user, rules=(*user.rules, *rules))


def _filtered(user: User, line: Line) -> User:
    _, parenthesis, criteria = line.name.partition("(")
    try:
        if not parenthesis:
            one = legacy(line.value)
        elif criteria.endswith(")"):
            one = advanced(criteria[:-1], line.value)
        else:
            raise BadFilter("its criteria end with ')'")
    except BadFilter as error:
        raise _wrong(line, f"{line.name} is no filter: {error}.") from None
    return replace(user, filters=(*user.filters, one))


_SETTINGS: dict[str, Callable[[User, Line], User]] = {
    "secret": _secret,
    "read": _read,
    "write": _write,
    "permit": _permit,
    "deny": _deny,
}


def _wrong(where: Section | Line, sentence: str) -> ConfigError:
    return ConfigError(f"{where.file}:{where.number}: {sentence}")
