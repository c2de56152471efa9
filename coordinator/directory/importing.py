"""An import: what is wanted against what is there, and the difference written as one change.

What is in the directory and not wanted stays as it is, also a single setting of a queue: a file of
one box does not know what others added. An agent who is there keeps login and pause, which are the
person's own. A member who is there keeps its place; new ones come behind, in the order wanted.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from coordinator.directory.mirror import (
    Change,
    Line,
    changes_of,
    member_settings_of,
    settings_of,
)
from coordinator.directory.models import AgentRow, MemberRow, QueueRow, RuleRow
from coordinator.errors import Refused
from coordinator.line.types import MemberSettings, PenaltyChange, QueueSettings
from coordinator.names import phones

Kind = Literal["rule", "queue", "agent", "member"]

#: Queue()'s defaults where ours differ: what a file leaves out of a new queue means this.
OF_QUEUE: dict[str, Any] = {"ringinuse": True}

#: What makes an agent another phone's.
PHONE = frozenset({"interface", "state_interface"})


@dataclass(frozen=True, slots=True)
class WantedAgent:
    """An agent to be there. display_name None: as it is."""

    interface: str
    display_name: str | None = None
    state_interface: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be there.

    Queues: the settings given, fields of QueueSettings. Members by (queue, agent), in order;
    paused: only those who are new. Rules: their changes, by time.
    """

    queues: dict[str, dict[str, Any]]
    agents: dict[str, WantedAgent]
    members: dict[tuple[str, str], MemberSettings]
    rules: dict[str, tuple[PenaltyChange, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing wanted, by its names (a member has both), and what is to change: (old, new).

    For a new thing: its fields that have not their default, and old is None.
    """

    kind: Kind
    new: bool
    queue: str = ""
    agent: str = ""
    rule: str = ""
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    @property
    def same(self) -> bool:
        """There is nothing to do."""
        return not self.new and not self.fields


@dataclass(frozen=True, slots=True)
class Imported:
    """All that was wanted, compared. `applied`: the line has it too; False for a dry run.

    out_of_order: queues whose members wanted are there in another order.
    """

    differences: list[Difference]
    out_of_order: list[str]
    applied: bool


@dataclass(frozen=True, slots=True)
class Present:
    """The directory's rows. Members in their order."""

    queues: dict[str, QueueRow]
    agents: dict[str, AgentRow]
    members: dict[tuple[str, str], MemberRow]
    rules: dict[str, RuleRow]


async def present(session: AsyncSession) -> Present:
    """All of the directory that an import concerns."""
    queues = (await session.execute(select(QueueRow))).scalars()
    agents = (await session.execute(select(AgentRow))).scalars()
    members = (await session.execute(select(MemberRow).order_by(MemberRow.id))).scalars()
    rules = (await session.execute(select(RuleRow))).scalars()
    return Present(
        queues={row.name: row for row in queues},
        agents={row.name: row for row in agents},
        members={(row.queue, row.agent): row for row in members},
        rules={row.name: row for row in rules},
    )


def compare(wanted: Wanted, there: Present) -> list[Difference]:
    """Raises Refused interface_taken, unknown_queue, unknown_agent, unknown_rule."""
    _check(wanted, there)
    return [
        *(_of_rule(name, one, there) for name, one in wanted.rules.items()),
        *(_of_queue(name, wanted, there) for name in wanted.queues),
        *(_of_agent(name, one, there) for name, one in wanted.agents.items()),
        *(_of_member(*names, one, there) for names, one in wanted.members.items()),
    ]


def out_of_order(wanted: Wanted, there: Present) -> list[str]:
    """Queues whose members will stand in another order than the one wanted."""
    asked = _by_queue(wanted.members)
    kept = _by_queue(names for names in there.members if names in wanted.members)
    return sorted(queue for queue, agents in kept.items() if agents != asked[queue][: len(agents)])


async def write(
    change: Change, line: Line, wanted: Wanted, there: Present, differences: list[Difference]
) -> None:
    """Everything that differs, to SQL and then to the line. Raises Refused agent_busy."""
    todo = [one for one in differences if not one.same]
    for kind in get_args(Kind):  # members refer to the others
        change.session.add_all(_row(one, wanted, there) for one in todo if one.kind == kind)
        await change.session.flush()
    await _push(change, line, wanted, there, todo)


async def _push(
    change: Change, line: Line, wanted: Wanted, there: Present, todo: list[Difference]
) -> None:
    """First what the line may refuse: another phone for an agent who may be on a call."""
    phones = [(one.agent, wanted.agents[one.agent]) for one in todo if PHONE & one.fields.keys()]
    told = [(name, agent.interface, agent.state_interface) for name, agent in phones]
    await change.push_all(line.put_agents, told)
    for one in todo:
        if one.kind == "rule":
            await change.push(line.put_rule, one.rule, wanted.rules[one.rule])
        elif one.kind == "queue":
            await change.push(line.put_queue, one.queue, _queue_settings(one.queue, wanted, there))
    members = [(one.queue, one.agent) for one in todo if one.kind == "member"]
    rows = [
        (*who, _member_settings(wanted.members[who], there.members.get(who))) for who in members
    ]
    await change.push_all(line.put_members, rows)
    new = [one.agent for one in todo if one.kind == "agent" and one.new]
    await change.push_all(line.change_agents, [(agent, "login", "") for agent in new])


def _check(wanted: Wanted, there: Present) -> None:
    """What SQL would refuse too, but with a sentence, and before anything is written."""
    owners = {
        phone: name
        for name, row in there.agents.items()
        for phone in phones(row.interface, row.state_interface or "")
    }
    for name, agent in wanted.agents.items():
        for phone, written in sorted(phones(agent.interface, agent.state_interface).items()):
            owner = owners.setdefault(phone, name)
            if owner != name:
                raise Refused("interface_taken", interface=written, agent=owner)
    for settings in wanted.queues.values():
        rule = settings.get("defaultrule")
        if rule and rule not in wanted.rules and rule not in there.rules:
            raise Refused("unknown_rule", rule=rule)
    for queue, agent_name in wanted.members:
        if queue not in wanted.queues and queue not in there.queues:
            raise Refused("unknown_queue", queue=queue)
        if agent_name not in wanted.agents and agent_name not in there.agents:
            raise Refused("unknown_agent", agent=agent_name)


def _of_rule(name: str, wanted: tuple[PenaltyChange, ...], there: Present) -> Difference:
    row = there.rules.get(name)
    old = {"changes": changes_of(row) if row else ()}
    return Difference("rule", row is None, rule=name, fields=_fields(row, old, {"changes": wanted}))


def _of_queue(name: str, wanted: Wanted, there: Present) -> Difference:
    row = there.queues.get(name)
    old = asdict(settings_of(row) if row else QueueSettings())
    fields = _fields(row, old, asdict(_queue_settings(name, wanted, there)))
    return Difference("queue", row is None, queue=name, fields=fields)


def _queue_settings(queue: str, wanted: Wanted, there: Present) -> QueueSettings:
    """What is wanted of them, and the rest as it is."""
    row = there.queues.get(queue)
    begun = settings_of(row) if row else QueueSettings(**OF_QUEUE)
    return replace(begun, **wanted.queues[queue])


def _of_agent(name: str, wanted: WantedAgent, there: Present) -> Difference:
    row = there.agents.get(name)
    old: dict[str, Any] = {"interface": "", "display_name": "", "state_interface": ""}
    new = {"interface": wanted.interface, "state_interface": wanted.state_interface}
    if wanted.display_name is not None:
        new["display_name"] = wanted.display_name
    if row is not None:
        old = {
            "interface": row.interface,
            "display_name": row.display_name,
            "state_interface": row.state_interface or "",
        }
    return Difference("agent", row is None, agent=name, fields=_fields(row, old, new))


def _of_member(queue: str, agent: str, wanted: MemberSettings, there: Present) -> Difference:
    row = there.members.get((queue, agent))
    old = asdict(member_settings_of(row) if row else MemberSettings())
    fields = _fields(row, old, asdict(_member_settings(wanted, row)))
    return Difference("member", row is None, queue, agent, fields=fields)


def _member_settings(wanted: MemberSettings, row: MemberRow | None) -> MemberSettings:
    """As wanted; but the pause of one who is there is the person's own."""
    if row is None:
        return wanted
    return replace(wanted, paused=row.paused, reason=row.pause_reason)


def _fields(row: object, old: dict[str, Any], new: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {
        name: (None if row is None else old[name], value)
        for name, value in new.items()
        if value != old[name]
    }


def _row(
    one: Difference, wanted: Wanted, there: Present
) -> RuleRow | QueueRow | AgentRow | MemberRow:
    """The row as wanted."""
    if one.kind == "rule":
        rule = there.rules.get(one.rule) or RuleRow(name=one.rule)
        rule.changes = [asdict(step) for step in wanted.rules[one.rule]]
        return rule
    if one.kind == "queue":
        queue = there.queues.get(one.queue) or QueueRow(name=one.queue)
        queue.settings = asdict(_queue_settings(one.queue, wanted, there))
        return queue
    if one.kind == "member":
        names = (one.queue, one.agent)
        known = there.members.get(names)
        member = known or MemberRow(queue=one.queue, agent=one.agent)
        settings = _member_settings(wanted.members[names], known)
        member.penalty, member.wrapuptime = settings.penalty, settings.wrapuptime
        member.ringinuse = settings.ringinuse
        member.paused, member.pause_reason = settings.paused, settings.reason
        return member
    return _agent_row(wanted.agents[one.agent], one.agent, there)


def _agent_row(wanted: WantedAgent, name: str, there: Present) -> AgentRow:
    """Queue()'s static members are always there, so a new agent is logged in."""
    row = there.agents.get(name) or AgentRow(
        name=name, display_name="", logged_in=True, paused=False, pause_reason=""
    )
    row.interface, row.state_interface = wanted.interface, wanted.state_interface or None
    if wanted.display_name is not None:
        row.display_name = wanted.display_name
    return row


def _by_queue(members: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    queues: dict[str, list[str]] = {}
    for queue, agent in members:
        queues.setdefault(queue, []).append(agent)
    return queues
