"""Queues, rules, agents, members, boxes: what is kept, what is refused, what the line gets."""

import asyncio
from dataclasses import replace

import pytest

from coordinator.database import Database
from coordinator.directory import Agent, Box, Directory, Member, Queue, Rule
from coordinator.directory.joining import Joining
from coordinator.errors import Refused
from coordinator.line.engine import Engine
from coordinator.line.types import Origin, PenaltyChange, QueueSettings
from coordinator.protocol import Join, Snapshot


async def refusal(code: str, step: object) -> Refused:
    with pytest.raises(Refused) as caught:
        await step  # type: ignore[misc]
    assert caught.value.code == code
    return caught.value


async def a_caller_waits(engine: Engine, queue: str) -> None:
    await engine.mirrored("run")
    await engine.attach("a", "link", "adapter", 1, "test")
    await engine.snapshot(Origin("a", "link", 1), Snapshot())
    join = Join(call_id="a-1-1", channel="PJSIP/trunk-1", uniqueid="a-1", queue=queue)
    assert (await engine.join(Origin("a", "link", 2), join)).code == "ok"


class TestQueues:
    async def test_put_get_list_delete(self, directory: Directory, engine: Engine) -> None:
        settings = QueueSettings("linear", 3, 20, 7, 10, 30)
        saved = await directory.put_queue("sales", settings)
        assert (saved.record, saved.created, saved.applied) == (
            Queue("sales", settings),
            True,
            True,
        )
        await directory.put_queue("help", QueueSettings())
        assert [queue.name for queue in await directory.queues()] == ["help", "sales"]
        assert await directory.queue("sales") == Queue("sales", settings)
        assert (await engine.queue("sales")).settings == settings
        await directory.delete_queue("sales")
        await refusal("unknown_queue", directory.queue("sales"))
        await refusal("unknown_queue", engine.queue("sales"))

    async def test_put_again_replaces(self, directory: Directory, engine: Engine) -> None:
        await directory.put_queue("sales", QueueSettings("linear"))
        saved = await directory.put_queue("sales", QueueSettings("random", weight=2))
        assert not saved.created
        assert (await engine.queue("sales")).settings == QueueSettings("random", weight=2)
        assert len(await directory.queues()) == 1

    async def test_one_with_callers_stays_in_both(
        self, directory: Directory, engine: Engine
    ) -> None:
        await directory.put_queue("sales", QueueSettings())
        await directory.mirror()
        await a_caller_waits(engine, "sales")
        refused = await refusal("queue_in_use", directory.delete_queue("sales"))
        assert "1 callers" in refused.sentence
        assert (await directory.queue("sales")).name == "sales"
        assert (await engine.queue("sales")).callers == 1
        assert not await directory.lags()

    async def test_deleting_an_unknown_one(self, directory: Directory) -> None:
        await refusal("unknown_queue", directory.delete_queue("none"))


class TestRules:
    CHANGES = (PenaltyChange(30, "+2", "", "r5"), PenaltyChange(60, min="1"))

    async def test_put_get_list_delete(self, directory: Directory, engine: Engine) -> None:
        saved = await directory.put_rule("soon", self.CHANGES)
        soon = Rule("soon", self.CHANGES)
        assert (saved.record, saved.created, saved.applied) == (soon, True, True)
        await directory.put_rule("none", ())
        assert await directory.rules() == [Rule("none", ()), soon]
        assert await directory.rule("soon") == soon
        assert await engine.rules() == {"none": (), "soon": self.CHANGES}
        await directory.delete_rule("soon")
        await refusal("unknown_rule", directory.rule("soon"))
        assert await engine.rules() == {"none": ()}

    async def test_put_again_replaces(self, directory: Directory, engine: Engine) -> None:
        await directory.put_rule("soon", self.CHANGES)
        assert not (await directory.put_rule("soon", self.CHANGES[:1])).created
        assert await directory.rules() == [Rule("soon", self.CHANGES[:1])]
        assert await engine.rules() == {"soon": self.CHANGES[:1]}

    async def test_a_queue_takes_only_one_that_is_there(
        self, directory: Directory, engine: Engine
    ) -> None:
        settings = QueueSettings(defaultrule="soon")
        refused = await refusal("unknown_rule", directory.put_queue("sales", settings))
        assert refused.sentence == "There is no penalty rule named 'soon'."
        await refusal("unknown_queue", engine.queue("sales"))
        await directory.put_rule("soon", self.CHANGES)
        assert (await directory.put_queue("sales", settings)).record.settings == settings
        assert (await engine.queue("sales")).settings == settings

    async def test_one_that_a_queue_has_stays_in_both(
        self, directory: Directory, engine: Engine
    ) -> None:
        await directory.put_rule("soon", self.CHANGES)
        await directory.put_queue("sales", QueueSettings(defaultrule="soon"))
        await directory.put_queue("help", QueueSettings())
        refused = await refusal("rule_in_use", directory.delete_rule("soon"))
        assert refused.details == {"rule": "soon", "queue": "sales"}
        assert [rule.name for rule in await directory.rules()] == list(await engine.rules())
        await directory.put_queue("sales", QueueSettings())
        await directory.delete_rule("soon")
        assert await engine.rules() == {}

    async def test_deleting_an_unknown_one(self, directory: Directory) -> None:
        await refusal("unknown_rule", directory.delete_rule("none"))


class TestAgents:
    async def test_put_get_list_delete(self, directory: Directory, engine: Engine) -> None:
        saved = await directory.put_agent("alice", "PJSIP/101", "Alice A.")
        alice = Agent("alice", "PJSIP/101", "Alice A.", False, False, "")
        assert saved.record == alice
        assert saved.created
        assert await directory.agent("alice") == alice
        assert await directory.agents() == [alice]
        assert (await engine.agent("alice")).interface == "PJSIP/101"
        await directory.delete_agent("alice")
        await refusal("unknown_agent", directory.agent("alice"))
        await refusal("unknown_agent", engine.agent("alice"))

    async def test_login_and_pause_outlive_a_change_of_phone(
        self, directory: Directory, engine: Engine
    ) -> None:
        await directory.put_agent("alice", "PJSIP/101")
        await directory.login("alice")
        await directory.pause("alice", "lunch")
        saved = await directory.put_agent("alice", "PJSIP/102")
        assert saved.record == Agent("alice", "PJSIP/102", "", True, True, "lunch")
        assert (await engine.agent("alice")).interface == "PJSIP/102"

    async def test_what_is_not_changed_stays(self, directory: Directory, engine: Engine) -> None:
        await directory.put_agent("alice", "Local/1@x", "Alice A.", "PJSIP/101")
        await directory.login("alice")
        saved = await directory.change_agent("alice", interface="Local/2@x")
        kept = Agent("alice", "Local/2@x", "Alice A.", True, False, "", "PJSIP/101")
        assert saved.record == kept
        assert (await engine.agent("alice")).state_interface == "PJSIP/101"
        named = await directory.change_agent("alice", display_name="Al")
        assert named.record == replace(kept, display_name="Al")
        alone = await directory.change_agent("alice", state_interface="")
        assert alone.record == replace(kept, display_name="Al", state_interface="")
        await directory.put_agent("bob", "PJSIP/9")
        change = directory.change_agent("bob", interface="Local/2@x")
        await refusal("interface_taken", change)
        await refusal("unknown_agent", directory.change_agent("none", display_name="x"))

    async def test_each_state_change_is_kept_and_told(
        self, directory: Directory, engine: Engine
    ) -> None:
        await directory.put_agent("alice", "PJSIP/101")
        assert (await engine.agent("alice")).state == "offline"
        assert (await directory.login("alice")).record.logged_in
        assert (await engine.agent("alice")).state == "unregistered"
        assert (await directory.pause("alice", "lunch")).record.pause_reason == "lunch"
        back = (await directory.unpause("alice")).record
        assert (back.paused, back.pause_reason) == (False, "")
        assert not (await directory.logout("alice")).record.logged_in
        assert (await engine.agent("alice")).state == "offline"

    async def test_two_agents_cannot_have_one_phone(self, directory: Directory) -> None:
        await directory.put_agent("alice", "PJSIP/101")
        refused = await refusal("interface_taken", directory.put_agent("bob", "PJSIP/101"))
        assert refused.details == {"interface": "PJSIP/101", "agent": "alice"}
        assert [agent.name for agent in await directory.agents()] == ["alice"]

    @pytest.mark.parametrize("state", ["", "Custom:desk", "hint:101@phones"])
    async def test_a_phone_is_not_dialled_by_one_and_watched_by_another(
        self, directory: Directory, state: str
    ) -> None:
        await directory.put_agent("alice", "PJSIP/101", "", state)
        put = directory.put_agent("bob", "Local/9@x", "", "PJSIP/101")
        refused = await refusal("interface_taken", put)
        assert refused.sentence == "Interface 'PJSIP/101' belongs to agent 'alice'."
        await directory.put_queue("sales", QueueSettings())
        joining = Joining("sales", "Local/9@x", state_interface="PJSIP/101")
        await refusal("interface_taken", directory.join(joining))
        await directory.put_agent("alice", "Local/9@x", "", "PJSIP/101")
        put = directory.put_agent("bob", "PJSIP/101", "", state or "PJSIP/8")
        await refusal("interface_taken", put)
        await refusal("interface_taken", directory.join(Joining("sales", "PJSIP/101")))
        assert [agent.name for agent in await directory.agents()] == ["alice"]

    async def test_of_two_who_take_a_phone_at_once_one_gets_it(
        self, directory: Directory, database: Database, engine: Engine
    ) -> None:
        other = Directory(database, engine)
        took = await asyncio.gather(
            *(directory.put_agent(f"a{n}", "PJSIP/101", "", f"Custom:a{n}") for n in range(4)),
            *(other.put_agent(f"b{n}", f"Local/{n}@x", "", "PJSIP/101") for n in range(4)),
            return_exceptions=True,
        )
        refused = [one.code for one in took if isinstance(one, Refused)]
        assert refused == ["interface_taken"] * 7
        (agent,) = await directory.agents()
        (view,) = await engine.agents()
        assert (view.name, view.interface) == (agent.name, agent.interface)

    async def test_a_phone_is_one_in_any_case(self, directory: Directory, engine: Engine) -> None:
        await directory.put_queue("sales", QueueSettings())
        await directory.put_agent("alice", "PJSIP/Alice", "", "hint:1@Phones")
        for phone in ("pjsip/alice", "hint:1@phones"):
            refused = directory.put_agent("bob", "Local/9@x", "", phone)
            assert (await refusal("interface_taken", refused)).details["agent"] == "alice"
        joined = await directory.join(Joining("sales", "pjsip/ALICE"))
        assert joined == await directory.agent_at("PJSIP/alice")
        assert [agent.interface for agent in await directory.agents()] == ["PJSIP/Alice"]
        assert (await engine.agent("alice")).logged_in

    async def test_a_phone_without_a_state_is_told(
        self, directory: Directory, caplog: pytest.LogCaptureFixture
    ) -> None:
        await directory.put_agent("alice", "Local/1@x", "", "Custom:a")
        assert "never rung" not in caplog.text
        await directory.put_agent("bob", "Local/2@x")
        assert "agent bob is never rung: Local/2@x needs a state_interface" in caplog.text

    async def test_a_switch_is_many_agents(self, directory: Directory, engine: Engine) -> None:
        for agent in ("alice", "bob"):
            await directory.put_agent(agent, f"Local/{agent}@x", "", "Custom:open")
        assert {view.state_interface for view in await engine.agents()} == {"Custom:open"}

    @pytest.mark.parametrize("verb", ["login", "logout", "pause", "unpause", "delete_agent"])
    async def test_of_an_unknown_one(self, directory: Directory, verb: str) -> None:
        await refusal("unknown_agent", getattr(directory, verb)("none"))

    async def test_known_by_the_phone_then_named_by_the_first_free_name(
        self, directory: Directory, engine: Engine
    ) -> None:
        for queue in ("sales", "support"):
            await directory.put_queue(queue, QueueSettings())
        new = await directory.join(Joining("sales", "PJSIP/101", name="Alice"))
        assert new == Agent("Alice", "PJSIP/101", "Alice", True, False, "")
        assert await directory.join(Joining("support", "PJSIP/101", name="Other")) == new
        assert await directory.join(Joining("sales", "PJSIP/101")) is None
        other = await directory.join(Joining("sales", "PJSIP/102", name="Alice"))
        assert other is not None
        assert (other.name, (await engine.agent("102")).interface) == ("102", "PJSIP/102")

    async def test_a_join_that_fails_has_made_nobody(
        self, directory: Directory, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The membership comes last: neither the agent nor its login outlives what befell it."""
        await directory.put_queue("sales", QueueSettings())
        monkeypatch.setattr(engine, "put_member", None)
        with pytest.raises(TypeError):
            await directory.join(Joining("sales", "PJSIP/101"))
        assert await directory.agents() == []
        assert await directory.lags()
        await directory.mirror()
        assert await engine.agents() == []

    async def test_the_queues_of_an_agent(self, directory: Directory) -> None:
        await directory.put_agent("alice", "PJSIP/101")
        for queue in ("sales", "support", "other"):
            await directory.put_queue(queue, QueueSettings())
        for queue in ("support", "sales"):
            await directory.put_member(queue, "alice")
        assert await directory.queues_of("alice") == ["sales", "support"]
        assert await directory.queues_of("nobody") == []


class TestMembers:
    @pytest.fixture(autouse=True)
    async def names(self, directory: Directory) -> None:
        await directory.put_queue("sales", QueueSettings())
        for number in (1, 2, 3):
            await directory.put_agent(f"agent{number}", f"PJSIP/10{number}")

    async def test_in_the_order_they_were_added(self, directory: Directory) -> None:
        for name in ("agent3", "agent1", "agent2"):
            assert (await directory.put_member("sales", name)).created
        changed = await directory.put_member("sales", "agent3", penalty=5)
        assert not changed.created
        members = await directory.members("sales")
        assert [(m.agent, m.settings.penalty) for m in members] == [
            ("agent3", 5),
            ("agent1", 0),
            ("agent2", 0),
        ]

    async def test_one_who_comes_back_goes_last(self, directory: Directory) -> None:
        for name in ("agent1", "agent2", "agent2"):
            await directory.put_member("sales", name)
        await directory.delete_member("sales", "agent1")
        await directory.put_member("sales", "agent1")
        assert [m.agent for m in await directory.members("sales")] == ["agent2", "agent1"]

    async def test_reach_the_line_and_leave_it(self, directory: Directory, engine: Engine) -> None:
        await directory.put_member("sales", "agent1", 4)
        assert (await engine.agent("agent1")).queues == {"sales": 4}
        removed = await directory.delete_member("sales", "agent1")
        assert isinstance(removed.record, Member)
        assert (await engine.agent("agent1")).queues == {}

    async def test_go_with_their_queue_or_agent(self, directory: Directory) -> None:
        await directory.put_member("sales", "agent1")
        await directory.put_member("sales", "agent2")
        await directory.delete_agent("agent1")
        assert [m.agent for m in await directory.members("sales")] == ["agent2"]
        await directory.delete_queue("sales")
        await directory.put_queue("sales", QueueSettings())
        assert await directory.members("sales") == []

    async def test_refusals(self, directory: Directory) -> None:
        await refusal("unknown_queue", directory.members("none"))
        await refusal("unknown_queue", directory.put_member("none", "agent1"))
        await refusal("unknown_agent", directory.put_member("sales", "none"))
        await refusal("unknown_queue", directory.delete_member("none", "agent1"))
        await refusal("unknown_agent", directory.delete_member("sales", "none"))
        await refusal("not_a_member", directory.delete_member("sales", "agent1"))


async def test_boxes(directory: Directory) -> None:
    assert (await directory.put_box("b")).created
    assert (await directory.put_box("a")).created
    assert not (await directory.put_box("b", enabled=False)).created
    assert await directory.boxes() == [Box("a", True), Box("b", False)]
    assert await directory.box("b") == Box("b", False)
    await directory.delete_box("b")
    await refusal("unknown_box", directory.delete_box("b"))
    await refusal("unknown_box", directory.box("b"))
