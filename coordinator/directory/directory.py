"""The directory: what is configured, beside tokens. Every change of it goes through here.

Names and ranges are checked at the door (api/schemas.py, the database's constraints); here are
the rules between things: what must exist, what may not be shared, what follows what. How a change
reaches the line, and what happens when the line is away, is told in mirror.py.
"""

from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from dataclasses import asdict
from functools import partial
from typing import TypeVar

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from coordinator.database import Base, Database
from coordinator.directory.importing import (
    Imported,
    Wanted,
    compare,
    out_of_order,
    present,
    write,
)
from coordinator.directory.mirror import (
    Change,
    Line,
    Mirror,
    changes_of,
    lock,
    member_settings_of,
    settings_of,
)
from coordinator.directory.models import AgentRow, BoxRow, MemberRow, QueueRow, RuleRow
from coordinator.directory.types import Agent, Box, Member, Queue, Rule, Saved
from coordinator.errors import Refused
from coordinator.line.types import PenaltyChange, QueueSettings, Reply
from coordinator.names import phones

Row = TypeVar("Row", bound=Base)


class Directory:
    """The configuration of one coordinator. Methods raise `Refused` and then change nothing."""

    def __init__(self, database: Database, line: Line) -> None:
        self._database = database
        self._line = line
        self._mirror = Mirror(database, line)

    def asked(self, by: str, uniqueid: str) -> "Directory":
        """The same; changes are journaled with who asks for them, and on which channel of a box."""
        same = copy(self)
        same._line = self._line.asked(by, uniqueid)
        return same

    async def mirror(self) -> list[Refused]:
        """Bring everything to the line; call it when the line was found empty.

        Returns what the line refused for now. Raises one of `redis_client.AWAY`.
        """
        return await self._mirror.mirror()

    async def lags(self) -> bool:
        """Whether a mirror is due: at the start, and after a change that missed the line."""
        return await self._mirror.lags()

    # ── queues ──────────────────────────────────────────────────────────────────────────────

    async def queues(self) -> list[Queue]:
        """All queues by name."""
        return [_queue(row) for row in await self._all(QueueRow, QueueRow.name)]

    async def queue(self, queue: str) -> Queue:
        """Raises Refused unknown_queue."""
        async with self._database.read() as session:
            return _queue(await _need_queue(session, queue))

    async def put_queue(self, queue: str, settings: QueueSettings) -> Saved[Queue]:
        """Create the queue or replace its settings. Raises Refused unknown_rule."""
        async with self._mirror.change() as change:
            if settings.defaultrule:
                await _need_rule(change.session, settings.defaultrule)
            row = await change.session.get(QueueRow, queue)
            created = row is None
            row = row or QueueRow(name=queue)
            row.settings = asdict(settings)
            change.session.add(row)
            await change.session.flush()
            await change.push(self._line.put_queue, queue, settings)
        return Saved(Queue(queue, settings), created, change.applied)

    async def delete_queue(self, queue: str) -> Saved[Queue]:
        """Raises Refused unknown_queue, queue_in_use."""
        async with self._mirror.change() as change:
            row = await _need_queue(change.session, queue)
            await change.session.delete(row)
            await change.session.flush()
            await change.push(self._line.delete_queue, queue)
        return Saved(_queue(row), False, change.applied)

    # ── penalty rules ───────────────────────────────────────────────────────────────────────

    async def rules(self) -> list[Rule]:
        """All penalty rules by name."""
        return [_rule(row) for row in await self._all(RuleRow, RuleRow.name)]

    async def rule(self, rule: str) -> Rule:
        """Raises Refused unknown_rule."""
        async with self._database.read() as session:
            return _rule(await _need_rule(session, rule))

    async def put_rule(self, rule: str, changes: Sequence[PenaltyChange]) -> Saved[Rule]:
        """Create the rule or replace its changes, which come by time."""
        async with self._mirror.change() as change:
            row = await change.session.get(RuleRow, rule)
            created = row is None
            row = row or RuleRow(name=rule)
            row.changes = [asdict(step) for step in changes]
            change.session.add(row)
            await change.session.flush()
            await change.push(self._line.put_rule, rule, changes)
        return Saved(_rule(row), created, change.applied)

    async def delete_rule(self, rule: str) -> Saved[Rule]:
        """Raises Refused unknown_rule, rule_in_use."""
        async with self._mirror.change() as change:
            row = await _need_rule(change.session, rule)
            await _rule_is_free(change.session, rule)
            await change.session.delete(row)
            await change.session.flush()
            await change.push(self._line.delete_rule, rule)
        return Saved(_rule(row), False, change.applied)

    # ── agents ──────────────────────────────────────────────────────────────────────────────

    async def agents(self) -> list[Agent]:
        """All agents by name."""
        return [_agent(row) for row in await self._all(AgentRow, AgentRow.name)]

    async def agent(self, agent: str) -> Agent:
        """Raises Refused unknown_agent."""
        async with self._database.read() as session:
            return _agent(await _need_agent(session, agent))

    async def agent_at(self, interface: str) -> Agent | None:
        """The agent with this interface."""
        wanted = select(AgentRow).where(AgentRow.interface == interface)
        async with self._database.read() as session:
            row = (await session.execute(wanted)).scalar_one_or_none()
            return _agent(row) if row else None

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
            row.interface, row.display_name = interface, display_name
            row.state_interface = state_interface or None
            change.session.add(row)
            await change.session.flush()
            await change.push(self._line.put_agent, agent, interface, state_interface)
        return Saved(_agent(row), created, change.applied)

    async def enrol(
        self,
        interface: str,
        names: Sequence[str],
        display_name: str = "",
        state_interface: str = "",
    ) -> Saved[Agent]:
        """The agent with this interface; else a new one, by the first of the names that is free.

        Raises Refused agent_taken when none is, interface_taken where the phone is another's.
        """
        async with self._mirror.change() as change:
            owner = select(AgentRow).where(AgentRow.interface == interface)
            row = (await change.session.execute(owner)).scalar_one_or_none()
            created = row is None
            if row is None:
                row = await _new_agent(change.session, names)
                await _phone_is_free(change.session, interface, state_interface, row.name)
                row.interface, row.display_name = interface, display_name
                row.state_interface = state_interface or None
                change.session.add(row)
                await change.session.flush()
                await change.push(self._line.put_agent, row.name, interface, state_interface)
        return Saved(_agent(row), created, change.applied)

    async def delete_agent(self, agent: str) -> Saved[Agent]:
        """Also ends the memberships. Raises Refused unknown_agent, agent_busy."""
        async with self._mirror.change() as change:
            row = await _need_agent(change.session, agent)
            await change.session.delete(row)
            await change.session.flush()
            await change.push(self._line.delete_agent, agent)
        return Saved(_agent(row), False, change.applied)

    async def login(self, agent: str) -> Saved[Agent]:
        """The agent is at work. Raises Refused unknown_agent."""
        return await self._set_state(agent, partial(self._line.login, agent), logged_in=True)

    async def logout(self, agent: str) -> Saved[Agent]:
        """The agent has gone; a pause stays. Raises Refused unknown_agent."""
        return await self._set_state(agent, partial(self._line.logout, agent), logged_in=False)

    async def pause(self, agent: str, reason: str = "", queue: str | None = None) -> Saved[Agent]:
        """Not to be rung until unpaused, in that queue or in all.

        Raises Refused unknown_agent; with a queue unknown_queue, not_a_member too.
        """
        step = partial(self._line.pause, agent, reason, queue)
        if queue is None:
            return await self._set_state(agent, step, paused=True, pause_reason=reason)
        async with self._mirror.change() as change:
            row = await _need_agent(change.session, agent)
            member = await _need_member(change.session, queue, agent)
            member.paused, member.pause_reason = True, reason
            await change.session.flush()
            await change.push(step)
        return Saved(_agent(row), False, change.applied)

    async def unpause(self, agent: str, queue: str | None = None) -> Saved[Agent]:
        """The end of every pause, also of what autopause did: in that queue or in all.

        Who was paused everywhere stays paused in the other queues, in each by itself. Raises
        Refused as `pause` does.
        """
        async with self._mirror.change() as change:
            row = await _need_agent(change.session, agent)
            if queue is not None:
                await _need_member(change.session, queue, agent)
            for member in await _members_of(change.session, agent):
                if queue in (None, member.queue):
                    member.paused, member.pause_reason = False, ""
                elif row.paused and not member.paused:
                    member.paused, member.pause_reason = True, row.pause_reason
            row.paused, row.pause_reason = False, ""
            await change.session.flush()
            await change.push(self._line.unpause, agent, queue)
        return Saved(_agent(row), False, change.applied)

    async def _set_state(
        self, agent: str, step: Callable[[], Awaitable[Reply]], **state: bool | str
    ) -> Saved[Agent]:
        async with self._mirror.change() as change:
            row = await _need_agent(change.session, agent)
            for name, value in state.items():
                setattr(row, name, value)
            await change.session.flush()
            await change.push(step)
        return Saved(_agent(row), False, change.applied)

    # ── members ─────────────────────────────────────────────────────────────────────────────

    async def members(self, queue: str) -> list[Member]:
        """A queue's members in the order in which they were added. Raises Refused unknown_queue."""
        async with self._database.read() as session:
            await _need_queue(session, queue)
            wanted = select(MemberRow).where(MemberRow.queue == queue).order_by(MemberRow.id)
            return [_member(row) for row in (await session.execute(wanted)).scalars()]

    async def queues_of(self, agent: str) -> list[str]:
        """The queues an agent is a member of, by name; none for one nobody knows."""
        wanted = select(MemberRow.queue).where(MemberRow.agent == agent).order_by(MemberRow.queue)
        async with self._database.read() as session:
            return list((await session.execute(wanted)).scalars())

    async def member(self, queue: str, agent: str) -> Member:
        """Raises Refused unknown_queue, unknown_agent, not_a_member."""
        async with self._database.read() as session:
            return _member(await _need_member(session, queue, agent))

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
            await _need_queue(change.session, queue)
            await _need_agent(change.session, agent)
            row = await _find_member(change.session, queue, agent)
            created = row is None
            row = row or MemberRow(
                queue=queue, agent=agent, paused=paused is not None, pause_reason=paused or ""
            )
            row.penalty, row.wrapuptime, row.ringinuse = penalty, wrapuptime, ringinuse
            await self._save_member(change, row)
        return Saved(_member(row), created, change.applied)

    async def change_member(
        self, queue: str, agent: str, **fields: int | bool | None
    ) -> Saved[Member]:
        """Change some of penalty, wrapuptime, ringinuse; the others stay.

        Raises Refused unknown_queue, unknown_agent, not_a_member.
        """
        async with self._mirror.change() as change:
            row = await _need_member(change.session, queue, agent)
            for name, value in fields.items():
                setattr(row, name, value)
            await self._save_member(change, row)
        return Saved(_member(row), False, change.applied)

    async def _save_member(self, change: Change, row: MemberRow) -> None:
        change.session.add(row)
        await change.session.flush()
        await change.push(self._line.put_member, row.queue, row.agent, member_settings_of(row))

    async def delete_member(self, queue: str, agent: str) -> Saved[Member]:
        """Raises Refused unknown_queue, unknown_agent, not_a_member."""
        async with self._mirror.change() as change:
            row = await _need_member(change.session, queue, agent)
            await change.session.delete(row)
            await change.session.flush()
            await change.push(self._line.delete_member, queue, agent)
        return Saved(_member(row), False, change.applied)

    # ── all at once ─────────────────────────────────────────────────────────────────────────

    async def import_all(self, wanted: Wanted, dry_run: bool = False) -> Imported:
        """Bring there what is wanted, all of it or nothing; or only tell what would change.

        Raises Refused interface_taken, unknown_queue, unknown_agent, unknown_rule, agent_busy.
        After agent_busy the line may have some of it until it is mirrored, a moment later.
        """
        if dry_run:
            async with self._database.read() as session:
                there = await present(session)
                return Imported(compare(wanted, there), out_of_order(wanted, there), False)
        async with self._mirror.change() as change:
            there = await present(change.session)
            late = out_of_order(wanted, there)
            differences = compare(wanted, there)
            await write(change, self._line, wanted, there, differences)
        return Imported(differences, late, change.applied)

    # ── boxes (the line learns of a box when it links) ──────────────────────────────────────

    async def boxes(self) -> list[Box]:
        """All boxes by name."""
        return [_box(row) for row in await self._all(BoxRow, BoxRow.name)]

    async def box(self, box: str) -> Box:
        """Raises Refused unknown_box."""
        async with self._database.read() as session:
            return _box(await _need_box(session, box))

    async def put_box(self, box: str, enabled: bool = True) -> Saved[Box]:
        """Create the box or let it link (`enabled`) or not."""
        async with self._database.write() as session:
            await lock(session)
            row = await session.get(BoxRow, box)
            created = row is None
            row = row or BoxRow(name=box)
            row.enabled = enabled
            session.add(row)
        return Saved(_box(row), created, applied=True)

    async def delete_box(self, box: str) -> Saved[Box]:
        """Its tokens go with it, so its link ends. Raises Refused unknown_box."""
        async with self._database.write() as session:
            row = await _need_box(session, box)
            await session.delete(row)
        return Saved(_box(row), False, applied=True)

    async def _all(self, table: type[Row], order: InstrumentedAttribute[str]) -> list[Row]:
        async with self._database.read() as session:
            return list((await session.execute(select(table).order_by(order))).scalars())


async def _need_queue(session: AsyncSession, queue: str) -> QueueRow:
    row = await session.get(QueueRow, queue)
    if row is None:
        raise Refused("unknown_queue", queue=queue)
    return row


async def _need_rule(session: AsyncSession, rule: str) -> RuleRow:
    row = await session.get(RuleRow, rule)
    if row is None:
        raise Refused("unknown_rule", rule=rule)
    return row


async def _need_agent(session: AsyncSession, agent: str) -> AgentRow:
    row = await session.get(AgentRow, agent)
    if row is None:
        raise Refused("unknown_agent", agent=agent)
    return row


async def _new_agent(session: AsyncSession, names: Sequence[str]) -> AgentRow:
    for name in names:
        if await session.get(AgentRow, name) is None:
            return AgentRow(name=name, logged_in=False, paused=False, pause_reason="")
    raise Refused("agent_taken", agent=", ".join(names))


async def _need_box(session: AsyncSession, box: str) -> BoxRow:
    row = await session.get(BoxRow, box)
    if row is None:
        raise Refused("unknown_box", box=box)
    return row


async def _find_member(session: AsyncSession, queue: str, agent: str) -> MemberRow | None:
    wanted = select(MemberRow).where(MemberRow.queue == queue, MemberRow.agent == agent)
    return (await session.execute(wanted)).scalar_one_or_none()


async def _need_member(session: AsyncSession, queue: str, agent: str) -> MemberRow:
    await _need_queue(session, queue)
    await _need_agent(session, agent)
    row = await _find_member(session, queue, agent)
    if row is None:
        raise Refused("not_a_member", queue=queue, agent=agent)
    return row


async def _members_of(session: AsyncSession, agent: str) -> list[MemberRow]:
    wanted = select(MemberRow).where(MemberRow.agent == agent)
    return list((await session.execute(wanted)).scalars())


async def _rule_is_free(session: AsyncSession, rule: str) -> None:
    for row in (await session.execute(select(QueueRow).order_by(QueueRow.name))).scalars():
        if settings_of(row).defaultrule == rule:
            raise Refused("rule_in_use", rule=rule, queue=row.name)


async def _phone_is_free(
    session: AsyncSession, interface: str, state_interface: str, agent: str
) -> None:
    """No other agent is dialled there, nor judged by its state (names.phones)."""
    for phone in sorted(phones(interface, state_interface)):
        known_by = or_(AgentRow.interface == phone, AgentRow.state_interface == phone)
        owners = select(AgentRow.name).where(known_by, AgentRow.name != agent)
        owner = (await session.execute(owners)).scalars().first()
        if owner is not None:
            raise Refused("interface_taken", interface=phone, agent=owner)


def _queue(row: QueueRow) -> Queue:
    return Queue(row.name, settings_of(row))


def _rule(row: RuleRow) -> Rule:
    return Rule(row.name, changes_of(row))


def _agent(row: AgentRow) -> Agent:
    return Agent(
        name=row.name,
        interface=row.interface,
        state_interface=row.state_interface or "",
        display_name=row.display_name,
        logged_in=row.logged_in,
        paused=row.paused,
        pause_reason=row.pause_reason,
    )


def _member(row: MemberRow) -> Member:
    return Member(row.queue, row.agent, row.id, member_settings_of(row))


def _box(row: BoxRow) -> Box:
    return Box(row.name, row.enabled)
