"""An import, as the API takes it and answers."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from coordinator.api.schemas.common import Request, Text, shown
from coordinator.api.schemas.queues import QueueIn
from coordinator.api.schemas.rules import Change, RuleIn
from coordinator.directory import Difference, Imported, Wanted, WantedAgent
from coordinator.directory.importing import Kind
from coordinator.errors import Refused
from coordinator.line.types import MemberSettings
from coordinator.names import Device, Interface, Name
from coordinator.protocol import Penalty, Seconds


class ImportAgent(Request):
    """An agent to be there. One who is new is logged in.

    An agent who is there keeps login and pause, and without `display_name` that too.
    """

    interface: Interface
    state_interface: Device | Literal[""] = ""
    display_name: Text | None = None


class ImportMember(Request):
    """A membership to be there, so. `paused`: only one who is new."""

    queue: Name
    agent: Name
    penalty: Penalty = 0
    wrapuptime: Seconds | None = None
    ringinuse: bool | None = None
    paused: bool = False


class ImportIn(Request):
    """What is to be there: rules, queues and agents by name, members in their order.

    A setting of a queue that is left out stays; a new queue has its default.
    """

    model_config = shown(
        {
            "rules": {"patience": {"changes": [{"after_s": 30, "max": "+2"}]}},
            "queues": {"sales": {"strategy": "linear", "defaultrule": "patience"}},
            "agents": {"alice": {"interface": "PJSIP/101", "display_name": "Alice Adams"}},
            "members": [{"queue": "sales", "agent": "alice", "penalty": 1}],
            "dry_run": True,
        }
    )

    rules: dict[Name, RuleIn] = Field(default_factory=dict)
    queues: dict[Name, QueueIn] = Field(default_factory=dict)
    agents: dict[Name, ImportAgent] = Field(default_factory=dict)
    members: list[ImportMember] = Field(default_factory=list)
    dry_run: Annotated[bool, Field(description="Change nothing; tell what would change.")] = False

    def wanted(self) -> Wanted:
        """As the directory takes it. Raises Refused invalid for a member named twice."""
        members: dict[tuple[str, str], MemberSettings] = {}
        for number, one in enumerate(self.members):
            if (one.queue, one.agent) in members:
                raise Refused("invalid", detail=f"body.members.{number}: this member comes twice")
            members[one.queue, one.agent] = MemberSettings(
                one.penalty, one.wrapuptime, one.ringinuse, one.paused
            )
        agents = {
            name: WantedAgent(one.interface, one.display_name, one.state_interface)
            for name, one in self.agents.items()
        }
        queues = {name: one.model_dump(exclude_unset=True) for name, one in self.queues.items()}
        rules = {name: one.steps() for name, one in self.rules.items()}
        return Wanted(queues, agents, members, rules)


class FieldChange(BaseModel):
    """A field's value before (null for a new thing) and after."""

    old: Any
    new: Any


class ImportChange(BaseModel):
    """A rule, a queue, an agent or a member that is new or altered; and its fields.

    A new thing's fields are those that have not their default.
    """

    kind: Kind
    action: Literal["create", "alter"]
    rule: str | None
    queue: str | None
    agent: str | None
    fields: dict[str, FieldChange]

    @classmethod
    def of(cls, one: Difference) -> "ImportChange":
        """From the directory."""
        return cls(
            kind=one.kind,
            action="create" if one.new else "alter",
            rule=one.rule or None,
            queue=one.queue or None,
            agent=one.agent or None,
            fields={
                name: FieldChange(old=_told(old), new=_told(new))
                for name, (old, new) in one.fields.items()
            },
        )


def _told(value: Any) -> Any:
    """A rule's changes as the API tells them."""
    if not isinstance(value, tuple):
        return value
    changes = [Change.model_validate(asdict(step)) for step in value]
    return [change.model_dump(by_alias=True) for change in changes]


class ImportOut(BaseModel):
    """What was changed, or would be; how much is so already.

    `out_of_order`: queues whose members were there in another order, and stay so. `applied`: the
    line has it; else, if this is no dry run, it is saved and follows by itself.
    """

    model_config = shown(
        {
            "changes": [
                {
                    "kind": "queue", "action": "alter", "rule": None, "queue": "sales",
                    "agent": None,
                    "fields": {"timeout": {"old": 15, "new": 20}},
                },
                {
                    "kind": "agent", "action": "create", "rule": None, "queue": None,
                    "agent": "alice",
                    "fields": {"interface": {"old": None, "new": "PJSIP/101"}},
                },
            ],
            "same": 12, "out_of_order": [], "dry_run": True, "applied": False,
        }
    )  # fmt: skip

    changes: list[ImportChange]
    same: int
    out_of_order: list[str]
    dry_run: bool
    applied: bool

    @classmethod
    def of(cls, imported: Imported, dry_run: bool) -> "ImportOut":
        """From the directory's answer."""
        changed = [one for one in imported.differences if not one.same]
        return cls(
            changes=[ImportChange.of(one) for one in changed],
            same=len(imported.differences) - len(changed),
            out_of_order=imported.out_of_order,
            dry_run=dry_run,
            applied=imported.applied,
        )
