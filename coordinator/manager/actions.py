"""Every action, the class it needs, and what runs it: one literal table.

Sentences are Asterisk's own (main/manager.c, apps/app_queue.c), since clients match on them; where
Asterisk has none, the refusal's sentence of errors.py. An action that changes anything needs the
class `agent`: Asterisk lets every login withdraw callers and reset queues, which a wallboard
should not (docs/decisions/0006-the-virtual-manager.md).
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from coordinator.database import AWAY as SQL_AWAY
from coordinator.errors import Refused
from coordinator.manager import changes, views
from coordinator.manager.elsewhere import ASTERISK
from coordinator.manager.parts import Parts
from coordinator.manager.protocol import Action, Headers
from coordinator.manager.replies import Fault, answer, error
from coordinator.manager.users import User
from coordinator.redis_client import AWAY

log = logging.getLogger(__name__)

DENIED = "Permission denied"
UNKNOWN = "Invalid/unknown command: {}. Use Action: ListCommands to show available commands."


@dataclass(frozen=True, slots=True)
class Ability:
    """An action. `needs`: a class of the user's write=, "" for none."""

    name: str
    needs: str
    purpose: str
    run: Callable[[Parts, Action], Awaitable[list[Headers]]]


async def _list_commands(parts: Parts, action: Action) -> list[Headers]:
    """Every action and what it is for, also those that this user may not do."""
    lines = [(a.name, f"{a.purpose} (Priv: {a.needs or '<none>'})") for a in ABILITIES]
    return [answer(action, "Success", *lines)]


ABILITIES = (
    Ability("ListCommands", "", "List available manager commands.", _list_commands),
    Ability("QueueStatus", "", "Show queue status.", views.queue_status),
    Ability("QueueSummary", "", "Show queue summary.", views.summary),
    Ability("QueueRule", "", "Queue Rules.", views.queue_rule),
    Ability("QueueAdd", "agent", "Add interface to queue.", changes.queue_add),
    Ability("QueueRemove", "agent", "Remove interface from queue.", changes.queue_remove),
    Ability("QueuePause", "agent", "Makes a member unavailable.", changes.queue_pause),
    Ability("QueuePenalty", "agent", "Set the penalty of a member.", changes.queue_penalty),
    Ability(
        "QueueMemberRingInUse", "agent", "Set the ringinuse value of a member.",
        changes.queue_member_ring_in_use,
    ),
    Ability(
        "QueueChangePriorityCaller", "agent", "Change priority of a caller on queue.",
        changes.queue_change_priority_caller,
    ),
    Ability(
        "QueueWithdrawCaller", "agent", "Withdraw a caller from the queue.",
        changes.queue_withdraw_caller,
    ),
    Ability("QueueLog", "agent", "Adds custom entry in queue_log.", changes.queue_log),
    Ability("QueueReset", "agent", "Reset queue statistics.", changes.queue_reset),
)  # fmt: skip

_BY_NAME = {ability.name.lower(): ability for ability in ABILITIES}


async def perform(parts: Parts, user: User, action: Action) -> list[Headers]:
    """The answer to an action of a user who is logged in. Raises nothing."""
    ability = _BY_NAME.get(action.name.lower())
    if ability is None:
        known = action.name.lower() in ASTERISK
        return error(action, DENIED if known else UNKNOWN.format(action.name))
    if ability.needs and ability.needs not in user.write:
        return error(action, DENIED)
    try:
        return await ability.run(parts, action)
    except Fault as fault:
        return error(action, str(fault))
    except Refused as refused:
        return error(action, refused.sentence)
    except Exception as failure:
        return error(action, _failed(ability, failure).sentence)


def _failed(ability: Ability, failure: Exception) -> Refused:
    """Redis or SQL is away, or a defect of ours. Nothing of the action itself is logged."""
    if isinstance(failure, AWAY):
        log.error("%s: the line does not answer: %r", ability.name, failure)
        return Refused("line_unavailable")
    if isinstance(failure, SQL_AWAY):
        log.error("%s: SQL does not answer: %r", ability.name, failure)
        return Refused("not_ready")
    log.error("%s failed", ability.name, exc_info=failure)
    return Refused("internal")
