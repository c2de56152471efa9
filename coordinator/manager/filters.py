"""Which events a user hears: eventfilter of manager.conf, legacy and advanced. Pure.

Source: main/manager.c (manager_add_filter, should_send_event) and manager.conf.sample, Asterisk 22.
Without filters, all; with includes, what one of them matches; never what an exclude matches. The
words are matched with the event as it is sent: its lines, or the value of one header.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Match = Callable[[str, str], bool]

#: How an expression is applied: (expression, data).
METHODS: dict[str, Match] = {
    "regex": lambda expression, data: re.search(expression, data, re.DOTALL) is not None,
    "exact": lambda expression, data: expression == data,
    "starts_with": lambda expression, data: data.startswith(expression),
    "ends_with": lambda expression, data: data.endswith(expression),
    "contains": lambda expression, data: expression in data,
    "none": lambda expression, data: True,
}

_CRITERION = re.compile(r"\s*(action|name|header|method)\(([^()]+)\)\s*(?:,|$)", re.IGNORECASE)


class BadFilter(ValueError):
    """A sentence that says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One line. name, header: "" for any."""

    excludes: bool
    method: str
    expression: str
    name: str = ""
    header: str = ""

    def matches(self, headers: Sequence[tuple[str, str]]) -> bool:
        """Whether it speaks of this event, whose first header is Event."""
        if self.name and headers[0][1] != self.name:
            return False
        if not self.header:
            data = "".join(f"{name}: {value}\r\n" for name, value in headers)
            return METHODS[self.method](self.expression, data)
        values = (value for name, value in headers if name == self.header)
        return any(METHODS[self.method](self.expression, value) for value in values)


def hears(filters: Iterable[Filter], headers: Sequence[tuple[str, str]]) -> bool:
    """Whether an event gets through."""
    includes = [one for one in filters if not one.excludes]
    excludes = [one for one in filters if one.excludes]
    wanted = not includes or any(one.matches(headers) for one in includes)
    return wanted and not any(one.matches(headers) for one in excludes)


def legacy(expression: str) -> Filter:
    """`eventfilter = [!]regex`. Raises BadFilter."""
    excludes = expression.startswith("!")
    return _made(Filter(excludes, "regex", expression.removeprefix("!")))


def advanced(criteria: str, expression: str) -> Filter:
    """`eventfilter(criteria) = expression`. Raises BadFilter."""
    said: dict[str, str] = {}
    at = 0
    while at < len(criteria):
        found = _CRITERION.match(criteria, at)
        if found is None or found[1].lower() in said:
            raise BadFilter(
                "its criteria are action(…), name(…), header(…) and method(…), each at most once, "
                "by commas"
            )
        said[found[1].lower()] = found[2].strip()
        at = found.end()
    action, method = said.get("action", "include").lower(), said.get("method", "none").lower()
    if action not in ("include", "exclude"):
        raise BadFilter(f"action is include or exclude, not {action!r}")
    if method not in METHODS:
        raise BadFilter(f"method is one of {', '.join(METHODS)}, not {method!r}")
    excludes = action == "exclude"
    name, header = said.get("name", ""), said.get("header", "")
    return _made(Filter(excludes, method, expression, name, header))


def _made(one: Filter) -> Filter:
    if one.method == "none":
        return one
    if not one.expression:
        raise BadFilter("there is nothing to match with")
    try:
        re.compile(one.expression if one.method == "regex" else "")
    except re.error as error:
        raise BadFilter(f"{one.expression!r} is no regular expression: {error}") from None
    return one
