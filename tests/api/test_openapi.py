"""The documentation is whole: every route, every answer, each with an example."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from coordinator.api.problems import EXAMPLES, refusals
from coordinator.errors import REFUSALS
from tests.api.client import Client

#: What stands open to all, and so cannot refuse anyone.
OPEN = ("/healthz", "/readyz", "/metrics")


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document."""
    return app.openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def example_of(document: dict[str, Any], content: dict[str, Any]) -> Any:
    """An example of a body, given beside it or with its model."""
    if "example" in content or "examples" in content:
        return content.get("example", content.get("examples"))
    schema = content["schema"]
    named = schema.get("items", schema)
    if "anyOf" in named:
        named = named["anyOf"][0]
    model = document["components"]["schemas"][named["$ref"].rpartition("/")[2]]
    return model.get("examples")


def test_every_answer_has_an_example(document: dict[str, Any]) -> None:
    without = [
        f"{name} {status}"
        for name, operation in operations(document)
        for status, answer in operation["responses"].items()
        for content in answer.get("content", {}).values()
        if not example_of(document, content)
    ]
    assert without == []


def test_every_request_has_an_example(document: dict[str, Any]) -> None:
    without = [
        name
        for name, operation in operations(document)
        for content in operation.get("requestBody", {}).get("content", {}).values()
        if not example_of(document, content)
    ]
    assert without == []


def test_every_route_tells_what_it_may_refuse(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        if name.endswith(OPEN):
            continue
        statuses = operation["responses"].keys()
        assert {"401", "403", "422", "503"} <= statuses, name
        assert operation["security"], name
        assert operation["description"], name


def test_errors_are_problems_and_nothing_else(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"], name
                (content,) = answer["content"].values()
                assert content["schema"] == {"$ref": "#/components/schemas/Problem"}, name


def test_examples_of_refusals_have_the_whole_sentence() -> None:
    for code in {*EXAMPLES, "unauthorized", "line_unavailable", "not_ready"}:
        answers = refusals(code, always=())
        (content,) = answers[REFUSALS[code].status]["content"].values()
        example = content["examples"][code]["value"]
        assert example["code"] == code
        assert "?" not in example["detail"]


async def test_it_is_served(nobody: Client) -> None:
    assert (await nobody.ask("GET", "/openapi.json"))["info"]["title"] == "Global virtual queue"
    page = await nobody.get("/docs")
    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]


async def test_its_page_needs_no_other_host(nobody: Client) -> None:
    page = (await nobody.get("/docs")).text
    parts = re.findall(r"""(?:src|href|url)\W+["']([^"']+)""", page)
    assert [part for part in parts if not re.match(r"/[^/]", part)] == []
    assert {"swagger-ui-bundle.js", "swagger-ui.css"} <= {part.split("/")[-1] for part in parts}
    for part in parts:
        assert (await nobody.get(part)).status_code == 200, part
    assert not re.search(r"https?://", page)
