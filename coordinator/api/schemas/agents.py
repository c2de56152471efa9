"""Agents, as the API shows them."""

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel

from coordinator.api.schemas.common import CALL_ID, Applied, Request, Text, shown
from coordinator.directory.types import Agent, Saved
from coordinator.line.types import AgentState, AgentView
from coordinator.names import Interface, Name

_AGENT: dict[str, Any] = {
    "name": "alice", "interface": "PJSIP/101", "display_name": "Alice Adams", "logged_in": True,
    "paused": False, "pause_reason": "",
}  # fmt: skip


class AgentIn(Request):
    """An agent's phone and name. `name`, if given, repeats the path's."""

    model_config = shown({"interface": "PJSIP/101", "display_name": "Alice Adams"})

    interface: Interface
    display_name: Text = ""
    name: Name | None = None


class AgentConfig(BaseModel):
    """An agent as configured, with what the person last chose."""

    name: str
    interface: str
    display_name: str
    logged_in: bool
    paused: bool
    pause_reason: str


class AgentSaved(AgentConfig):
    """An agent as it was saved."""

    model_config = shown(_AGENT | {"applied": True})

    applied: Applied

    @classmethod
    def of(cls, saved: Saved[Agent]) -> "AgentSaved":
        """From the directory's answer."""
        return cls(**asdict(saved.record), applied=saved.applied)


class AgentOut(AgentConfig):
    """An agent as configured and as the line sees it (null while the line has not got it).

    `home` is the box where the phone is registered. `until_us`: when rest or wrap-up ends.
    """

    model_config = shown(
        _AGENT
        | {
            "state": "talking", "reason": "", "home": "b", "device": "INUSE", "call_id": CALL_ID,
            "until_us": None, "last_call_us": 1763848134123456, "queues": {"sales": 0},
        }
    )  # fmt: skip

    state: AgentState | None
    reason: str
    home: str | None
    device: str | None
    call_id: str | None
    until_us: int | None
    last_call_us: int | None
    queues: dict[str, int]

    @classmethod
    def of(cls, agent: Agent, view: AgentView | None) -> "AgentOut":
        """From the directory and the line."""
        return cls(
            **asdict(agent),
            state=view.state if view else None,
            reason=view.reason if view else "",
            home=(view.home or None) if view else None,
            device=(view.device or None) if view else None,
            call_id=(view.call_id or None) if view else None,
            until_us=(view.until_us or None) if view else None,
            last_call_us=(view.last_call_us or None) if view else None,
            queues=view.queues if view else {},
        )


class PauseIn(Request):
    """Why the agent pauses."""

    model_config = shown({"reason": "lunch"})

    reason: Text = ""
