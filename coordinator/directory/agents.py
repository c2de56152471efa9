"""Agents: their phones, whether they are at work, and their pauses."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from coordinator.directory.mirror import Change
from coordinator.directory.models import AgentRow
from coordinator.directory.part import Part
from coordinator.directory.rows import agent_of, members_of, need_agent, need_member
from coordinator.directory.types import Agent, Saved
from coordinator.errors import Refused
from coordinator.line.types import Reply
from coordinator.names import fold, phones

log = logging.getLogger(__name__)


class Agents(Part):
    """Of the directory: agents."""

    async def agents(self) -> list[Agent]:
        """All agents by name."""
        return [agent_of(row) for row in await self._all(AgentRow, AgentRow.name)]

    async def agent(self, agent: str) -> Agent:
        """Raises Refused unknown_agent."""
        async with self._database.read() as session:
            return agent_of(await need_agent(session, agent))

    async def agent_at(self, interface: str) -> Agent | None:
        """The agent with this interface, in any case."""
        async with self._database.read() as session:
            row = await _at(session, interface)
            return agent_of(row) if row else None

    async def put_agent(
        self, agent: str, interface: str, display_name: str = "", state_interface: str = ""
    ) -> Saved[Agent]:
        """Create the agent, logged out, or change phone and name; login and pause stay.

        Raises Refused interface_taken, agent_busy.
        """
        async with self._mirror.change() as change:
            await _phone_is_free(change.session, interface, state_interface, agent)
            row = await change.session.get(AgentRow, agent)
            created = row is None
            row = row or await _new_agent(change.session, [agent])
            row.display_name = display_name
            await self._give_phone(change, row, interface, state_interface)
        return Saved(agent_of(row), created, change.applied)

    async def change_agent(self, agent: str, **fields: str) -> Saved[Agent]:
        """Change some of interface, state_interface, display_name; all else stays.

        Raises Refused unknown_agent, interface_taken, agent_busy.
        """
        async with self._mirror.change() as change:
            row = await need_agent(change.session, agent)
            interface = fields.get("interface", row.interface)
            state_interface = fields.get("state_interface", row.state_interface or "")
            await _phone_is_free(change.session, interface, state_interface, agent)
            row.display_name = fields.get("display_name", row.display_name)
            await self._give_phone(change, row, interface, state_interface)
        return Saved(agent_of(row), False, change.applied)

    async def _enrol(
        self,
        change: Change,
        interface: str,
        names: Sequence[str],
        display_name: str,
        state_interface: str,
    ) -> AgentRow:
        """The agent with this interface; else a new one, by the first of the names that is free.

        Raises Refused agent_taken when none is, interface_taken where the phone is another's.
        """
        known = await _at(change.session, interface)
        if known is not None:
            return known
        row = await _new_agent(change.session, names)
        await _phone_is_free(change.session, interface, state_interface, row.name)
        row.display_name = display_name
        await self._give_phone(change, row, interface, state_interface)
        return row

    async def _give_phone(
        self, change: Change, row: AgentRow, interface: str, state_interface: str
    ) -> None:
        row.interface, row.state_interface = interface, state_interface or None
        if interface.startswith("Local/") and not state_interface:
            log.warning("agent %s is never rung: %s needs a state_interface", row.name, interface)
        change.session.add(row)
        await change.session.flush()
        await change.push(self._line.put_agent, row.name, interface, state_interface)

    async def delete_agent(self, agent: str) -> Saved[Agent]:
        """Also ends the memberships. Raises Refused unknown_agent, agent_busy."""
        async with self._mirror.change() as change:
            row = await need_agent(change.session, agent)
            await change.session.delete(row)
            await change.session.flush()
            await change.push(self._line.delete_agent, agent)
        return Saved(agent_of(row), False, change.applied)

    async def login(self, agent: str) -> Saved[Agent]:
        """The agent is at work. Raises Refused unknown_agent."""
        return await self._set_state(agent, self._line.login, logged_in=True)

    async def logout(self, agent: str) -> Saved[Agent]:
        """The agent has gone; a pause stays. Raises Refused unknown_agent."""
        return await self._set_state(agent, self._line.logout, logged_in=False)

    async def pause(self, agent: str, reason: str = "", queue: str | None = None) -> Saved[Agent]:
        """Not to be rung until unpaused, in that queue or in all.

        Raises Refused unknown_agent; with a queue unknown_queue, not_a_member too.
        """
        step = partial(self._line.pause, reason=reason, queue=queue)
        if queue is None:
            return await self._set_state(agent, step, paused=True, pause_reason=reason)
        async with self._mirror.change() as change:
            row = await need_agent(change.session, agent)
            member = await need_member(change.session, queue, agent)
            member.paused, member.pause_reason = True, reason
            await change.session.flush()
            await change.push(step, agent)
        return Saved(agent_of(row), False, change.applied)

    async def unpause(self, agent: str, reason: str = "", queue: str | None = None) -> Saved[Agent]:
        """The end of every pause, also of what autopause did: in that queue or in all.

        Who was paused everywhere stays paused in the other queues, in each by itself. Raises
        Refused as `pause` does.
        """
        async with self._mirror.change() as change:
            row = await need_agent(change.session, agent)
            if queue is not None:
                await need_member(change.session, queue, agent)
            await self._end_pauses(change, row, queue, reason)
        return Saved(agent_of(row), False, change.applied)

    async def _end_pauses(
        self, change: Change, row: AgentRow, queue: str | None = None, reason: str = ""
    ) -> None:
        for member in await members_of(change.session, row.name):
            if queue in (None, member.queue):
                member.paused, member.pause_reason = False, ""
            elif row.paused and not member.paused:
                member.paused, member.pause_reason = True, row.pause_reason
        row.paused, row.pause_reason = False, ""
        await change.session.flush()
        await change.push(self._line.unpause, row.name, reason, queue)

    async def _set_state(
        self, agent: str, step: Callable[[str], Awaitable[Reply]], **state: bool | str
    ) -> Saved[Agent]:
        async with self._mirror.change() as change:
            row = await need_agent(change.session, agent)
            await self._become(change, row, step, **state)
        return Saved(agent_of(row), False, change.applied)

    async def _become(
        self,
        change: Change,
        row: AgentRow,
        step: Callable[[str], Awaitable[Reply]],
        **state: bool | str,
    ) -> None:
        for name, value in state.items():
            setattr(row, name, value)
        await change.session.flush()
        await change.push(step, row.name)


async def _at(session: AsyncSession, interface: str) -> AgentRow | None:
    there = func.lower(AgentRow.interface) == fold(interface)
    wanted = select(AgentRow).where(there).order_by(AgentRow.name)
    return (await session.execute(wanted)).scalars().first()


async def _new_agent(session: AsyncSession, names: Sequence[str]) -> AgentRow:
    for name in names:
        if await session.get(AgentRow, name) is None:
            return AgentRow(name=name, logged_in=False, paused=False, pause_reason="")
    raise Refused("agent_taken", agent=", ".join(names))


async def _phone_is_free(
    session: AsyncSession, interface: str, state_interface: str, agent: str
) -> None:
    """No other agent is dialled there, nor judged by its state (names.phones)."""
    for phone, written in sorted(phones(interface, state_interface).items()):
        known_by = or_(
            func.lower(AgentRow.interface) == phone, func.lower(AgentRow.state_interface) == phone
        )
        owners = select(AgentRow.name).where(known_by, AgentRow.name != agent)
        owner = (await session.execute(owners)).scalars().first()
        if owner is not None:
            raise Refused("interface_taken", interface=written, agent=owner)
