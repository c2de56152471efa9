"""Bringing the directory's changes to the line: SQL first, then the line, then the commit.

Why this order. SQL is what survives: a change the line has and SQL lacks is gone at the next
restart, while a change SQL has and the line lacks is brought there by `mirror`. So the change is
written in SQL first, where names, foreign keys and uniqueness are checked. Only then the line
is told, which may refuse what only it can know (a queue with callers, an agent on a call): then
the SQL change is rolled back and nothing has changed anywhere. Committing last, under a lock
every change takes, also makes the order of changes the same in both: two replicas that change
one queue cannot leave the line with the older settings.

If the line is unavailable the change is committed all the same, and the row `mirror` says that
the line lags. Any replica that looks (`lags`) sees that and mirrors everything once the line is
back. Should the commit itself fail after the line was told, the line is ahead until this process
mirrors, which it then owes; if it died, until it starts again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import ParamSpec, Protocol, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from coordinator.database import Database
from coordinator.directory.models import AgentRow, MemberRow, MirrorRow, QueueRow, RuleRow
from coordinator.errors import Refused
from coordinator.line.engine import TransitionFailed
from coordinator.line.types import (
    AgentView,
    MemberSettings,
    PenaltyChange,
    QueueSettings,
    QueueView,
    Reply,
)
from coordinator.names import phones
from coordinator.redis_client import AWAY

log = logging.getLogger(__name__)

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")

#: What each of many was refused with.
Answers = list[Refused | None]

#: The line's refusals that undo a change. Any other one means that the line lags behind SQL,
#: which has checked names and interfaces itself.
LINE_DECIDES = frozenset({"queue_in_use", "agent_busy"})

#: Seconds a change waits for the line: it holds the directory's lock meanwhile.
PATIENCE_S = 2.0

#: Steps of a mirror sent at once. One by one, a thousand agents would take five seconds.
PART = 200


class Line(Protocol):
    """What the directory needs of `coordinator.line.engine.Engine`."""

    def asked(self, by: str, uniqueid: str) -> "Line": ...
    async def put_queue(self, queue: str, settings: QueueSettings) -> Reply: ...
    async def delete_queue(self, queue: str) -> Reply: ...
    async def put_rule(self, rule: str, changes: Sequence[PenaltyChange]) -> Reply: ...
    async def delete_rule(self, rule: str) -> Reply: ...
    async def put_agent(self, agent: str, interface: str, state_interface: str) -> Reply: ...
    async def delete_agent(self, agent: str) -> Reply: ...
    async def put_agents(self, agents: Sequence[tuple[str, str, str]]) -> Answers: ...
    async def put_member(self, queue: str, agent: str, settings: MemberSettings) -> Reply: ...
    async def put_members(self, members: Sequence[tuple[str, str, MemberSettings]]) -> Answers: ...
    async def delete_member(self, queue: str, agent: str) -> Reply: ...
    async def login(self, agent: str) -> Reply: ...
    async def logout(self, agent: str) -> Reply: ...
    async def pause(self, agent: str, reason: str = "", queue: str | None = None) -> Reply: ...
    async def unpause(self, agent: str, reason: str = "", queue: str | None = None) -> Reply: ...
    async def change_agents(self, changes: Sequence[tuple[str, str, str]]) -> Answers: ...
    async def queues(self) -> list[QueueView]: ...
    async def rules(self) -> Mapping[str, Sequence[PenaltyChange]]: ...
    async def agents(self) -> list[AgentView]: ...


class Change:
    """One change on its way: a session that holds the directory's lock, and the line."""

    def __init__(self, session: AsyncSession, patience_s: float) -> None:
        self.session = session
        self.applied = True
        self.told = False
        self._patience_s = patience_s

    async def push(
        self, step: Callable[P, Awaitable[Reply]], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Tell the line. Raises Refused where only the line can know; else it may lag."""
        told_before = self.told
        try:
            await self._tell(step, *args, **kwargs)
        except Refused as refused:
            if refused.code in LINE_DECIDES:
                self.told = told_before  # by this step the line is not ahead
            self._take(refused)

    async def push_all(
        self, step: Callable[[Sequence[T]], Awaitable[Answers]], rows: Sequence[T]
    ) -> None:
        """Tell the line of many. Raises as `push` does; the line is then ahead by some of them."""
        for start in range(0, len(rows), PART):
            for refused in await self._tell(step, rows[start : start + PART]) or ():
                if refused is not None:
                    self._take(refused)

    async def _tell(
        self, step: Callable[P, Awaitable[S]], *args: P.args, **kwargs: P.kwargs
    ) -> S | None:
        """The line's answer; None while it is away, now or since an earlier step."""
        if not self.applied:
            return None
        self.told = True
        try:
            async with asyncio.timeout(self._patience_s):
                return await step(*args, **kwargs)
        except AWAY as error:
            self._follows_later(error)
            return None

    def _take(self, refused: Refused) -> None:
        if refused.code in LINE_DECIDES:
            raise refused
        self._follows_later(refused)

    def _follows_later(self, why: Exception) -> None:
        log.warning("The line did not take a change, it follows later: %r", why)
        self.applied = False


class Mirror:
    """Keeps the line in step with SQL."""

    def __init__(self, database: Database, line: Line, patience_s: float = PATIENCE_S) -> None:
        self._database = database
        self._line = line
        self._patience_s = patience_s
        # Unknown until a first mirror: an earlier process may have died between line and commit.
        self._unsure = True
        # Any change may give back the phone for which an agent was kept out of the line.
        self._kept_out = False

    @asynccontextmanager
    async def change(self) -> AsyncIterator[Change]:
        """A transaction for one change. Leave the block normally to commit."""
        change: Change | None = None
        try:
            async with self._database.write() as session:
                row = await lock(session)
                change = Change(session, self._patience_s)
                yield change
                row.version += 1
                follows = change.applied and not self._kept_out
                if follows and row.mirrored == row.version - 1:
                    row.mirrored = row.version
        except BaseException:
            self._unsure = self._unsure or (change is not None and change.told)
            raise

    async def mirror(self) -> list[Refused]:
        """Bring everything to the line. Returns what it refused for now; empty: all is there.

        What fails there by a defect of ours counts as refused, and does not stop the rest.
        Raises one of `redis_client.AWAY` when the line does not answer.
        """
        async with self._database.write() as session:
            row = await lock(session)
            everything = _Everything(session, self._line, self._patience_s)
            left = await everything.push()
            if not left:
                row.mirrored = row.version
        self._unsure, self._kept_out = bool(left), everything.kept_out
        return left

    async def lags(self) -> bool:
        """Whether some change is in SQL and not yet in the line."""
        if self._unsure:
            return True
        async with self._database.read() as session:
            row = (await session.execute(select(MirrorRow))).scalar_one()
            return row.mirrored != row.version


async def lock(session: AsyncSession) -> MirrorRow:
    """The row every change locks; released by the commit. (On SQLite `write` is the lock.)."""
    statement = select(MirrorRow).with_for_update()
    return (await session.execute(statement)).scalar_one()


class _Everything:
    """One whole mirror: what SQL has goes to the line, what it has not is taken out."""

    def __init__(self, session: AsyncSession, line: Line, patience_s: float) -> None:
        self._session = session
        self._line = line
        self._patience_s = patience_s
        self._left: list[Refused] = []
        #: An agent whose phone is another's too is not in the line.
        self.kept_out = False

    async def push(self) -> list[Refused]:
        queues = list((await self._session.execute(select(QueueRow))).scalars())
        agents = await self._agents()
        names = {agent.name for agent in agents}
        in_order = select(MemberRow).order_by(MemberRow.id)
        rows = (await self._session.execute(in_order)).scalars()
        members = [member for member in rows if member.agent in names]
        await self._remove(queues, agents, members)
        await self._follow_rules()
        for queue in queues:
            await self._tell(self._line.put_queue, queue.name, settings_of(queue))
        await self._put_agents(agents)
        told = [(member.queue, member.agent, member_settings_of(member)) for member in members]
        await self._tell_all(self._line.put_members, told)
        changes = [change for agent in agents for change in _state(agent)]
        await self._tell_all(self._line.change_agents, changes)
        return self._left

    async def _agents(self) -> list[AgentRow]:
        """Each with a phone of its own. SQL can hold more: written before phones were compared.

        Of agents with one phone the first by name is the line's, until one is changed.
        """
        owners: dict[str, str] = {}
        agents = []
        rows = await self._session.execute(select(AgentRow).order_by(AgentRow.name))
        for row in rows.scalars():
            its = phones(row.interface, row.state_interface or "")
            if shared := sorted(its.keys() & owners.keys()):
                self.kept_out = True
                refused = Refused(
                    "interface_taken", interface=its[shared[0]], agent=owners[shared[0]]
                )
                log.error("agent %s is kept out of the line: %s", row.name, refused)
                continue
            owners |= dict.fromkeys(its, row.name)
            agents.append(row)
        return agents

    async def _remove(
        self,
        queues: Iterable[QueueRow],
        agents: Iterable[AgentRow],
        members: Iterable[MemberRow],
    ) -> None:
        """First, so that no interface is still held by an agent who is gone."""
        wanted = {(member.queue, member.agent) for member in members}
        names = {agent.name for agent in agents}
        lines = {queue.name for queue in queues}
        for seen in await self._line.agents():
            if seen.name not in names:
                await self._tell(self._line.delete_agent, seen.name)
                continue
            for queue in seen.queues:
                if (queue, seen.name) not in wanted:
                    await self._tell(self._line.delete_member, queue, seen.name)
        for view in await self._line.queues():
            if view.name not in lines:
                await self._tell(self._line.delete_queue, view.name)

    async def _follow_rules(self) -> None:
        """Before the queues, so that none takes callers without its defaultrule."""
        rows = list((await self._session.execute(select(RuleRow))).scalars())
        for gone in set(await self._line.rules()) - {row.name for row in rows}:
            await self._tell(self._line.delete_rule, gone)
        for row in rows:
            await self._tell(self._line.put_rule, row.name, changes_of(row))

    async def _put_agents(self, agents: Iterable[AgentRow]) -> None:
        """Agents may have passed interfaces on to each other while the line was away.

        Whoever waits for an interface to be given up is tried again after the others; when a
        round brings nothing they wait in a ring, and one is taken out to break it.
        """
        waiting = list(agents)
        while waiting:
            stuck = await self._take_interfaces(waiting)
            in_a_ring = len(stuck) == len(waiting)
            if in_a_ring and not await self._tell(self._line.delete_agent, stuck[0].name):
                return
            waiting = stuck

    async def _take_interfaces(self, agents: Sequence[AgentRow]) -> list[AgentRow]:
        """Those whose interface another one still has."""
        told = [(a.name, a.interface, a.state_interface or "") for a in agents]
        answers = list(zip(agents, await self._in_parts(self._line.put_agents, told), strict=True))
        self._left += [no for _, no in answers if no and no.code != "interface_taken"]
        return [agent for agent, no in answers if no and no.code == "interface_taken"]

    async def _tell_all(
        self, step: Callable[[Sequence[T]], Awaitable[Answers]], rows: Sequence[T]
    ) -> None:
        self._left += [no for no in await self._in_parts(step, rows) if no]

    async def _in_parts(
        self, step: Callable[[Sequence[T]], Awaitable[Answers]], rows: Sequence[T]
    ) -> Answers:
        """The line's patience is for a part, as it is for a single step."""
        answers: Answers = []
        for start in range(0, len(rows), PART):
            async with asyncio.timeout(self._patience_s):
                answers += await step(rows[start : start + PART])
        return answers

    async def _tell(
        self, step: Callable[P, Awaitable[Reply]], *args: P.args, **kwargs: P.kwargs
    ) -> bool:
        try:
            await self._call(step, *args, **kwargs)
        except Refused as refused:
            self._left.append(refused)
            return False
        except TransitionFailed:
            log.exception("%s%s", getattr(step, "__name__", step), args)
            self._left.append(Refused("internal"))
            return False
        return True

    async def _call(
        self, step: Callable[P, Awaitable[Reply]], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        async with asyncio.timeout(self._patience_s):
            await step(*args, **kwargs)


def _state(agent: AgentRow) -> list[tuple[str, str, str]]:
    # Pause before login: an agent who is paused must not be available in between. Whom autopause
    # has paused, and no person, stays so.
    return [
        (agent.name, "pause" if agent.paused else "end_pause", agent.pause_reason),
        (agent.name, "login" if agent.logged_in else "logout", ""),
    ]


def settings_of(row: QueueRow) -> QueueSettings:
    """The line's settings of a queue as SQL holds them."""
    fields = QueueSettings.__dataclass_fields__
    return QueueSettings(**{name: row.settings[name] for name in fields if name in row.settings})


def member_settings_of(row: MemberRow) -> MemberSettings:
    """How an agent serves a queue, as SQL holds it."""
    return MemberSettings(row.penalty, row.wrapuptime, row.ringinuse, row.paused, row.pause_reason)


def changes_of(row: RuleRow) -> tuple[PenaltyChange, ...]:
    """The line's changes of a penalty rule as SQL holds them."""
    return tuple(PenaltyChange(**change) for change in row.changes)
