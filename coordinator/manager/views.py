"""Actions that show: QueueStatus, QueueSummary, QueueRule."""

from operator import attrgetter

from coordinator.line.types import PenaltyChange, QueueView
from coordinator.manager.members import (
    Member,
    Person,
    listed,
    queue_entry,
    queue_params,
    queue_summary,
)
from coordinator.manager.parts import Parts, everybody
from coordinator.manager.protocol import Action, Headers
from coordinator.manager.replies import answer, listing

#: Most callers of one queue that are listed, as in the API.
MOST_CALLERS = 10_000


async def queue_status(parts: Parts, action: Action) -> list[Headers]:
    """Every queue with its members and callers; or one, or with one member only.

    A queue or member that is not there makes a shorter list, no error.
    """
    people, now_us = await everybody(parts), await parts.now_us()
    wanted = action.get("Member")
    items: list[tuple[str, Headers]] = []
    for queue in await _queues(parts, action):
        members = [m for m in _members(people, queue.name) if wanted in ("", m.interface, m.name)]
        callers = await parts.engine.callers(queue.name, MOST_CALLERS)
        items.append(("QueueParams", queue_params(queue)))
        items += [("QueueMember", listed(member)) for member in members]
        items += [("QueueEntry", queue_entry(caller, now_us)) for caller in callers]
    return listing(action, "Queue status will follow", items, "QueueStatusComplete")


async def summary(parts: Parts, action: Action) -> list[Headers]:
    """Every queue's figures, or one's."""
    people, now_us = await everybody(parts), await parts.now_us()
    items: list[tuple[str, Headers]] = []
    for queue in await _queues(parts, action):
        callers = await parts.engine.callers(queue.name, MOST_CALLERS)
        members = _members(people, queue.name)
        items.append(("QueueSummary", queue_summary(queue, members, callers, now_us)))
    return listing(action, "Queue summary will follow", items, "QueueSummaryComplete")


async def queue_rule(parts: Parts, action: Action) -> list[Headers]:
    """Every rule with its changes; or one. A rule that is not there is none, and no error.

    Source: app_queue.c, manager_queue_rule_show, which leaves the raise out.
    """
    wanted = action.get("Rule").casefold()
    lines: list[tuple[str, str]] = []
    for name, changes in sorted((await parts.engine.rules()).items()):
        if wanted in ("", name.casefold()):
            lines.append(("RuleList", name))
            lines += [("Rule", _change(change)) for change in changes]
    return [answer(action, "Success", *lines)]


def _change(change: PenaltyChange) -> str:
    """`seconds,max,min`; what stays as it is changes by +0."""
    return f"{change.after_s},{_bound(change.max)},{_bound(change.min)}"


def _bound(text: str) -> str:
    relative = not text or text[0] in "+-"
    return f"{int(text or 0):+d}" if relative else str(int(text))


async def _queues(parts: Parts, action: Action) -> list[QueueView]:
    """All, or the one of the header Queue: in any case, as app_queue compares."""
    wanted = action.get("Queue").casefold()
    queues = await parts.engine.queues()
    return [queue for queue in queues if wanted in ("", queue.name.casefold())]


def _members(people: list[Person], queue: str) -> list[Member]:
    """In the order in which they were added."""
    members = [p.in_queue(queue) for p in people if queue in p.view.memberships]
    return sorted(members, key=attrgetter("order"))
