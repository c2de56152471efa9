"""Agents: who they are, and what they are doing."""

from fastapi import APIRouter, Response

from coordinator.api.auth import needs
from coordinator.api.problems import created, refusals
from coordinator.api.routes.common import AgentName, say_created
from coordinator.api.schemas.agents import AgentIn, AgentOut, AgentPatch, AgentSaved, PauseIn
from coordinator.api.services import Here, Services
from coordinator.errors import Refused
from coordinator.line.types import AgentView

router = APIRouter(prefix="/v1/agents", tags=["agents"])


@router.get("", dependencies=[needs("read")], responses=refusals())
async def list_agents(here: Here) -> list[AgentOut]:
    """All agents, by name."""
    views = {view.name: view for view in await here.engine.agents()}
    return [AgentOut.of(agent, views.get(agent.name)) for agent in await here.directory.agents()]


@router.get("/{agent}", dependencies=[needs("read")], responses=refusals("unknown_agent"))
async def get_agent(agent: AgentName, here: Here) -> AgentOut:
    """One agent, as configured and as the line sees it."""
    return AgentOut.of(await here.directory.agent(agent), await _view(here, agent))


@router.put(
    "/{agent}",
    dependencies=[needs("admin")],
    responses=created(AgentSaved) | refusals("interface_taken", "agent_busy"),
)
async def put_agent(agent: AgentName, body: AgentIn, here: Here, response: Response) -> AgentSaved:
    """Create the agent, logged out; or change phone and display name: login and pause stay."""
    if body.name not in (None, agent):
        raise Refused("invalid", detail=f"body.name: must be {agent!r} as in the path, or absent")
    saved = await here.directory.put_agent(
        agent, body.interface, body.display_name, body.state_interface
    )
    say_created(response, saved.created)
    return AgentSaved.of(saved)


@router.patch(
    "/{agent}",
    dependencies=[needs("admin")],
    responses=refusals("unknown_agent", "interface_taken", "agent_busy"),
)
async def change_agent(agent: AgentName, body: AgentPatch, here: Here) -> AgentSaved:
    """Change some of phone and display name; the rest stays."""
    fields = body.model_dump(exclude_unset=True)
    return AgentSaved.of(await here.directory.change_agent(agent, **fields))


@router.delete(
    "/{agent}",
    dependencies=[needs("admin")],
    status_code=204,
    responses=refusals("unknown_agent", "agent_busy"),
)
async def delete_agent(agent: AgentName, here: Here) -> None:
    """Remove the agent and the memberships. Refused while the agent is rung or talks."""
    await here.directory.delete_agent(agent)


@router.post("/{agent}/login", dependencies=[needs("operate")], responses=refusals("unknown_agent"))
async def login(agent: AgentName, here: Here) -> AgentSaved:
    """The agent is at work: to be rung from now on."""
    return AgentSaved.of(await here.directory.login(agent))


@router.post(
    "/{agent}/logout", dependencies=[needs("operate")], responses=refusals("unknown_agent")
)
async def logout(agent: AgentName, here: Here) -> AgentSaved:
    """The agent has gone. A phone that rings stops; a call goes on."""
    return AgentSaved.of(await here.directory.logout(agent))


@router.post("/{agent}/pause", dependencies=[needs("operate")], responses=refusals("unknown_agent"))
async def pause(agent: AgentName, here: Here, body: PauseIn | None = None) -> AgentSaved:
    """Not to be rung by any queue until unpaused. A phone that rings goes on ringing, as with
    Queue()."""
    return AgentSaved.of(await here.directory.pause(agent, (body or PauseIn()).reason))


@router.post(
    "/{agent}/unpause", dependencies=[needs("operate")], responses=refusals("unknown_agent")
)
async def unpause(agent: AgentName, here: Here, body: PauseIn | None = None) -> AgentSaved:
    """The end of every pause, in all queues: of those of one queue and of autopause too."""
    return AgentSaved.of(await here.directory.unpause(agent, (body or PauseIn()).reason))


async def _view(here: Services, agent: str) -> AgentView | None:
    """The line's view; None while the line lags behind the directory."""
    try:
        return await here.engine.agent(agent)
    except Refused:
        return None
