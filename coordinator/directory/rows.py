"""Rows of the directory: finding them, or saying what is not there; and as records."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from coordinator.directory.mirror import changes_of, member_settings_of, settings_of
from coordinator.directory.models import AgentRow, BoxRow, MemberRow, QueueRow, RuleRow
from coordinator.directory.types import Agent, Box, Member, Queue, Rule
from coordinator.errors import Refused


async def need_queue(session: AsyncSession, queue: str) -> QueueRow:
    """Raises Refused unknown_queue."""
    row = await session.get(QueueRow, queue)
    if row is None:
        raise Refused("unknown_queue", queue=queue)
    return row


async def need_rule(session: AsyncSession, rule: str) -> RuleRow:
    """Raises Refused unknown_rule."""
    row = await session.get(RuleRow, rule)
    if row is None:
        raise Refused("unknown_rule", rule=rule)
    return row


async def need_agent(session: AsyncSession, agent: str) -> AgentRow:
    """Raises Refused unknown_agent."""
    row = await session.get(AgentRow, agent)
    if row is None:
        raise Refused("unknown_agent", agent=agent)
    return row


async def need_box(session: AsyncSession, box: str) -> BoxRow:
    """Raises Refused unknown_box."""
    row = await session.get(BoxRow, box)
    if row is None:
        raise Refused("unknown_box", box=box)
    return row


async def find_member(session: AsyncSession, queue: str, agent: str) -> MemberRow | None:
    """The membership; None for none."""
    wanted = select(MemberRow).where(MemberRow.queue == queue, MemberRow.agent == agent)
    return (await session.execute(wanted)).scalar_one_or_none()


async def need_member(session: AsyncSession, queue: str, agent: str) -> MemberRow:
    """Raises Refused unknown_queue, unknown_agent, not_a_member."""
    await need_queue(session, queue)
    await need_agent(session, agent)
    row = await find_member(session, queue, agent)
    if row is None:
        raise Refused("not_a_member", queue=queue, agent=agent)
    return row


async def members_of(session: AsyncSession, agent: str) -> list[MemberRow]:
    """An agent's memberships."""
    wanted = select(MemberRow).where(MemberRow.agent == agent)
    return list((await session.execute(wanted)).scalars())


def queue_of(row: QueueRow) -> Queue:
    """As the callers of the directory get it."""
    return Queue(row.name, settings_of(row))


def rule_of(row: RuleRow) -> Rule:
    """Likewise."""
    return Rule(row.name, changes_of(row))


def agent_of(row: AgentRow) -> Agent:
    """Likewise; state_interface is "" where the interface itself counts."""
    return Agent(
        name=row.name,
        interface=row.interface,
        state_interface=row.state_interface or "",
        display_name=row.display_name,
        logged_in=row.logged_in,
        paused=row.paused,
        pause_reason=row.pause_reason,
    )


def member_of(row: MemberRow) -> Member:
    """Likewise."""
    return Member(row.queue, row.agent, row.id, member_settings_of(row))


def box_of(row: BoxRow) -> Box:
    """Likewise."""
    return Box(row.name, row.enabled)
