"""Who may do what: every route, every role."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from coordinator.api.services import Services
from coordinator.directory import Role
from tests.api.client import Client

OPEN = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics")}

#: The lowest role that may.
NEEDED: dict[tuple[str, str], Role] = {
    ("GET", "/v1/queues"): "read",
    ("GET", "/v1/queues/{queue}"): "read",
    ("PUT", "/v1/queues/{queue}"): "admin",
    ("DELETE", "/v1/queues/{queue}"): "admin",
    ("GET", "/v1/queues/{queue}/callers"): "read",
    ("POST", "/v1/queues/{queue}/reset"): "operate",
    ("PUT", "/v1/queues/{queue}/members/{agent}"): "operate",
    ("PATCH", "/v1/queues/{queue}"): "admin",
    ("PATCH", "/v1/agents/{agent}"): "admin",
    ("PATCH", "/v1/queues/{queue}/members/{agent}"): "operate",
    ("POST", "/v1/queues/{queue}/members/{agent}/pause"): "operate",
    ("POST", "/v1/queues/{queue}/members/{agent}/unpause"): "operate",
    ("DELETE", "/v1/queues/{queue}/members/{agent}"): "operate",
    ("GET", "/v1/rules"): "read",
    ("GET", "/v1/rules/{rule}"): "read",
    ("PUT", "/v1/rules/{rule}"): "admin",
    ("DELETE", "/v1/rules/{rule}"): "admin",
    ("GET", "/v1/calls"): "read",
    ("GET", "/v1/calls/{call_id}"): "read",
    ("GET", "/v1/calls/{call_id}/why"): "read",
    ("PATCH", "/v1/calls/{call_id}"): "operate",
    ("DELETE", "/v1/calls/{call_id}"): "operate",
    ("GET", "/v1/agents"): "read",
    ("GET", "/v1/agents/{agent}"): "read",
    ("PUT", "/v1/agents/{agent}"): "admin",
    ("DELETE", "/v1/agents/{agent}"): "admin",
    ("POST", "/v1/agents/{agent}/login"): "operate",
    ("POST", "/v1/agents/{agent}/logout"): "operate",
    ("POST", "/v1/agents/{agent}/pause"): "operate",
    ("POST", "/v1/agents/{agent}/unpause"): "operate",
    ("GET", "/v1/boxes"): "read",
    ("PUT", "/v1/boxes/{box}"): "admin",
    ("DELETE", "/v1/boxes/{box}"): "admin",
    ("POST", "/v1/import"): "admin",
    ("GET", "/v1/tokens"): "admin",
    ("POST", "/v1/tokens"): "admin",
    ("DELETE", "/v1/tokens/{token}"): "admin",
    ("GET", "/v1/journal"): "read",
    ("GET", "/v1/events"): "read",
}
BODIES: dict[str, dict[str, object]] = {
    "/v1/rules/{rule}": {"changes": []},
    "/v1/agents/{agent}": {"interface": "PJSIP/101"},
    "/v1/calls/{call_id}": {"priority": 1},
    "/v1/import": {},
    "/v1/tokens": {"role": "read"},
}
ORDER: tuple[Role, ...] = ("read", "operate", "admin")


def test_every_route_is_in_the_table(app: FastAPI) -> None:
    paths: dict[str, dict[str, object]] = app.openapi()["paths"]
    routes = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert routes == OPEN | NEEDED.keys()


@pytest.mark.parametrize(("method", "path"), NEEDED)
async def test_it_is_enough_and_less_is_refused(
    clients: dict[Role, Client], nobody: Client, method: str, path: str
) -> None:
    url = path.format(queue="q", agent="x", call_id="c", box="zz", token="0", rule="r")
    body = BODIES.get(path) if method in ("PUT", "POST", "PATCH") else None
    if method in ("PUT", "PATCH") and body is None:
        body = {}
    options: dict[str, Any] = {"json": body} if body is not None else {}
    await nobody.refused("unauthorized", method, url, **options)
    needed = NEEDED[method, path]
    for role in (*ORDER[: ORDER.index(needed)], "box"):
        problem = await clients[role].refused("forbidden", method, url, **options)
        assert problem["details"] == {"role": role, "needed": needed}
    if path != "/v1/events":  # it would not end
        for role in ORDER[ORDER.index(needed) :]:
            response = await clients[role].request(method, url, **options)
            assert response.status_code in (200, 201, 204, 404), response.text


@pytest.mark.parametrize("path", [path for _, path in sorted(OPEN)])
async def test_open_to_all(nobody: Client, path: str) -> None:
    assert (await nobody.get(path)).status_code == 200


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer gvq_wrong", "Basic YTpi", "Bearer é"])
async def test_what_is_no_token(nobody: Client, value: str) -> None:
    headers = [(b"Authorization", value.encode())]
    response = await nobody.get("/v1/queues", headers=httpx.Headers(headers))
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


async def test_the_tokens_of_a_disabled_box(clients: dict[Role, Client]) -> None:
    await clients["admin"].ask("PUT", "/v1/boxes/a", json={"enabled": False})
    await clients["box"].refused("box_disabled", "GET", "/v1/queues")


async def test_the_first_admin_token_opens_everything(nobody: Client, services: Services) -> None:
    secret = await services.tokens.first_admin()
    headers = {"Authorization": f"Bearer {secret}"}
    await nobody.ask("GET", "/v1/tokens", headers=headers)
