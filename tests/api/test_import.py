"""POST /v1/import: all of it or nothing, and what it says of it."""

from typing import Any

import pytest
from httpx import Response

from coordinator.api.limits import MAX_IMPORT
from coordinator.api.problems import MAX_BODY
from coordinator.api.services import Services
from coordinator.directory import Role
from tests.api.client import Client

BODY: dict[str, Any] = {
    "rules": {"patience": {"changes": [{"after_s": 30, "max": "+2", "raise": "r5"}]}},
    "queues": {"sales": {"strategy": "linear", "defaultrule": "patience"}},
    "agents": {
        "ann": {"interface": "PJSIP/101", "display_name": "Ann Adams"},
        "ben": {"interface": "PJSIP/102"},
    },
    "members": [
        {"queue": "sales", "agent": "ben", "penalty": 1, "paused": True},
        {"queue": "sales", "agent": "ann"},
    ],
}

CREATED: list[dict[str, Any]] = [
    {
        "kind": "rule", "action": "create", "rule": "patience", "queue": None, "agent": None,
        "fields": {
            "changes": {
                "old": None, "new": [{"after_s": 30, "max": "+2", "min": "", "raise": "r5"}],
            },
        },
    },
    {
        "kind": "queue", "action": "create", "rule": None, "queue": "sales", "agent": None,
        "fields": {
            "strategy": {"old": None, "new": "linear"},
            "defaultrule": {"old": None, "new": "patience"},
            "ringinuse": {"old": None, "new": True},
        },
    },
    {
        "kind": "agent", "action": "create", "rule": None, "queue": None, "agent": "ann",
        "fields": {
            "interface": {"old": None, "new": "PJSIP/101"},
            "display_name": {"old": None, "new": "Ann Adams"},
        },
    },
    {
        "kind": "agent", "action": "create", "rule": None, "queue": None, "agent": "ben",
        "fields": {"interface": {"old": None, "new": "PJSIP/102"}},
    },
    {
        "kind": "member", "action": "create", "rule": None, "queue": "sales", "agent": "ben",
        "fields": {"penalty": {"old": None, "new": 1}, "paused": {"old": None, "new": True}},
    },
    {
        "kind": "member", "action": "create", "rule": None, "queue": "sales", "agent": "ann",
        "fields": {},
    },
]  # fmt: skip


async def post(admin: Client, status: int = 200, **more: Any) -> Any:
    return await admin.ask("POST", "/v1/import", status, json=BODY | more)


async def test_all_is_there_and_in_the_line(admin: Client) -> None:
    answer = await post(admin)

    assert answer == {
        "changes": CREATED, "same": 0, "out_of_order": [], "dry_run": False, "applied": True,
    }  # fmt: skip
    sales = await admin.ask("GET", "/v1/queues/sales")
    assert (sales["strategy"], sales["defaultrule"]) == ("linear", "patience")
    patience = await admin.ask("GET", "/v1/rules/patience")
    assert patience["changes"] == CREATED[0]["fields"]["changes"]["new"]
    assert [(one["agent"], one["penalty"], one["state"]) for one in sales["agents"]] == [
        ("ben", 1, "unregistered"),
        ("ann", 0, "unregistered"),
    ]
    ben = await admin.ask("GET", "/v1/agents/ben")
    assert (ben["logged_in"], ben["memberships"]["sales"]["paused"]) == (True, True)


async def test_a_dry_run_tells_the_same_and_does_nothing(admin: Client) -> None:
    answer = await post(admin, dry_run=True)

    assert answer["changes"] == CREATED
    assert (answer["dry_run"], answer["applied"]) == (True, False)
    assert await admin.ask("GET", "/v1/agents") == []
    assert await admin.ask("GET", "/v1/queues") == []
    assert await admin.ask("GET", "/v1/rules") == []


async def test_a_second_time_changes_nothing(admin: Client) -> None:
    await post(admin)

    assert (await post(admin))["changes"] == []
    assert (await post(admin))["same"] == len(CREATED)


async def test_what_differs_is_told_old_and_new(admin: Client) -> None:
    await post(admin)
    await admin.ask("PUT", "/v1/queues/sales", json={"weight": 3, "strategy": "random"})
    await admin.ask("PUT", "/v1/rules/patience", json={"changes": []})
    await admin.ask("PUT", "/v1/queues/sales/members/ann", json={"penalty": 7})

    rule, queue, member = (await post(admin))["changes"]

    assert rule["fields"] == {"changes": CREATED[0]["fields"]["changes"] | {"old": []}}
    assert queue["fields"] == {
        "strategy": {"old": "random", "new": "linear"},
        "defaultrule": {"old": "", "new": "patience"},
    }
    assert (await admin.ask("GET", "/v1/queues/sales"))["weight"] == 3
    assert member["fields"] == {"penalty": {"old": 7, "new": 0}}
    assert (await post(admin))["changes"] == []


@pytest.mark.parametrize(
    ("more", "code", "where"),
    [
        ({"queues": {"sales": {"timeout": -1}}}, "invalid", "body.queues.sales.timeout"),
        ({"queues": {"a b": {}}}, "invalid", "body.queues.a b.[key]"),
        ({"agents": {"ann": {"interface": "none"}}}, "invalid", "body.agents.ann.interface"),
        ({"queues": {"sales": {"defaultrule": "gone"}}}, "unknown_rule", "gone"),
        ({"rules": {"r": {"changes": [{"after_s": 1, "max": "1", "min": "2"}]}}}, "invalid",
         "body.rules.r.changes.0"),
        ({"members": [{"queue": "sales", "agent": "zoe"}]}, "unknown_agent", ""),
        ({"members": [{"queue": "help", "agent": "ann"}]}, "unknown_queue", ""),
        ({"members": [BODY["members"][0]] * 2}, "invalid", "body.members.1"),
        ({"agents": {"ann": BODY["agents"]["ann"], "zoe": {"interface": "PJSIP/101"}}},
         "interface_taken", ""),
    ],
)  # fmt: skip
async def test_one_thing_that_is_wrong_leaves_nothing_done(
    admin: Client, more: dict[str, Any], code: str, where: str
) -> None:
    problem = await admin.refused(code, "POST", "/v1/import", json=BODY | more)

    assert where in problem["detail"]
    assert await admin.ask("GET", "/v1/agents") == []
    assert await admin.ask("GET", "/v1/queues") == []
    assert await admin.ask("GET", "/v1/rules") == []


async def test_a_misspelt_setting_is_told_the_settings_there_are(admin: Client) -> None:
    """Not the fields of the body it is a part of."""
    body = {"queues": {"sales": {"wieght": 1}}}
    problem = await admin.refused("invalid", "POST", "/v1/import", json=body)
    (error,) = problem["errors"]
    assert error["where"] == "body.queues.sales.wieght"
    assert {"weight", "strategy"} <= set(error["allowed"].removeprefix("one of ").split(", "))
    assert "agents" not in error["allowed"]


async def send_long(client: Client, size: int) -> Response:
    body = b" " * size + b"{}"
    headers = {"content-type": "application/json"}
    return await client.request("POST", "/v1/import", content=body, headers=headers)


async def test_an_admin_may_send_much(admin: Client) -> None:
    assert (await send_long(admin, MAX_BODY)).status_code == 200
    assert (await send_long(admin, MAX_IMPORT)).status_code == 413
    problem = await admin.refused("too_large", "POST", "/v1/import", content=b" " * MAX_IMPORT * 2)
    assert problem["details"] == {"limit": MAX_IMPORT}


async def test_others_may_not(clients: dict[Role, Client], nobody: Client) -> None:
    for client in (clients["operate"], clients["box"], nobody):
        answer = await send_long(client, MAX_BODY)
        assert (answer.status_code, answer.json()["details"]) == (413, {"limit": MAX_BODY})


async def test_much_elsewhere_stays_refused(admin: Client, services: Services) -> None:
    body = b" " * MAX_BODY + b"{}"
    await admin.refused("too_large", "PUT", "/v1/queues/sales", content=body)
    assert await services.directory.queues() == []
