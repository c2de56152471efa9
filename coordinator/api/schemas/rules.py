"""Penalty rules, as the API shows them: how a caller's penalty window changes while it waits."""

from collections import Counter
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from coordinator.api.schemas.common import Applied, Request, shown
from coordinator.directory.types import Rule, Saved
from coordinator.line.types import PenaltyChange
from coordinator.protocol import Seconds

#: Each caller carries a copy of its rule.
MOST_CHANGES = 100

BOUND = r"([+-]?[0-9]{1,5})?"

_RULE: dict[str, Any] = {
    "name": "patience",
    "changes": [
        {"after_s": 30, "max": "+2", "min": "", "raise": ""},
        {"after_s": 120, "max": "10", "min": "", "raise": "r5"},
    ],
}


class Change(Request):
    """What becomes of a caller's window after so long in the queue, as in queuerules.conf.

    A bound is empty (stays), `5` (becomes 5), `+2` or `-1` (by so much). One that the caller did
    not bring, as QUEUE_MAX_PENALTY and so on, stays unset.
    """

    model_config = ConfigDict(extra="forbid", strict=True, validate_by_name=True)

    after_s: Annotated[Seconds, Field(description="Seconds after joining.")]
    max: Annotated[str, Field(pattern=f"^{BOUND}$")] = ""
    min: Annotated[str, Field(pattern=f"^{BOUND}$")] = ""
    raise_: Annotated[
        str,
        Field(
            alias="raise",
            pattern=f"^(r[+-]?[0-9]{{1,5}}|{BOUND})$",
            description="Lower penalties count as this; with r before it, those below min do not.",
        ),
    ] = ""

    @model_validator(mode="after")
    def _consistent(self) -> "Change":
        if not self.max + self.min + self.raise_:
            raise ValueError("changes nothing; one of max, min and raise must be given")
        for name, bound in (("min", self.min), ("raise", self.raise_.removeprefix("r"))):
            if bound.isdigit() and self.max.isdigit() and int(bound) > int(self.max):
                raise ValueError(f"{name} {bound} is above max {self.max}, and may not be")
        return self


def _by_time(changes: list[Change]) -> list[Change]:
    times = Counter(change.after_s for change in changes)
    if twice := [str(time) for time, count in sorted(times.items()) if count > 1]:
        raise ValueError(f"after_s {', '.join(twice)} came more than once; a time has one change")
    return sorted(changes, key=lambda change: change.after_s)


class RuleIn(Request):
    """A rule's changes, in any order: they are sorted by time.

    Without any, a caller who brings this rule is spared its queue's defaultrule.
    """

    model_config = shown({"changes": _RULE["changes"]})

    changes: Annotated[list[Change], Field(max_length=MOST_CHANGES), AfterValidator(_by_time)]

    def steps(self) -> tuple[PenaltyChange, ...]:
        """As the line takes them."""
        return tuple(PenaltyChange(**change.model_dump()) for change in self.changes)


class RuleOut(BaseModel):
    """A rule as configured, its changes by time."""

    model_config = shown(_RULE)

    name: str
    changes: list[Change]

    @classmethod
    def of(cls, rule: Rule) -> "RuleOut":
        """From the directory."""
        return cls.model_validate(asdict(rule))


class RuleSaved(RuleOut):
    """A rule as it was saved."""

    model_config = shown(_RULE | {"applied": True})

    applied: Applied

    @classmethod
    def saved(cls, saved: Saved[Rule]) -> "RuleSaved":
        """From the directory's answer."""
        return cls.model_validate(asdict(saved.record) | {"applied": saved.applied})
