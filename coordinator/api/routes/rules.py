"""Penalty rules: how a caller's penalty window changes while it waits."""

from fastapi import APIRouter, Response

from coordinator.api.auth import needs
from coordinator.api.problems import created, refusals
from coordinator.api.routes.common import RuleName, say_created
from coordinator.api.schemas.rules import RuleIn, RuleOut, RuleSaved
from coordinator.api.services import Here

router = APIRouter(prefix="/v1/rules", tags=["rules"])


@router.get("", dependencies=[needs("read")], responses=refusals())
async def list_rules(here: Here) -> list[RuleOut]:
    """All penalty rules, by name."""
    return [RuleOut.of(rule) for rule in await here.directory.rules()]


@router.get("/{rule}", dependencies=[needs("read")], responses=refusals("unknown_rule"))
async def get_rule(rule: RuleName, here: Here) -> RuleOut:
    """A penalty rule."""
    return RuleOut.of(await here.directory.rule(rule))


@router.put(
    "/{rule}",
    dependencies=[needs("admin")],
    responses=created(RuleSaved) | refusals(),
)
async def put_rule(rule: RuleName, body: RuleIn, here: Here, response: Response) -> RuleSaved:
    """Create the rule, or replace its changes. Who waits already keeps the rule as it was."""
    saved = await here.directory.put_rule(rule, body.steps())
    say_created(response, saved.created)
    return RuleSaved.saved(saved)


@router.delete(
    "/{rule}",
    dependencies=[needs("admin")],
    status_code=204,
    responses=refusals("unknown_rule", "rule_in_use"),
)
async def delete_rule(rule: RuleName, here: Here) -> None:
    """Remove the rule; who waits keeps it. Refused while it is a queue's defaultrule."""
    await here.directory.delete_rule(rule)
