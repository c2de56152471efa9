"""A caller's wish to join, as the dialplan tells it: in an event and on the channel. Pure.

The dialplan (dialplan/gvq.conf) says the same thing twice. `GvqJoin` says it at once; the channel
variable GVQ_JOIN keeps it, for an adapter that was not there:

    queue|since|priority|min|max|raise|rule|position|timeout|once|caller number|caller name|visit

Who waits is known by the Uniqueid with which the channel joined first (GVQ_ID) and the number of
the visit: after an attended transfer another channel, with another Uniqueid, has the place.

Caller's number and name are URI-encoded. `since` is the box's clock, seconds. `raise` may be
written rN, as in Queue(): it lifts nobody from below min (app_queue.c). `once`: 1 with
option n.
"""

from collections.abc import Mapping

from ami_adapter.headers import Headers, Unreadable, decoded, one, required, setting, whole
from coordinator.protocol import MAX_PENALTY, MAX_POSITION, MAX_PRIORITY, MAX_TIMEOUT_S, Join

#: Fields of GVQ_JOIN, and the headers of GvqJoin in lower case. Not "priority": every channel's
#: event has that header, for its place in the dialplan.
FIELDS = (
    "queue", "since", "prio", "minpenalty", "maxpenalty", "raisepenalty", "rule",
    "position", "timeout", "once", "callernum", "callername", "visit",
)  # fmt: skip

MAX_VISITS = 1_000_000


def call_id(box: str, uniqueid: str, visit: int) -> str:
    """Names one visit of one channel. Asterisk has put the box's name into Uniqueid already when
    its systemname is set (main/channel.c); it is not said twice."""
    return f"{box}-{uniqueid.removeprefix(f'{box}-')}-{visit}"


def identity(event: Headers) -> str:
    """The Uniqueid by which the event's caller is known. Raises Unreadable."""
    return one(event, "id") or required(event, "uniqueid")


def visit_of(call_id: str) -> int:
    """The visit's number in a call id made here."""
    return int(call_id.rpartition("-")[2])


def from_event(box: str, event: Headers, problems: list[str]) -> Join:
    """The join a GvqJoin event tells of. Raises Unreadable, ValidationError."""
    fields = {name: one(event, name) for name in FIELDS}
    uniqueid = required(event, "uniqueid")
    join = _join(box, one(event, "channel"), uniqueid, identity(event), fields, problems)
    return join.model_copy(update={"url": decoded(one(event, "url"))})


def from_variable(
    box: str, channel: str, uniqueid: str, known_as: str, text: str, problems: list[str]
) -> tuple[Join, float]:
    """The join and its `since` (box's clock, s) that GVQ_JOIN keeps.

    Raises Unreadable, ValidationError.
    """
    values = text.split("|")
    if len(values) != len(FIELDS):
        raise Unreadable(f"GVQ_JOIN has {len(values)} fields, not {len(FIELDS)}")
    fields = dict(zip(FIELDS, values, strict=True))
    return _join(box, channel, uniqueid, known_as, fields, problems), _seconds(fields["since"])


def _join(
    box: str, channel: str, uniqueid: str, known_as: str, fields: Mapping[str, str],
    problems: list[str],
) -> Join:  # fmt: skip
    visit = whole(fields["visit"], "Visit", 1, MAX_VISITS)

    def penalty(name: str) -> int | None:
        return setting(fields[name], name, 0, MAX_PENALTY, problems)

    def wish(name: str, most: int) -> int | None:
        return setting(fields[name], name, 0, most, problems) or None

    lift, keeps_min = _raise(fields["raisepenalty"], problems)
    return Join(
        call_id=call_id(box, known_as, visit),
        channel=decoded(channel),
        uniqueid=uniqueid,
        queue=decoded(fields["queue"]),
        priority=setting(fields["prio"], "priority", -MAX_PRIORITY, MAX_PRIORITY, problems) or 0,
        min_penalty=penalty("minpenalty"),
        max_penalty=penalty("maxpenalty"),
        raise_penalty=lift,
        raise_keeps_min=keeps_min,
        rule=decoded(fields["rule"]),
        position=wish("position", MAX_POSITION),
        timeout=wish("timeout", MAX_TIMEOUT_S),
        once=fields["once"] == "1",
        caller_id_num=decoded(fields["callernum"]),
        caller_id_name=decoded(fields["callername"]),
    )


def _raise(text: str, problems: list[str]) -> tuple[int | None, bool]:
    """N or rN: the number, None when not set or wrong, and whether the r is there."""
    text = text.strip()
    keeps_min = text[:1] == "r" and len(text) > 1
    number = setting(text[keeps_min:], "raisepenalty", 0, MAX_PENALTY, problems)
    return number, keeps_min and number is not None


def _seconds(text: str) -> float:
    whole_part, dot, fraction = text.partition(".")
    if not whole_part.isascii() or not whole_part.isdigit() or len(text) > 32:
        raise Unreadable(f"since is no time: {text[:40]!r}")
    if dot and not (fraction.isascii() and fraction.isdigit()):
        raise Unreadable(f"since is no time: {text[:40]!r}")
    return float(text)
