"""Errors: one shape, whatever went wrong."""

import json
import logging
import re
from collections.abc import AsyncIterator
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from sqlalchemy.exc import OperationalError

from coordinator.api.app import create_app
from coordinator.api.problems import MAX_BODY
from coordinator.api.services import Services
from coordinator.database import Database, normalise_url
from coordinator.errors import REFUSALS
from coordinator.line import keys
from coordinator.redis_client import connected, server_time
from tests.api.client import Client
from tests.postgres import unused_port


@pytest.mark.parametrize(
    ("body", "where", "allowed"),
    [
        ({"weight": -1}, "body.weight", "≥ 0"),
        ({"timeout": -1}, "body.timeout", "≥ 0"),
        ({"timeout": 3601}, "body.timeout", "≤ 3600"),
        ({"retry": "5"}, "body.retry", None),
        ({"retry": True}, "body.retry", None),
        ({"retry": 1.5}, "body.retry", None),
        ({"strategy": "fair"}, "body.strategy", "'ringall', 'leastrecent'"),
        ({"wieght": 1}, "body.wieght", ", strategy, weight, timeout, "),
        ([], "body", None),
    ],
)
async def test_what_is_wrong_with_a_request(
    admin: Client, body: object, where: str, allowed: str | None
) -> None:
    problem = await admin.refused("invalid", "PUT", "/v1/queues/sales", json=body)
    (fault,) = problem["errors"]
    assert fault["where"] == where
    assert fault["what"] in problem["detail"]
    assert (allowed or "") in fault.get("allowed", "")
    await admin.refused("unknown_queue", "GET", "/v1/queues/sales")


def test_every_refusal_is_one_that_something_refuses_with() -> None:
    root = Path(str(files("coordinator")))
    sources = [*root.rglob("*.py"), *root.rglob("*.lua")]
    said = "".join(file.read_text() for file in sources if file.name != "errors.py")
    assert [code for code in REFUSALS if not re.search(f"[\"']{code}[\"']", said)] == []


async def test_all_faults_are_named_at_once(admin: Client) -> None:
    body = {"weight": -1, "timeout": -1}
    problem = await admin.refused("invalid", "PUT", "/v1/queues/sales", json=body)
    assert [fault["where"] for fault in problem["errors"]] == ["body.weight", "body.timeout"]


@pytest.mark.parametrize("text", ["a\nb", "a\x00b", "a\x7f", "x" * 257, "\ud800"])
async def test_text_that_could_harm_a_log_or_a_database(admin: Client, text: str) -> None:
    await admin.ask("PUT", "/v1/agents/alice", 201, json={"interface": "PJSIP/101"})
    body = json.dumps({"reason": text})
    headers = {"content-type": "application/json"}
    path = "/v1/agents/alice/pause"
    await admin.refused("invalid", "POST", path, content=body, headers=headers)


@pytest.mark.parametrize("interface", ["PJSIP/1&PJSIP/2", "PJSIP", "PJSIP/1\r\nX: y", "/re/", ""])
async def test_dial_strings_that_would_ring_something_else(admin: Client, interface: str) -> None:
    await admin.refused("invalid", "PUT", "/v1/agents/alice", json={"interface": interface})


@pytest.mark.parametrize("name", ["a%20b", "-a", "a:b", "x" * 65, "%00"])
async def test_names_that_could_not_be_keys(admin: Client, name: str) -> None:
    await admin.refused("invalid", "PUT", f"/v1/queues/{name}", json={})


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"nul", b'{"weight": NaN}'])
async def test_a_body_that_is_no_json(admin: Client, content: bytes) -> None:
    headers = {"content-type": "application/json"}
    await admin.refused("invalid", "PUT", "/v1/queues/sales", content=content, headers=headers)


async def test_paths_and_methods_that_are_not_there(admin: Client) -> None:
    await admin.refused("not_found", "GET", "/v2/queues")
    await admin.refused("method_not_allowed", "POST", "/v1/queues/sales")
    assert (await admin.post("/v1/queues/sales")).headers["allow"]


async def test_a_query_that_is_misspelt(admin: Client) -> None:
    problem = await admin.refused("invalid", "GET", "/v1/journal?afer=0")
    what = "Extra inputs are not permitted"
    fault = {"where": "query.afer", "what": what, "allowed": "one of after, limit"}
    assert problem["errors"] == [fault]
    await admin.refused("invalid", "GET", "/healthz?x=1")


async def test_a_body_too_large(admin: Client) -> None:
    long = b" " * (MAX_BODY + 1)
    await admin.refused("too_large", "PUT", "/v1/queues/sales", content=long)

    async def unannounced() -> Any:
        for _ in range(3):
            yield long[: MAX_BODY // 2]

    headers = {"content-type": "application/json"}
    await admin.refused(
        "too_large", "PUT", "/v1/queues/sales", content=unannounced(), headers=headers
    )


async def test_a_failure_of_ours_tells_nothing_of_the_inside(
    admin: Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise KeyError("a secret of the inside")

    monkeypatch.setattr(services.engine, "queues", fail)
    problem = await admin.refused("internal", "GET", "/v1/queues")
    assert "secret" not in str(problem)


async def test_a_transition_that_fails_is_told_once_and_is_no_outage(
    admin: Client,
    url: str,
    redis: Redis,
    tenant: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await redis.set(keys.key(tenant, "call", "a-1-1"), "no hash")
    async with httpx.AsyncClient(base_url=url) as client:
        headers = {"authorization": f"Bearer {admin.token}"}
        answer = await client.delete("/v1/calls/a-1-1", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    (told,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert "the transition 'withdraw' failed: WRONGTYPE" in str(told.exc_text)


class TestPartsThatAreAway:
    @pytest.fixture
    async def no_line(
        self, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> AsyncIterator[None]:
        async with connected(f"redis://127.0.0.1:{unused_port()}/0") as client:
            monkeypatch.setattr(services.engine, "_redis", client)
            object.__setattr__(services, "now_us", partial(server_time, client, ""))
            yield
            monkeypatch.undo()

    @pytest.mark.usefixtures("no_line")
    async def test_the_line(self, admin: Client) -> None:
        await admin.refused("line_unavailable", "GET", "/v1/queues")
        await admin.refused("line_unavailable", "PATCH", "/v1/calls/c", json={"priority": 1})
        await admin.refused("line_unavailable", "GET", "/readyz")
        await admin.refused("line_unavailable", "GET", "/metrics")
        await admin.ask("GET", "/healthz")

    @pytest.mark.usefixtures("no_line")
    async def test_a_change_is_saved_without_the_line(self, admin: Client) -> None:
        saved = await admin.ask("PUT", "/v1/queues/sales", 201, json={})
        assert saved["applied"] is False

    async def test_the_database(self, services: Services, admin: Client, tmp_path: Path) -> None:
        url = f"postgresql://127.0.0.1:{unused_port()}/gvq"
        gone = Database(normalise_url(url, tmp_path))
        parts = {name: getattr(services, name) for name in Services.__dataclass_fields__}
        parts |= {"database": gone, "tokens": type(services.tokens)(gone)}
        app = create_app(Services(**parts))
        client = Client(httpx.ASGITransport(app, raise_app_exceptions=False), admin.token)
        await client.refused("not_ready", "GET", "/v1/queues")
        await client.refused("not_ready", "GET", "/readyz")
        await client.aclose()
        await gone.close()

    async def test_a_database_that_goes_during_a_change(
        self, services: Services, admin: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*_: object) -> None:
            raise OperationalError("COMMIT", {}, Exception("gone"))

        monkeypatch.setattr(services.directory, "put_queue", fail)
        await admin.refused("not_ready", "PUT", "/v1/queues/sales", json={})
