"""Joining a queue as app_queue has it: by phone, and by the virtual manager."""

from dataclasses import dataclass
from functools import partial

from coordinator.directory.agents import Agents
from coordinator.directory.members import Members
from coordinator.directory.mirror import Change
from coordinator.directory.models import AgentRow, MemberRow
from coordinator.directory.rows import agent_of, members_of, need_queue
from coordinator.directory.types import Agent
from coordinator.names import agent_names


@dataclass(frozen=True, slots=True)
class Joining:
    """What AddQueueMember() says; None where it says nothing. wrapuptime: s."""

    queue: str
    interface: str
    penalty: int | None = None
    name: str = ""
    state_interface: str = ""
    wrapuptime: int | None = None
    paused: bool | None = None
    reason: str = ""


def own_wrapuptime(seconds: int) -> int | None:
    """A member's own: to Queue() 0 is none (app_queue.c: get_wrapuptime)."""
    return seconds or None


class Joins(Agents, Members):
    """Of the directory: agents and memberships, and both at once."""

    async def join(self, wanted: Joining) -> Agent | None:
        """Makes a member of the agent with that interface, who is at work from then on; a new agent
        where there is none. Of one who is a member, and logged out, only what is said changes.
        None: it is a member, and at work, already.

        Raises Refused unknown_queue, interface_taken, agent_taken.
        """
        async with self._mirror.change() as change:
            await need_queue(change.session, wanted.queue)
            names = agent_names(wanted.interface, wanted.name)
            state = wanted.state_interface
            row = await self._enrol(change, wanted.interface, names, wanted.name, state)
            members = {one.queue: one for one in await members_of(change.session, row.name)}
            if row.logged_in and wanted.queue in members:
                return None
            if not members:  # nobody's pause of an earlier service lasts, nor autopause's
                await self._end_pauses(change, row)
            await self._serve(change, row, members.get(wanted.queue), wanted)
            if wanted.paused is False:
                await self._end_pauses(change, row, wanted.queue, wanted.reason)
        return agent_of(row)

    async def _serve(
        self, change: Change, agent: AgentRow, known: MemberRow | None, wanted: Joining
    ) -> None:
        """At work, and a member as is wanted.

        A new member is at work first: queue_log's ADDMEMBER is then written once, with its pause.
        One who is there is a member as wanted first: else it might be rung before its pause.
        """
        log_in = partial(self._become, change, agent, self._line.login, logged_in=True)
        if known is None:
            await log_in()
            new = MemberRow(queue=wanted.queue, agent=agent.name, penalty=0, paused=False)
            new.pause_reason = ""
            await self._save_member(change, _as_said(new, wanted))
        else:
            await self._save_member(change, _as_said(known, wanted))
            await log_in()


def _as_said(member: MemberRow, wanted: Joining) -> MemberRow:
    if wanted.penalty is not None:
        member.penalty = wanted.penalty
    if wanted.wrapuptime is not None:
        member.wrapuptime = own_wrapuptime(wanted.wrapuptime)
    if wanted.paused:
        member.paused, member.pause_reason = True, wanted.reason
    return member
