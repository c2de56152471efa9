"""Queues, the callers in them, and their members."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from coordinator.api.auth import needs
from coordinator.api.problems import created, refusals
from coordinator.api.routes.common import AgentName, QueueName, say_created
from coordinator.api.schemas.agents import MembershipOut, PauseIn
from coordinator.api.schemas.queues import (
    CallerOut,
    MemberIn,
    MemberPatch,
    MemberSaved,
    QueueAgent,
    QueueDetail,
    QueueIn,
    QueueOut,
    QueueSaved,
    queue_fields,
)
from coordinator.api.services import Here, Services
from coordinator.directory.types import Member, Saved
from coordinator.line.types import AgentView

router = APIRouter(prefix="/v1/queues", tags=["queues"])

_NO_MEMBER = ("unknown_queue", "unknown_agent", "not_a_member")

#: Most callers shown at once. Nobody reads further; a program may page by `limit`.
MOST_CALLERS = 10_000


@router.get("", dependencies=[needs("read")], responses=refusals())
async def list_queues(here: Here) -> list[QueueOut]:
    """All queues with their figures, by name."""
    return [QueueOut.of(view) for view in await here.engine.queues()]


@router.get("/{queue}", dependencies=[needs("read")], responses=refusals("unknown_queue"))
async def get_queue(queue: QueueName, here: Here) -> QueueDetail:
    """A queue with its figures and its members, in the order in which they were added."""
    members = await here.directory.members(queue)
    view = await here.engine.queue(queue)
    agents = {agent.name: agent for agent in await here.engine.agents()}
    shown = [_member(member, agents.get(member.agent)) for member in members]
    return QueueDetail(**queue_fields(view), agents=shown)


def _member(member: Member, agent: AgentView | None) -> QueueAgent:
    there = agent.memberships.get(member.queue) if agent else None
    return QueueAgent(
        agent=member.agent,
        penalty=member.settings.penalty,
        state=agent.state if agent else None,
        membership=MembershipOut.of(there) if there else None,
    )


@router.put(
    "/{queue}",
    dependencies=[needs("admin")],
    responses=created(QueueSaved) | refusals("unknown_rule"),
)
async def put_queue(queue: QueueName, body: QueueIn, here: Here, response: Response) -> QueueSaved:
    """Create the queue, or replace its settings: callers keep their places."""
    saved = await here.directory.put_queue(queue, body.settings())
    say_created(response, saved.created)
    return QueueSaved.of(saved)


@router.patch(
    "/{queue}",
    dependencies=[needs("admin")],
    responses=refusals("unknown_queue", "unknown_rule"),
)
async def change_queue(queue: QueueName, body: QueueIn, here: Here) -> QueueSaved:
    """Change some of the queue's settings; what is left out stays as it is."""
    fields = body.model_dump(exclude_unset=True)
    return QueueSaved.of(await here.directory.change_queue(queue, **fields))


@router.delete(
    "/{queue}",
    dependencies=[needs("admin")],
    status_code=204,
    responses=refusals("unknown_queue", "queue_in_use"),
)
async def delete_queue(queue: QueueName, here: Here) -> None:
    """Remove the queue and its memberships. Refused while callers wait in it."""
    await here.directory.delete_queue(queue)


@router.post(
    "/{queue}/reset",
    dependencies=[needs("operate")],
    status_code=204,
    responses=refusals("unknown_queue"),
)
async def reset_queue(queue: QueueName, here: Here) -> None:
    """Figures and members' calls count from nothing; callers and the members' order stay."""
    await here.engine.reset_queue(queue)


@router.get("/{queue}/callers", dependencies=[needs("read")], responses=refusals("unknown_queue"))
async def list_callers(
    queue: QueueName, here: Here, limit: Annotated[int, Query(ge=1, le=MOST_CALLERS)] = 1000
) -> list[CallerOut]:
    """The callers in line, first to be served first."""
    callers = await here.engine.callers(queue, limit)
    now_us = await here.now_us()
    return [CallerOut.of(caller, now_us) for caller in callers]


@router.put(
    "/{queue}/members/{agent}",
    dependencies=[needs("operate")],
    responses=created(MemberSaved) | refusals("unknown_queue", "unknown_agent"),
)
async def put_member(
    queue: QueueName, agent: AgentName, here: Here, response: Response, body: MemberIn | None = None
) -> MemberSaved:
    """Add the agent as the queue's last member, or change in place how it serves."""
    wanted = body or MemberIn()
    saved = await here.directory.put_member(
        queue,
        agent,
        wanted.penalty,
        wanted.wrapuptime,
        wanted.ringinuse,
        wanted.reason if wanted.paused else None,
    )
    say_created(response, saved.created)
    return MemberSaved.of(saved)


@router.patch(
    "/{queue}/members/{agent}",
    dependencies=[needs("operate")],
    responses=refusals(*_NO_MEMBER),
)
async def change_member(
    queue: QueueName, agent: AgentName, here: Here, body: MemberPatch
) -> MemberSaved:
    """Change some of how the agent serves; the rest stays."""
    fields = body.model_dump(exclude_unset=True)
    return MemberSaved.of(await here.directory.change_member(queue, agent, **fields))


@router.post(
    "/{queue}/members/{agent}/pause",
    dependencies=[needs("operate")],
    responses=refusals(*_NO_MEMBER),
)
async def pause_member(
    queue: QueueName, agent: AgentName, here: Here, body: PauseIn | None = None
) -> MemberSaved:
    """Not to be rung by this queue until unpaused. A phone that rings goes on ringing."""
    saved = await here.directory.pause(agent, (body or PauseIn()).reason, queue)
    return await _paused(here, queue, agent, saved.applied)


@router.post(
    "/{queue}/members/{agent}/unpause",
    dependencies=[needs("operate")],
    responses=refusals(*_NO_MEMBER),
)
async def unpause_member(
    queue: QueueName, agent: AgentName, here: Here, body: PauseIn | None = None
) -> MemberSaved:
    """The end of every pause in this queue; who was paused in all stays so in the others."""
    saved = await here.directory.unpause(agent, (body or PauseIn()).reason, queue)
    return await _paused(here, queue, agent, saved.applied)


async def _paused(here: Services, queue: str, agent: str, applied: bool) -> MemberSaved:
    return MemberSaved.of(Saved(await here.directory.member(queue, agent), False, applied))


@router.delete(
    "/{queue}/members/{agent}",
    dependencies=[needs("operate")],
    status_code=204,
    responses=refusals(*_NO_MEMBER),
)
async def delete_member(queue: QueueName, agent: AgentName, here: Here) -> None:
    """End the membership. A phone that rings for this queue stops; a call goes on."""
    await here.directory.delete_member(queue, agent)
