"""What every part of the API's vocabulary shares.

Durations are seconds (`_s`), times µs since 1970 by Redis's clock (`_us`). Requests are strict:
an unknown field, a number in quotes or a control character is refused, so that a misspelt
setting is not silently the default.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

#: No control characters: the text reaches logs, queue_log lines and terminals.
Text = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=256)]
Applied = Annotated[
    bool, Field(description="The line has the change; else it is saved and follows by itself.")
]

#: The call in all examples.
CALL_ID = "a-1763848134.7-1"


def shown(example: dict[str, Any]) -> ConfigDict:
    """A model's configuration with the example that the documentation shows."""
    return ConfigDict(json_schema_extra={"examples": [example]})


class Request(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Health(BaseModel):
    """The process answers, or is ready."""

    model_config = shown({"status": "ok"})

    status: Literal["ok"] = "ok"


def seconds(duration_us: int) -> float:
    """A duration for people, to the millisecond."""
    return round(duration_us / 1e6, 3)


def seconds_or_none(duration_us: int | None) -> float | None:
    """The same for what may not have happened."""
    return None if duration_us is None else seconds(duration_us)
