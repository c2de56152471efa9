"""Agents, as the API shows them."""

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel

from coordinator.api.schemas.common import CALL_ID, Applied, Request, Text, shown
from coordinator.directory.types import Agent, Saved
from coordinator.line.types import AgentState, AgentView, Membership
from coordinator.names import Interface, Name
from coordinator.protocol.asking import StateInterface

_AGENT: dict[str, Any] = {
    "name": "alice", "interface": "PJSIP/101", "display_name": "Alice Adams", "logged_in": True,
    "paused": False, "pause_reason": "", "state_interface": "",
}  # fmt: skip
MEMBERSHIP: dict[str, Any] = {
    "penalty": 0, "wrapuptime": None, "ringinuse": None, "paused": True,
    "pause_reason": "Auto-Pause", "autopaused": True, "calls": 12,
}  # fmt: skip


class AgentIn(Request):
    """An agent's phone and name. `name`, if given, repeats the path's.

    `state_interface`: the device whose state counts, where the interface only leads to it
    (`Local/…`): a phone, `Custom:…` or `hint:EXTENSION@CONTEXT`. Empty: the interface itself.
    Neither may be another agent's, but for `Custom:…`.
    """

    model_config = shown({"interface": "PJSIP/101", "display_name": "Alice Adams"})

    interface: Interface
    state_interface: StateInterface = ""
    display_name: Text = ""
    name: Name | None = None


class AgentPatch(Request):
    """What of an agent is to change; what is left out stays."""

    model_config = shown({"display_name": "Alice B. Adams"})

    interface: Interface = ""
    state_interface: StateInterface = ""
    display_name: Text = ""


class AgentConfig(BaseModel):
    """An agent as configured, with what the person last chose. `paused`: in all queues."""

    name: str
    interface: str
    display_name: str
    logged_in: bool
    paused: bool
    pause_reason: str
    state_interface: str


class AgentSaved(AgentConfig):
    """An agent as it was saved."""

    model_config = shown(_AGENT | {"applied": True})

    applied: Applied

    @classmethod
    def of(cls, saved: Saved[Agent]) -> "AgentSaved":
        """From the directory's answer."""
        return cls(**asdict(saved.record), applied=saved.applied)


class MembershipOut(BaseModel):
    """An agent in one queue. `paused`: there, `autopaused` when not by a person.

    `wrapuptime` (s), `ringinuse`: its own, null for the queue's. `calls`: completed there.
    """

    model_config = shown(MEMBERSHIP)

    penalty: int
    wrapuptime: int | None
    ringinuse: bool | None
    paused: bool
    pause_reason: str
    autopaused: bool
    calls: int

    @classmethod
    def of(cls, member: Membership) -> "MembershipOut":
        """From the line."""
        return cls(
            penalty=member.penalty,
            wrapuptime=member.wrapuptime,
            ringinuse=member.ringinuse,
            paused=member.paused,
            pause_reason=member.reason,
            autopaused=member.autopaused,
            calls=member.calls,
        )


class AgentOut(AgentConfig):
    """An agent as configured and as the line sees it (null while the line has not got it).

    `home` is the box where the phone is registered. `until_us`: when rest or wrap-up ends.
    `paused` and its reason are the line's: `autopaused` when not by a person.
    """

    model_config = shown(
        _AGENT
        | {
            "state": "talking", "reason": "", "home": "b", "device": "INUSE", "call_id": CALL_ID,
            "until_us": None, "last_call_us": 1763848134123456, "queues": {"sales": 0},
            "autopaused": False, "memberships": {"sales": MEMBERSHIP},
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
    autopaused: bool
    memberships: dict[str, MembershipOut]

    @classmethod
    def of(cls, agent: Agent, view: AgentView | None) -> "AgentOut":
        """From the directory and the line."""
        pause = {"paused": view.paused, "pause_reason": view.pause_reason} if view else {}
        return cls(
            **asdict(agent) | pause,
            state=view.state if view else None,
            reason=view.reason if view else "",
            home=(view.home or None) if view else None,
            device=(view.device or None) if view else None,
            call_id=(view.call_id or None) if view else None,
            until_us=(view.until_us or None) if view else None,
            last_call_us=(view.last_call_us or None) if view else None,
            queues=view.queues if view else {},
            autopaused=view.autopaused if view else False,
            memberships=_memberships(view) if view else {},
        )


def _memberships(view: AgentView) -> dict[str, MembershipOut]:
    return {queue: MembershipOut.of(member) for queue, member in view.memberships.items()}


class PauseIn(Request):
    """Why the agent pauses, or is back."""

    model_config = shown({"reason": "lunch"})

    reason: Text = ""
