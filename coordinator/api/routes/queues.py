"""Queues, the callers in them, and their members."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from coordinator.api.auth import needs
from coordinator.api.problems import created, refusals
from coordinator.api.routes.common import AgentName, QueueName, say_created
from coordinator.api.schemas.queues import (
    CallerOut,
    MemberIn,
    MemberSaved,
    QueueAgent,
    QueueDetail,
    QueueIn,
    QueueOut,
    QueueSaved,
    queue_fields,
)
from coordinator.api.services import Here

router = APIRouter(prefix="/v1/queues", tags=["queues"])

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
    states = {agent.name: agent.state for agent in await here.engine.agents()}
    agents = [
        QueueAgent(agent=member.agent, penalty=member.penalty, state=states.get(member.agent))
        for member in members
    ]
    return QueueDetail(**queue_fields(view), agents=agents)


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
    """Add the agent as the queue's last member, or change the penalty in place."""
    saved = await here.directory.put_member(queue, agent, (body or MemberIn()).penalty)
    say_created(response, saved.created)
    return MemberSaved.of(saved)


@router.delete(
    "/{queue}/members/{agent}",
    dependencies=[needs("operate")],
    status_code=204,
    responses=refusals("unknown_queue", "unknown_agent", "not_a_member"),
)
async def delete_member(queue: QueueName, agent: AgentName, here: Here) -> None:
    """End the membership. A phone that rings for this queue stops; a call goes on."""
    await here.directory.delete_member(queue, agent)
