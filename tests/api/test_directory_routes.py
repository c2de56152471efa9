"""Queues, agents, members, boxes and tokens over REST."""

from dataclasses import asdict

import pytest

from coordinator.api.schemas.agents import AgentIn
from coordinator.api.services import Services
from coordinator.line.types import QueueSettings
from tests.api.client import Client
from tests.api.lines import Box

QUEUE = asdict(QueueSettings()) | {
    "strategy": "linear", "weight": 2, "timeout": 20, "retry": 7, "wrapuptime": 10,
    "servicelevel": 30, "penaltymemberslimit": 3,
    "maxlen": 50, "joinempty": "paused,penalty", "leavewhenempty": "penalty",
    "defaultrule": "patience",
    "announce_frequency": 30, "announce_position": "more", "announce_position_only_up": True,
    "announce_round_seconds": 15, "periodic_announce": "custom/wait,/srv/sounds/more",
    "queue_thankyou": "", "announce": "queue-markq&beep", "musicclass": "jazz", "context": "keys",
    "monitor_format": "wav", "membergosub": "popup,a b:c", "setinterfacevar": True,
    "setqueuevar": True, "setqueueentryvar": True,
}  # fmt: skip


RULE = {
    "changes": [
        {"after_s": 30, "max": "+2", "min": "", "raise": "r5"},
        {"after_s": 120, "max": "10", "min": "-1", "raise": ""},
    ]
}


class TestQueues:
    async def test_life(self, admin: Client) -> None:
        await admin.ask("PUT", "/v1/rules/patience", 201, json=RULE)
        made = await admin.ask("PUT", "/v1/queues/sales", 201, json=QUEUE)
        assert made == {"name": "sales", **QUEUE, "applied": True}
        await admin.ask("PUT", "/v1/queues/sales", 200, json=QUEUE)
        shown = await admin.ask("GET", "/v1/queues/sales")
        figures = {
            "callers": 0, "available": 0, "members": 0, "completed": 0, "abandoned": 0,
            "hold_s": 0.0, "talk_s": 0.0,
        }  # fmt: skip
        assert shown == {"name": "sales", **QUEUE, **figures, "agents": []}
        assert await admin.ask("GET", "/v1/queues") == [{"name": "sales", **QUEUE, **figures}]
        assert await admin.ask("DELETE", "/v1/queues/sales", 204) is None
        await admin.refused("unknown_queue", "GET", "/v1/queues/sales")
        await admin.refused("unknown_queue", "DELETE", "/v1/queues/sales")

    async def test_defaults_are_those_of_queue(self, admin: Client) -> None:
        made = await admin.ask("PUT", "/v1/queues/sales", 201, json={})
        assert (made["strategy"], made["timeout"], made["retry"]) == ("ringall", 15, 5)

    async def test_put_replaces_and_patch_changes(self, admin: Client) -> None:
        await admin.ask("PUT", "/v1/rules/patience", 201, json=RULE)
        await admin.ask("PUT", "/v1/queues/sales", 201, json=QUEUE)
        some = {"timeout": 21, "joinempty": "strict", "musicclass": ""}
        changed = await admin.ask("PATCH", "/v1/queues/sales", json=some)
        become = QUEUE | some | {"joinempty": "paused,penalty,unavailable,invalid"}
        assert changed == {"name": "sales", **become, "applied": True}
        assert (await admin.ask("GET", "/v1/queues/sales")).items() >= become.items()
        none = {"defaultrule": "none"}
        await admin.refused("unknown_rule", "PATCH", "/v1/queues/sales", json=none)
        await admin.refused("unknown_queue", "PATCH", "/v1/queues/other", json=some)

    async def test_sounds_are_written_as_in_queues_conf(self, admin: Client) -> None:
        body = {"periodic_announce": " one | two,three ", "announce": "a & b"}
        made = await admin.ask("PUT", "/v1/queues/sales", 201, json=body)
        assert (made["periodic_announce"], made["announce"]) == ("one,two,three", "a&b")
        made = await admin.ask("PUT", "/v1/queues/sales", 200, json={"periodic_announce": " "})
        assert made["periodic_announce"] == ""

    @pytest.mark.parametrize(("name", "value", "says"), [
        ("queue_thankyou", "a&b", "2 sounds, 1 are taken"),
        ("queue_thankyou", "${EXTEN}", "'${EXTEN}' is no sound's name; it has letters, digits"),
        ("queue_holdtime", "a,Verbose(1)", "is no sound's name"),
        ("queue_holdtime", "hold\r\nAction: Command", "is no sound's name"),
        ("queue_minutes", "#12", "is no sound's name"),
        ("queue_minutes", "a" * 65, "is no sound's name"),
        ("announce", "a&b&c&d&e", "5 sounds, 4 are taken"),
        ("monitor_format", "wav|x", "'wav|x' is no file format; it has letters and digits, as wav"),
        ("monitor_format", "w" * 17, "is no file format"),
        ("monitor_format", "wav\n", "is no file format"),
        ("membergosub", "popup,${SHELL(x)}", "'popup,${SHELL(x)}' is no subroutine"),
        ("membergosub", "popup,a)", "is no subroutine"),
        ("membergosub", "popup," + "a" * 129, "is no subroutine"),
        ("membergosub", "c" * 65, "is no subroutine"),
        ("setqueuevar", "perhaps", "valid boolean"),
        ("periodic_announce", ",".join("a" * 11), "11 sounds, 10 are taken"),
        ("periodic_announce", "a,,b", "'' is no sound's name"),
        ("context", "exits,1", "'exits,1' is no name; it has letters, digits"),
        ("musicclass", "a b", "'a b' is no name"),
        ("announce_round_seconds", 7, "7 is none of 0, 5, 10, 15, 20, 30"),
        ("announce_position", "maybe", "'yes', 'no', 'limit' or 'more'"),
        ("announce_to_first_user", "yes", "valid boolean"),
    ])  # fmt: skip
    async def test_what_may_not_be_said(
        self, admin: Client, name: str, value: str | int, says: str
    ) -> None:
        """All of it would reach the dialplan."""
        problem = await admin.refused("invalid", "PUT", "/v1/queues/bad", json={name: value})
        assert says in problem["detail"]
        assert name in problem["detail"]
        await admin.refused("unknown_queue", "GET", "/v1/queues/bad")

    async def test_a_defaultrule_that_is_none(self, admin: Client) -> None:
        body = {"defaultrule": "patience"}
        await admin.refused("unknown_rule", "PUT", "/v1/queues/sales", json=body)
        await admin.refused("unknown_queue", "GET", "/v1/queues/sales")
        for wrong in ("a b", "a\n", "\x00", "x" * 65):
            body = {"defaultrule": wrong}
            await admin.refused("invalid", "PUT", "/v1/queues/sales", json=body)

    async def test_one_with_callers_is_not_removed(self, admin: Client, services: Services) -> None:
        await admin.ask("PUT", "/v1/queues/sales", 201, json={})
        box = Box(services.engine, "a")
        await box.attach()
        await box.join("sales", 1)
        problem = await admin.refused("queue_in_use", "DELETE", "/v1/queues/sales")
        assert problem["details"] == {"queue": "sales", "callers": "1"}

    async def test_callers_in_order(self, admin: Client, services: Services) -> None:
        await admin.ask("PUT", "/v1/queues/sales", 201, json={})
        box = Box(services.engine, "a")
        await box.attach()
        for number, name in ((1, "Ann"), (2, "Ben"), (3, "Cleo")):
            await box.join("sales", number, name)
        callers = await admin.ask("GET", "/v1/queues/sales/callers")
        assert [(c["position"], c["call_id"]) for c in callers] == [
            (1, "a-1-1"),
            (2, "a-2-1"),
            (3, "a-3-1"),
        ]
        first = callers[0]
        assert first.pop("rank") > 0
        assert 0 <= first.pop("waited_s") < 60
        assert first == {
            "call_id": "a-1-1", "position": 1, "box": "a", "channel": "PJSIP/trunk-00000001",
            "caller_id": "1", "caller_id_name": "Ann", "priority": 0, "state": "waiting",
            "agent": None,
        }  # fmt: skip
        limited = await admin.ask("GET", "/v1/queues/sales/callers?limit=2")
        assert len(limited) == 2
        await admin.refused("unknown_queue", "GET", "/v1/queues/none/callers")


class TestRules:
    async def test_life(self, admin: Client) -> None:
        made = await admin.ask("PUT", "/v1/rules/patience", 201, json=RULE)
        assert made == {"name": "patience", **RULE, "applied": True}
        await admin.ask("PUT", "/v1/rules/patience", 200, json=RULE)
        assert await admin.ask("GET", "/v1/rules/patience") == {"name": "patience", **RULE}
        assert await admin.ask("GET", "/v1/rules") == [{"name": "patience", **RULE}]
        assert await admin.ask("DELETE", "/v1/rules/patience", 204) is None
        await admin.refused("unknown_rule", "GET", "/v1/rules/patience")
        await admin.refused("unknown_rule", "DELETE", "/v1/rules/patience")

    async def test_changes_are_sorted_and_bounds_left_out_stay(self, admin: Client) -> None:
        changes = [{"after_s": 9, "max": "7"}, {"after_s": 0, "raise": "1"}]
        made = await admin.ask("PUT", "/v1/rules/soon", 201, json={"changes": changes})
        assert made["changes"] == [
            {"after_s": 0, "max": "", "min": "", "raise": "1"},
            {"after_s": 9, "max": "7", "min": "", "raise": ""},
        ]

    async def test_one_without_changes(self, admin: Client) -> None:
        made = await admin.ask("PUT", "/v1/rules/none", 201, json={"changes": []})
        assert made["changes"] == []

    async def test_one_that_a_queue_has(self, admin: Client) -> None:
        await admin.ask("PUT", "/v1/rules/patience", 201, json=RULE)
        await admin.ask("PUT", "/v1/queues/sales", 201, json=QUEUE)
        problem = await admin.refused("rule_in_use", "DELETE", "/v1/rules/patience")
        assert problem["details"] == {"rule": "patience", "queue": "sales"}

    @pytest.mark.parametrize(
        ("changes", "where", "said"),
        [
            ([{"after_s": -1, "max": "1"}], "changes.0.after_s", "greater than or equal to 0"),
            ([{"after_s": 86401, "max": "1"}], "changes.0.after_s", "less than or equal to 86400"),
            ([{"after_s": "1", "max": "1"}], "changes.0.after_s", "valid integer"),
            ([{"max": "1"}], "changes.0.after_s", "Field required"),
            ([{"after_s": 1, "max": 5}], "changes.0.max", "valid string"),
            ([{"after_s": 1, "max": "five"}], "changes.0.max", "match pattern"),
            ([{"after_s": 1, "max": "100000"}], "changes.0.max", "match pattern"),
            ([{"after_s": 1, "max": "r5"}], "changes.0.max", "match pattern"),
            ([{"after_s": 1, "min": "٣"}], "changes.0.min", "match pattern"),
            ([{"after_s": 1, "min": "1\n"}], "changes.0.min", "match pattern"),
            ([{"after_s": 1, "raise": "r"}], "changes.0.raise", "match pattern"),
            ([{"after_s": 1}], "changes.0", "changes nothing; one of max, min and raise"),
            ([{"after_s": 1, "max": "3", "min": "4"}], "changes.0", "min 4 is above max 3"),
            ([{"after_s": 1, "max": "3", "raise": "r4"}], "changes.0", "raise 4 is above max 3"),
            (
                [
                    {"after_s": 1, "max": "3"},
                    {"after_s": 2, "max": "3"},
                    {"after_s": 1, "min": "1"},
                ],
                "changes",
                "after_s 1 came more than once",
            ),
            ([{"after_s": n, "max": "1"} for n in range(101)], "changes", "at most 100 items"),
        ],
    )
    async def test_what_is_wrong_with_one(
        self, admin: Client, changes: list[object], where: str, said: str
    ) -> None:
        problem = await admin.refused("invalid", "PUT", "/v1/rules/soon", json={"changes": changes})
        (fault,) = problem["errors"]
        assert (fault["where"], said in fault["what"]) == (f"body.{where}", True), fault
        assert await admin.ask("GET", "/v1/rules") == []

    async def test_a_misspelt_bound_is_told_what_there_is(self, admin: Client) -> None:
        body = {"changes": [{"after_s": 1, "max": "1", "mix": "2"}]}
        problem = await admin.refused("invalid", "PUT", "/v1/rules/soon", json=body)
        (fault,) = problem["errors"]
        assert (fault["where"], fault["allowed"]) == (
            "body.changes.0.mix", "one of after_s, max, min, raise",
        )  # fmt: skip

    async def test_equal_bounds_and_relative_ones_are_no_contradiction(self, admin: Client) -> None:
        changes = [
            {"after_s": 1, "max": "3", "min": "3", "raise": "3"},
            {"after_s": 2, "max": "-3", "min": "4", "raise": "r+9"},
        ]
        await admin.ask("PUT", "/v1/rules/soon", 201, json={"changes": changes})


class TestAgents:
    async def test_life(self, admin: Client) -> None:
        body = {"interface": "PJSIP/101", "display_name": "Alice Adams"}
        config = {
            "name": "alice", **body, "logged_in": False, "paused": False, "pause_reason": "",
            "state_interface": "",
        }  # fmt: skip
        made = await admin.ask("PUT", "/v1/agents/alice", 201, json=body)
        assert made == {**config, "applied": True}
        shown = await admin.ask("GET", "/v1/agents/alice")
        assert shown == {
            **config, "state": "offline", "reason": "", "home": None, "device": None,
            "call_id": None, "until_us": None, "last_call_us": None, "queues": {},
            "autopaused": False, "memberships": {},
        }  # fmt: skip
        assert await admin.ask("GET", "/v1/agents") == [shown]
        await admin.ask("DELETE", "/v1/agents/alice", 204)
        await admin.refused("unknown_agent", "GET", "/v1/agents/alice")
        await admin.refused("unknown_agent", "DELETE", "/v1/agents/alice")

    async def test_their_day(self, admin: Client, services: Services) -> None:
        await Box(services.engine, "a").attach(PJSIP_101="NOT_INUSE")
        await admin.ask("PUT", "/v1/agents/alice", 201, json={"interface": "PJSIP/101"})

        async def state() -> tuple[str, str | None]:
            shown = await admin.ask("GET", "/v1/agents/alice")
            return shown["state"], shown["home"]

        assert (await admin.ask("POST", "/v1/agents/alice/login"))["logged_in"]
        assert await state() == ("available", "a")
        paused = await admin.ask("POST", "/v1/agents/alice/pause", json={"reason": "lunch"})
        assert (paused["paused"], paused["pause_reason"]) == (True, "lunch")
        assert await state() == ("paused", "a")
        back = await admin.ask("POST", "/v1/agents/alice/unpause", json={"reason": "back"})
        assert (back["paused"], back["pause_reason"]) == (False, "")
        journal = await admin.ask("GET", "/v1/journal")
        told = [entry for entry in journal if entry["type"] == "agent.changed"]
        assert (told[-1]["change"], told[-1]["reason"]) == ("unpause", "back")
        assert (await admin.ask("POST", "/v1/agents/alice/pause"))["pause_reason"] == ""
        assert not (await admin.ask("POST", "/v1/agents/alice/logout"))["logged_in"]
        assert (await state())[0] == "offline"

    @pytest.mark.parametrize("verb", ["login", "logout", "pause", "unpause"])
    async def test_an_unknown_one(self, admin: Client, verb: str) -> None:
        await admin.refused("unknown_agent", "POST", f"/v1/agents/none/{verb}")

    async def test_one_phone_for_two(self, admin: Client) -> None:
        await admin.ask("PUT", "/v1/agents/alice", 201, json={"interface": "PJSIP/101"})
        problem = await admin.refused(
            "interface_taken", "PUT", "/v1/agents/bob", json={"interface": "PJSIP/101"}
        )
        assert problem["details"] == {"interface": "PJSIP/101", "agent": "alice"}

    async def test_a_name_in_the_body_must_be_the_paths(self, admin: Client) -> None:
        body = AgentIn(interface="PJSIP/101", name="alice").model_dump()
        await admin.ask("PUT", "/v1/agents/alice", 201, json=body)
        problem = await admin.refused("invalid", "PUT", "/v1/agents/bob", json=body)
        assert problem["detail"].startswith("body.name")


class TestMembers:
    @pytest.fixture(autouse=True)
    async def names(self, admin: Client) -> None:
        await admin.ask("PUT", "/v1/queues/sales", 201, json={})
        await admin.ask("PUT", "/v1/agents/alice", 201, json={"interface": "PJSIP/101"})
        await admin.ask("PUT", "/v1/agents/bob", 201, json={"interface": "PJSIP/102"})

    async def test_life(self, admin: Client) -> None:
        path = "/v1/queues/sales/members"
        made = await admin.ask("PUT", f"{path}/bob", 201, json={"penalty": 3})
        assert made == {
            "queue": "sales", "agent": "bob", "penalty": 3, "wrapuptime": None, "ringinuse": None,
            "paused": False, "pause_reason": "", "applied": True,
        }  # fmt: skip
        await admin.ask("PUT", f"{path}/alice", 201)
        await admin.ask("PUT", f"{path}/bob", 200, json={"penalty": 4})
        shown = (await admin.ask("GET", "/v1/queues/sales"))["agents"]
        assert [(one["agent"], one["penalty"], one["state"]) for one in shown] == [
            ("bob", 4, "offline"),
            ("alice", 0, "offline"),
        ]
        assert (await admin.ask("GET", "/v1/agents/bob"))["queues"] == {"sales": 4}
        await admin.ask("DELETE", f"{path}/bob", 204)
        await admin.refused("not_a_member", "DELETE", f"{path}/bob")

    async def test_refusals(self, admin: Client) -> None:
        for method in ("PUT", "DELETE"):
            await admin.refused("unknown_queue", method, "/v1/queues/none/members/alice")
            await admin.refused("unknown_agent", method, "/v1/queues/sales/members/none")


async def test_boxes(admin: Client, services: Services) -> None:
    assert await admin.ask("PUT", "/v1/boxes/b", 201) == {"name": "b", "enabled": True}
    off = {"enabled": False}
    assert await admin.ask("PUT", "/v1/boxes/b", 200, json=off) == {"name": "b", "enabled": False}
    await Box(services.engine, "a").attach()
    a, b = await admin.ask("GET", "/v1/boxes")
    assert a.pop("seen_us") > 0
    assert a == {"name": "a", "enabled": True, "linked": True, "attached": True, "calls": 0}
    assert b == {
        "name": "b", "enabled": False, "linked": False, "attached": False, "seen_us": None,
        "calls": 0,
    }  # fmt: skip
    await admin.ask("DELETE", "/v1/boxes/b", 204)
    await admin.refused("unknown_box", "DELETE", "/v1/boxes/b")


class TestTokens:
    async def test_life(self, admin: Client, nobody: Client) -> None:
        made = await admin.ask("POST", "/v1/tokens", 201, json={"role": "read", "label": "wall"})
        secret = {"Authorization": f"Bearer {made.pop('token')}"}
        assert (made["role"], made["box"], made["label"]) == ("read", None, "wall")
        await nobody.ask("GET", "/v1/queues", headers=secret)
        listed = {token["id"]: token for token in await admin.ask("GET", "/v1/tokens")}
        assert listed[made["id"]]["last_used_us"] > 0
        assert not any("token" in token or "hash" in token for token in listed.values())
        await admin.ask("DELETE", f"/v1/tokens/{made['id']}", 204)
        await nobody.refused("unauthorized", "GET", "/v1/queues", headers=secret)
        await admin.refused("unknown_token", "DELETE", f"/v1/tokens/{made['id']}")

    async def test_refusals(self, admin: Client) -> None:
        box = {"role": "box", "box": "none"}
        await admin.refused("unknown_box", "POST", "/v1/tokens", json=box)
        await admin.refused("invalid", "POST", "/v1/tokens", json={"role": "box"})
        await admin.refused("invalid", "POST", "/v1/tokens", json={"role": "king"})

    async def test_the_last_admin_cannot_lock_everyone_out(self, admin: Client) -> None:
        tokens = await admin.ask("GET", "/v1/tokens")
        (last,) = [token["id"] for token in tokens if token["role"] == "admin"]
        await admin.refused("last_admin", "DELETE", f"/v1/tokens/{last}")


class TestServing:
    """How an agent serves a queue: penalty, wrap-up, ringinuse, pause."""

    @pytest.fixture(autouse=True)
    async def furnished(self, admin: Client) -> None:
        for queue in ("sales", "help"):
            await admin.ask("PUT", f"/v1/queues/{queue}", 201, json={})
        await admin.ask("PUT", "/v1/agents/alice", 201, json={"interface": "PJSIP/101"})
        for queue in ("sales", "help"):
            await admin.ask("PUT", f"/v1/queues/{queue}/members/alice", 201, json={})

    async def test_put_replaces_and_patch_changes(self, admin: Client) -> None:
        path = "/v1/queues/sales/members/alice"
        body = {"penalty": 3, "wrapuptime": 30, "ringinuse": True}
        made = await admin.ask("PUT", path, 200, json=body)
        assert body.items() <= made.items()
        changed = await admin.ask("PATCH", path, 200, json={"wrapuptime": None, "penalty": 4})
        assert {"penalty": 4, "wrapuptime": None, "ringinuse": True}.items() <= changed.items()
        replaced = await admin.ask("PUT", path, 200, json={})
        assert {"penalty": 0, "wrapuptime": None, "ringinuse": None}.items() <= replaced.items()

    async def test_a_pause_in_one_queue(self, admin: Client) -> None:
        path = "/v1/queues/sales/members/alice"
        paused = await admin.ask("POST", f"{path}/pause", json={"reason": "lunch"})
        assert (paused["paused"], paused["pause_reason"]) == (True, "lunch")
        shown = await admin.ask("GET", "/v1/agents/alice")
        pauses = {queue: one["paused"] for queue, one in shown["memberships"].items()}
        assert (shown["paused"], pauses) == (False, {"sales": True, "help": False})
        (member,) = (await admin.ask("GET", "/v1/queues/sales"))["agents"]
        assert member["membership"]["pause_reason"] == "lunch"
        assert not (await admin.ask("POST", f"{path}/unpause"))["paused"]

    async def test_a_new_member_may_be_paused_from_the_start(self, admin: Client) -> None:
        path = "/v1/queues/sales/members/alice"
        await admin.ask("DELETE", path, 204)
        made = await admin.ask("PUT", path, 201, json={"paused": True, "reason": "trainee"})
        assert (made["paused"], made["pause_reason"]) == (True, "trainee")
        again = await admin.ask("PUT", path, 200, json={"penalty": 1})
        assert again["paused"], "who is there stays paused"

    @pytest.mark.parametrize("verb", ["pause", "unpause"])
    async def test_of_no_member(self, admin: Client, verb: str) -> None:
        await admin.ask("DELETE", "/v1/queues/help/members/alice", 204)
        for queue, agent, code in (
            ("none", "alice", "unknown_queue"),
            ("sales", "bob", "unknown_agent"),
            ("help", "alice", "not_a_member"),
        ):
            await admin.refused(code, "POST", f"/v1/queues/{queue}/members/{agent}/{verb}")

    @pytest.mark.parametrize(
        "body", [{"wrapuptime": -1}, {"wrapuptime": 86_401}, {"ringinuse": "yes"}, {"calls": 1}]
    )
    async def test_what_cannot_be(self, admin: Client, body: dict[str, object]) -> None:
        for method in ("PUT", "PATCH"):
            await admin.refused("invalid", method, "/v1/queues/sales/members/alice", json=body)

    @pytest.mark.parametrize("state", ["PJSIP/107", "hint:107@internal", "Custom:desk7"])
    async def test_whose_state_counts(self, admin: Client, state: str) -> None:
        body = {"interface": "Local/7@agents/n", "state_interface": state}
        made = await admin.ask("PUT", "/v1/agents/gus", 201, json=body)
        assert made["state_interface"] == state
        other = {"interface": "PJSIP/108", "state_interface": state}
        if state.startswith("Custom:"):
            assert await admin.ask("PUT", "/v1/agents/bob", 201, json=other)
        else:
            await admin.refused("interface_taken", "PUT", "/v1/agents/bob", json=other)

    async def test_whose_phone_it_is(self, admin: Client) -> None:
        body = {"interface": "PJSIP/107", "state_interface": "Custom:desk7"}
        await admin.ask("PUT", "/v1/agents/gus", 201, json=body)
        other = {"interface": "Local/9@agents", "state_interface": "PJSIP/107"}
        told = await admin.refused("interface_taken", "PUT", "/v1/agents/bob", json=other)
        assert told["detail"] == "Interface 'PJSIP/107' belongs to agent 'gus'."

    @pytest.mark.parametrize("state", ["107", "hint:107", "Custom:", "PJSIP/1,2", "a:b"])
    async def test_what_is_no_state(self, admin: Client, state: str) -> None:
        body = {"interface": "PJSIP/107", "state_interface": state}
        await admin.refused("invalid", "PUT", "/v1/agents/gus", json=body)


@pytest.mark.parametrize(
    ("alias", "joinempty", "leavewhenempty"),
    [
        ("yes", "", "paused,penalty,invalid"),
        ("no", "paused,penalty,invalid", ""),
        ("F", "paused,penalty,invalid", ""),
        ("Strict", *2 * ["paused,penalty,unavailable,invalid"]),
        ("loose", *2 * ["penalty,invalid"]),
        ("invalid, WRAPUP", *2 * ["invalid,wrapup"]),
        ("penalty,paused,invalid", *2 * ["paused,penalty,invalid"]),
        ("ringing,yes,inuse", "inuse", "paused,penalty,inuse,invalid"),
    ],
)
async def test_queues_words_for_who_does_not_count_as_there(
    admin: Client, alias: str, joinempty: str, leavewhenempty: str
) -> None:
    body = {"joinempty": alias, "leavewhenempty": alias}
    made = await admin.ask("PUT", "/v1/queues/sales", 201, json=body)
    assert (made["joinempty"], made["leavewhenempty"]) == (joinempty, leavewhenempty)
