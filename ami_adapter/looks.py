"""How a queue stands: asked by the dialplan in an event, answered on the channel. Pure.

The dialplan (dialplan/gvq.conf, [gvq-look]) asks with `GvqLook`, and waits for the channel variable
GVQ_SEEN_<number>, with the number it has given: fields by commas, in the order of the variables
that it makes of them. The members' interfaces are set before, in GVQ_LIST_<number>_1 and on. No
field has a comma: the protocol's patterns see to that.
"""

from collections.abc import Iterator

from pydantic import ValidationError

from ami_adapter.headers import Headers, Unreadable, decoded, one, required, whole
from coordinator.protocol import MAX_POSITION, Figures, Look, MemberFigures, Seen

_NUMBERS = 1_000_000

#: A manager's line takes 1024 bytes. With all parts the list is as long as app_queue's may be, a
#: variable's length in Asterisk (VAR_BUF_SIZE, 4096).
PART, PARTS = 900, 4


def from_event(event: Headers) -> Look | Seen:
    """What a GvqLook event asks; or at once what is to be said of it: INVALID.

    Raises Unreadable, ValidationError, when nobody can be told.
    """
    number = whole(required(event, "number"), "Number", 1, _NUMBERS)
    uniqueid = required(event, "uniqueid")
    invalid = Seen(uniqueid=uniqueid, number=number, result="INVALID")
    try:
        position = whole(decoded(one(event, "position")) or "1", "Position", 1, MAX_POSITION)
        return Look(
            uniqueid=uniqueid,
            number=number,
            queue=decoded(required(event, "queue")),
            interface=decoded(one(event, "interface")),
            position=position,
        )
    except (Unreadable, ValidationError):
        return invalid


def variables(seen: Seen) -> Iterator[tuple[str, str]]:
    """Names and values, the one that the dialplan waits for last."""
    if seen.figures:
        listed = _listed(seen.figures.members)
        for part in range(0, len(listed), PART):
            yield f"GVQ_LIST_{seen.number}_{part // PART + 1}", listed[part : part + PART]
    yield f"GVQ_SEEN_{seen.number}", ",".join(_fields(seen))


def _listed(interfaces: list[str]) -> str:
    """By commas, as many as there is room for; app_queue's list is cut likewise, within a name."""
    room, kept = PART * PARTS, 0
    for interface in interfaces:
        room -= len(interface) + 1
        kept += room >= 0
    return ",".join(interfaces[:kept])


def _fields(seen: Seen) -> Iterator[str]:
    yield seen.result
    yield {"FOUND": "1", "NOSUCHQUEUE": "0"}.get(seen.result, "")
    if seen.figures:
        yield from _of_queue(seen.figures)
        yield from _of_member(seen.member)


def _of_queue(figures: Figures) -> Iterator[str]:
    counted = (figures.waiting, figures.logged, figures.free, figures.ready, figures.count)
    yield from map(str, counted)
    yield from (figures.channel, figures.box, str(figures.maxlen), figures.strategy)
    times = (figures.waiting, figures.hold_s, figures.talk_s, figures.completed, figures.abandoned)
    yield from map(str, times)
    yield from (str(figures.level_s), f"{figures.level_percent:.1f}")


def _of_member(member: MemberFigures | None) -> Iterator[str]:
    if member:
        yield from (str(member.penalty), str(int(member.paused)), str(int(member.ringinuse)))
