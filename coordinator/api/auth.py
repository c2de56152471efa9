"""Who asks, and whether they may: bearer tokens (RFC 6750), three roles that rise.

read < operate < admin. `read` sees; `operate` is for the day's work (callers, who is logged in,
paused, member of what); `admin` changes what there is (queues, agents, boxes, tokens). A token of
the role `box` opens that box's link and nothing else.
"""

from typing import Annotated

from fastapi import Depends, Security
from fastapi.params import Depends as DependsParam
from fastapi.requests import HTTPConnection
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.exc import SQLAlchemyError

from coordinator.api.services import Here, Services, services_of
from coordinator.directory.types import Role, Token
from coordinator.errors import Refused

RISING: tuple[Role, ...] = ("read", "operate", "admin")

_bearer = HTTPBearer(auto_error=False, description="A token made by POST /v1/tokens.")

Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


async def _token(here: Here, credentials: Credentials) -> Token:
    """Raises Refused unauthorized, box_disabled."""
    if credentials is None:
        raise Refused("unauthorized")
    return await here.tokens.check(credentials.credentials)


Caller = Annotated[Token, Depends(_token)]


def needs(role: Role) -> DependsParam:
    """A route's dependency: the caller has this role or a higher one."""

    async def check(token: Caller) -> None:
        if token.role not in RISING[RISING.index(role) :]:
            raise Refused("forbidden", role=token.role, needed=role)

    return DependsParam(check)


async def check_box(services: Services, connection: HTTPConnection, box: str) -> None:
    """Whether a WebSocket's upgrade carries the token of that very box.

    Raises Refused unauthorized, forbidden, wrong_box, box_disabled.
    """
    token = await _token_of(services, connection)
    if token.role != "box":
        raise Refused("forbidden", role=token.role, needed="box")
    if token.box != box:
        raise Refused("wrong_box", token_box=token.box, box=box)


async def is_admin(connection: HTTPConnection) -> bool:
    """Whether a request carries an admin's token; False also while SQL cannot tell."""
    try:
        return (await _token_of(services_of(connection), connection)).role == "admin"
    except (Refused, SQLAlchemyError):
        return False


async def _token_of(services: Services, connection: HTTPConnection) -> Token:
    """Where no dependency can be: before a body is read, and for a WebSocket."""
    scheme, _, secret = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Refused("unauthorized")
    return await services.tokens.check(secret.strip())
