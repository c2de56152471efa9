"""Memberships: which agents serve which queues, and how."""

from sqlalchemy import select

from coordinator.directory.mirror import Change, member_settings_of
from coordinator.directory.models import MemberRow
from coordinator.directory.part import Part
from coordinator.directory.rows import (
    find_member,
    member_of,
    need_agent,
    need_member,
    need_queue,
)
from coordinator.directory.types import Member, Saved


class Members(Part):
    """Of the directory: memberships."""

    async def members(self, queue: str) -> list[Member]:
        """A queue's members in the order in which they were added. Raises Refused unknown_queue."""
        async with self._database.read() as session:
            await need_queue(session, queue)
            wanted = select(MemberRow).where(MemberRow.queue == queue).order_by(MemberRow.id)
            return [member_of(row) for row in (await session.execute(wanted)).scalars()]

    async def queues_of(self, agent: str) -> list[str]:
        """The queues an agent is a member of, by name; none for one nobody knows."""
        wanted = select(MemberRow.queue).where(MemberRow.agent == agent).order_by(MemberRow.queue)
        async with self._database.read() as session:
            return list((await session.execute(wanted)).scalars())

    async def member(self, queue: str, agent: str) -> Member:
        """Raises Refused unknown_queue, unknown_agent, not_a_member."""
        async with self._database.read() as session:
            return member_of(await need_member(session, queue, agent))

    async def put_member(
        self,
        queue: str,
        agent: str,
        penalty: int = 0,
        wrapuptime: int | None = None,
        ringinuse: bool | None = None,
        paused: str | None = None,
    ) -> Saved[Member]:
        """Add the agent at the end of the queue's members, or change in place how it serves.

        wrapuptime (s), ringinuse: None for the queue's. paused: why a new member is paused there
        from the start; one who is there stays paused or not. Raises Refused unknown_queue,
        unknown_agent.
        """
        async with self._mirror.change() as change:
            await need_queue(change.session, queue)
            await need_agent(change.session, agent)
            row = await find_member(change.session, queue, agent)
            created = row is None
            row = row or MemberRow(
                queue=queue, agent=agent, paused=paused is not None, pause_reason=paused or ""
            )
            row.penalty, row.wrapuptime, row.ringinuse = penalty, wrapuptime, ringinuse
            await self._save_member(change, row)
        return Saved(member_of(row), created, change.applied)

    async def change_member(
        self, queue: str, agent: str, **fields: int | bool | None
    ) -> Saved[Member]:
        """Change some of penalty, wrapuptime, ringinuse; the others stay.

        Raises Refused unknown_queue, unknown_agent, not_a_member.
        """
        async with self._mirror.change() as change:
            row = await need_member(change.session, queue, agent)
            for name, value in fields.items():
                setattr(row, name, value)
            await self._save_member(change, row)
        return Saved(member_of(row), False, change.applied)

    async def _save_member(self, change: Change, row: MemberRow) -> None:
        change.session.add(row)
        await change.session.flush()
        await change.push(self._line.put_member, row.queue, row.agent, member_settings_of(row))

    async def delete_member(self, queue: str, agent: str) -> Saved[Member]:
        """Raises Refused unknown_queue, unknown_agent, not_a_member."""
        async with self._mirror.change() as change:
            row = await need_member(change.session, queue, agent)
            await change.session.delete(row)
            await change.session.flush()
            await change.push(self._line.delete_member, queue, agent)
        return Saved(member_of(row), False, change.applied)
