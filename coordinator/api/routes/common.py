"""What the routes share."""

from typing import Annotated

from fastapi import Path, Response

from coordinator.names import ID_PATTERN, NAME_PATTERN

QueueName = Annotated[str, Path(pattern=NAME_PATTERN, examples=["sales"])]
RuleName = Annotated[str, Path(pattern=NAME_PATTERN, examples=["patience"])]
AgentName = Annotated[str, Path(pattern=NAME_PATTERN, examples=["alice"])]
BoxName = Annotated[str, Path(pattern=NAME_PATTERN, examples=["a"])]
CallId = Annotated[str, Path(pattern=ID_PATTERN, examples=["a-1763848134.7-1"])]


def say_created(response: Response, created: bool) -> None:
    """PUT answers 201 for what was not there before, else 200 (RFC 9110, 9.3.4)."""
    if created:
        response.status_code = 201
