"""Refusals as problem+json (RFC 9457): one shape for every error of the API.

    {"type": "about:blank", "title": "Not Found", "status": 404, "code": "unknown_queue",
     "detail": "There is no queue named 'sales'.", "details": {"queue": "sales"}}

`code` is the contract (errors.py). `details` are the facts in the sentence. `errors`, with the
code `invalid`, lists each thing wrong: what, where, and what is allowed.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, get_args

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.requests import HTTPConnection
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from coordinator.database import AWAY as SQL_AWAY
from coordinator.errors import REFUSALS, Refused
from coordinator.redis_client import AWAY

log = logging.getLogger(__name__)

#: Longest body of a request but an import's (limits.py), bytes. Our largest has a few hundred; and
#: a body is read before its token is checked.
MAX_BODY = 64 * 1024

#: Characters of a wrong value that are shown.
SHOWN = 80

#: What FastAPI takes as `responses=`.
Responses = dict[int | str, dict[str, Any]]

MEDIA_TYPE = "application/problem+json"

#: Facts that make the sentence of a code complete, for the examples in the documentation.
EXAMPLES: dict[str, dict[str, Any]] = {
    "unknown_queue": {"queue": "sales"},
    "unknown_agent": {"agent": "alice"},
    "unknown_box": {"box": "a"},
    "unknown_call": {"call_id": "a-1763848134.7-1"},
    "unknown_token": {"token": "5b2d0a7c91e4f386"},
    "unknown_rule": {"rule": "patience"},
    "not_a_member": {"agent": "alice", "queue": "sales"},
    "queue_in_use": {"queue": "sales", "callers": 3},
    "rule_in_use": {"rule": "patience", "queue": "sales"},
    "agent_busy": {"agent": "alice"},
    "not_waiting": {"call_id": "a-1763848134.7-1"},
    "interface_taken": {"interface": "PJSIP/101", "agent": "bob"},
    "last_admin": {"token": "5b2d0a7c91e4f386"},
    "forbidden": {"role": "read", "needed": "admin"},
    "invalid": {"detail": "body.penalty: Input should be greater than or equal to 0"},
    "too_large": {"limit": MAX_BODY},
}

#: What any request may meet.
ALWAYS = ("unauthorized", "forbidden", "invalid", "too_large", "line_unavailable", "not_ready")


class Fault(BaseModel):
    """One thing wrong with a request."""

    where: str
    what: str
    allowed: str | None = None


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    details: dict[str, str | int] = {}
    errors: list[Fault] = []


def problem_of(refused: Refused, errors: Sequence[Fault] = ()) -> Problem:
    """The problem a refusal is shown as."""
    plain = {k: v for k, v in refused.details.items() if isinstance(v, str | int) and k != "detail"}
    return Problem(
        title=HTTPStatus(refused.status).phrase,
        status=refused.status,
        detail=refused.sentence,
        code=refused.code,
        details=plain,
        errors=list(errors),
    )


def respond(
    refused: Refused, errors: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The response for a refusal."""
    problem = problem_of(refused, errors)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer"}  # RFC 6750, 3: how to authenticate
    body = problem.model_dump(exclude_defaults=True) | {"type": problem.type}
    return JSONResponse(body, problem.status, headers, media_type=MEDIA_TYPE)


def refusals(*codes: str, always: Sequence[str] = ALWAYS) -> Responses:
    """The `responses=` of a route that may refuse with these codes, with an example of each."""
    by_status: dict[int, dict[str, Any]] = defaultdict(dict)
    for code in dict.fromkeys((*codes, *always)):
        by_status[REFUSALS[code].status][code] = {"value": _example(code)}
    return {
        status: {
            "model": Problem,
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"examples": examples}},
        }
        for status, examples in by_status.items()
    }


def created(model: type[BaseModel]) -> Responses:
    """The answer of a PUT that made something new."""
    return {201: {"model": model, "description": "Created"}}


def example(media_type: str, value: object) -> Responses:
    """An example of an answer that has no model."""
    return {200: {"content": {media_type: {"example": value}}}}


def known_query(connection: HTTPConnection) -> None:
    """A dependency of every route: a misspelt query parameter is refused, as a misspelt field is.

    Raises RequestValidationError.
    """
    known = _query_names(connection)
    unknown = [name for name in connection.query_params if name not in known]
    if unknown and connection.scope["type"] == "http":
        what = "Extra inputs are not permitted"
        raise RequestValidationError(
            [{"type": "extra_forbidden", "loc": ("query", name), "msg": what} for name in unknown]
        )


def install(app: FastAPI) -> None:
    """Make every error of the app a problem."""

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> JSONResponse:
        return respond(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        faults = [_fault(row, _fields(request, row)) for row in error.errors()]
        detail = "; ".join(f"{fault.where}: {fault.what}" for fault in faults)
        return respond(Refused("invalid", detail=detail), faults)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        return respond(_of_http(request, error), headers=error.headers)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        return respond(Refused("internal"))

    async def away(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s: the line does not answer: %r", request.method, request.url.path, error)
        return respond(Refused("line_unavailable"))

    async def no_database(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s: SQL does not answer: %r", request.method, request.url.path, error)
        return respond(Refused("not_ready"))

    for of_the_line in AWAY:
        app.add_exception_handler(of_the_line, away)
    for of_sql in SQL_AWAY:
        app.add_exception_handler(of_sql, no_database)


def _of_http(request: Request, error: HTTPException) -> Refused:
    """Starlette's own errors: no such path, no such method, too long a body."""
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return Refused("method_not_allowed", method=request.method, path=request.url.path)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return Refused("not_found", path=request.url.path)
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Refused("too_large", limit=int(error.detail))
    return Refused("invalid", detail=str(error.detail))


def _fault(row: Mapping[str, Any], fields: Sequence[str]) -> Fault:
    where = ".".join(str(part) for part in row["loc"])
    what = row["msg"].removeprefix("Value error, ")
    return Fault(where=where, what=what + _given(row), allowed=_allowed(row, fields))


def _given(row: Mapping[str, Any]) -> str:
    """The value itself, where it is one; a long one is cut."""
    value = row.get("input")
    if row["type"] in ("missing", "extra_forbidden", "value_error") or not isinstance(
        value, str | int | float
    ):
        return ""
    return f", not {value!r}" if len(str(value)) <= SHOWN else f", not {str(value)[:SHOWN]!r}…"


def _allowed(row: Mapping[str, Any], fields: Sequence[str]) -> str | None:
    """What would have been taken, where pydantic's sentence does not say it already."""
    if row["type"] == "extra_forbidden" and fields:
        return "one of " + ", ".join(fields)
    bounds = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "max_length": "at most:"}
    context = row.get("ctx", {})
    words = [f"{sign} {context[name]}" for name, sign in bounds.items() if name in context]
    return str(context.get("expected") or context.get("pattern") or ", ".join(words)) or None


def _fields(request: Request, row: Mapping[str, Any]) -> Sequence[str]:
    """Names of the fields that the part of the request with the fault may have."""
    if row["loc"][0] == "query":
        return _query_names(request)
    fields: dict[str | int, Any] = {}
    for param in request.scope["route"].dependant.body_params:
        fields |= _fields_of(param.field_info.annotation)
    for part in row["loc"][1:-1]:
        if part in fields:
            fields = _fields_of(fields[part].annotation)
    return [str(name) for name in fields]


def _fields_of(annotation: Any) -> dict[str | int, Any]:
    """A model's fields by their names in JSON; of `Model | None` and `list[Model]` the model's."""
    return {
        field.alias or name: field
        for model in (annotation, *get_args(annotation))
        for name, field in getattr(model, "model_fields", {}).items()
    }


def _query_names(connection: HTTPConnection) -> Sequence[str]:
    """The query parameters of the route that serves this connection, a model's each by name."""
    names: list[str] = []
    for param in connection.scope["route"].dependant.query_params:
        names += getattr(param.field_info.annotation, "model_fields", (param.alias,))
    return names


def _example(code: str) -> dict[str, Any]:
    faults = []
    if code == "invalid":
        what = "Input should be greater than or equal to 0"
        faults = [Fault(where="body.penalty", what=what, allowed="≥ 0")]
    problem = problem_of(Refused(code, **EXAMPLES.get(code, {})), faults)
    return problem.model_dump(exclude_defaults=True) | {"type": problem.type}
