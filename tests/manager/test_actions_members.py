"""Actions on members: what each answers over TCP, and what it has done."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from coordinator.asterisk_config import Line
from coordinator.importer.agents import Agents
from coordinator.importer.findings import Findings
from coordinator.importer.source import MemberGiven
from coordinator.line.types import MemberSettings, QueueSettings
from coordinator.manager.parts import Parts
from tests.api.lines import Box
from tests.manager.client import Ami
from tests.manager.conftest import Manager


async def test_add_makes_an_agent(parts: Parts, boss: Ami) -> None:
    added = await boss.done(
        "QueueAdd", Queue="Sales", Interface="PJSIP/102", Penalty="3", MemberName="Ben O'Brown"
    )
    assert added == "Added interface to queue"
    agent = await parts.directory.agent("Ben_O_Brown")
    assert (agent.interface, agent.display_name) == ("PJSIP/102", "Ben O'Brown")
    assert (agent.logged_in, agent.paused) == (True, False)
    members = await parts.directory.members("sales")
    assert [(member.agent, member.settings.penalty) for member in members][1:] == [
        ("Ben_O_Brown", 3)
    ]


async def test_an_agent_is_named_after_the_interface(parts: Parts, boss: Ami) -> None:
    await parts.directory.put_agent("103", "PJSIP/other")
    await boss.done("QueueAdd", Queue="sales", Interface="PJSIP/102", Paused="yes", Reason="new")
    await boss.done("QueueAdd", Queue="sales", Interface="PJSIP/103")
    agents = {agent.interface: agent for agent in await parts.directory.agents()}
    assert (agents["PJSIP/102"].name, agents["PJSIP/103"].name) == ("102", "PJSIP_103")
    assert not agents["PJSIP/102"].paused
    member = await parts.directory.member("sales", "102")
    assert (member.settings.paused, member.settings.reason) == (True, "new")


@pytest.mark.parametrize(
    ("interface", "called", "name"),
    [
        ("PJSIP/102", "Ann Ådams", "Ann_Adams"), ("PJSIP/102", "Zoë", "Zoe"),
        ("PJSIP/102", "Ann (sales)", "Ann_sales"), ("Local/102@agents/n", "", "102"),
    ],
)  # fmt: skip
async def test_an_agent_has_the_name_that_an_import_would_give_it(
    parts: Parts, boss: Ami, interface: str, called: str, name: str
) -> None:
    member = MemberGiven(interface, Line("member", "", Path("queues.conf"), 1), membername=called)
    agents = Agents((), Findings())
    agents.serves("sales", replace(member, state_interface="PJSIP/102"))
    assert list(agents.all()) == [name]
    await boss.done("QueueAdd", Queue="sales", Interface=interface, MemberName=called)
    assert [one.agent for one in await parts.directory.members("sales")] == ["alice", name]


async def test_no_name_is_left(parts: Parts, boss: Ami) -> None:
    await parts.directory.put_agent("103", "PJSIP/other")
    await parts.directory.put_agent("PJSIP_103", "PJSIP/another")
    sentence = await boss.refused("QueueAdd", Queue="sales", Interface="PJSIP/103")
    assert sentence == "Agents of other interfaces have these names: 103, PJSIP_103."
    assert (await parts.directory.agent("103")).interface == "PJSIP/other"


async def test_add_logs_in_the_agent_that_is_there(parts: Parts, boss: Ami) -> None:
    assert await boss.done("QueueAdd", Queue="sales", Interface="PJSIP/101", Penalty="5")
    agent = await parts.directory.agent("alice")
    assert (agent.logged_in, agent.display_name) == (True, "Alice Adams")
    assert [member.settings.penalty for member in await parts.directory.members("sales")] == [5]
    for interface in ("PJSIP/101", "pjsip/101"):
        again = await boss.refused("QueueAdd", Queue="sales", Interface=interface)
        assert again == "Unable to add interface: Already there"


async def test_a_pause_elsewhere_is_not_lifted_by_another_queue(parts: Parts, boss: Ami) -> None:
    await parts.directory.put_queue("support", QueueSettings())
    await parts.directory.login("alice")
    await parts.directory.pause("alice", "lunch")
    await boss.done("QueueAdd", Queue="support", Interface="PJSIP/101")
    assert (await parts.directory.agent("alice")).paused
    await boss.done("QueueRemove", Queue="support", Interface="PJSIP/101")
    await boss.done("QueueAdd", Queue="support", Interface="PJSIP/101", Paused="no")
    assert not (await parts.directory.agent("alice")).paused


async def test_who_comes_to_a_first_queue_is_not_paused(parts: Parts, boss: Ami) -> None:
    await parts.directory.pause("alice", "yesterday")
    await boss.done("QueueRemove", Queue="sales", Interface="PJSIP/101")
    await boss.done("QueueAdd", Queue="sales", Interface="PJSIP/101")
    assert not (await parts.directory.agent("alice")).paused


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({}, "'Queue' not specified."),
        ({"Queue": "sales"}, "'Interface' not specified."),
        (
            {"Queue": "none", "Interface": "PJSIP/102"},
            "Unable to add interface to queue: No such queue",
        ),
        ({"Queue": "sales", "Interface": "102"}, "'Interface' must be technology/resource, "),
        (
            {"Queue": "sales", "Interface": "PJSIP/1&PJSIP/2"},
            "'Interface' must be technology/resource, ",
        ),
        (
            {"Queue": "sales", "Interface": f"PJSIP_{'x' * 20}/{'1' * 60}"},
            "'Interface' must be technology/resource, such as PJSIP/101, of at most 80 ",
        ),
        (
            {"Queue": "sales", "Interface": "PJSIP/102", "Penalty": "-1"},
            "'Penalty' must be a whole number from 0 to 99999.",
        ),
        (
            {"Queue": "sales", "Interface": "PJSIP/102", "StateInterface": "PJSIP/101"},
            "Interface or StateInterface is another agent's phone.",
        ),
        (
            {"Queue": "sales", "Interface": "PJSIP/102", "StateInterface": "hint:102"},
            "'StateInterface' must be technology/resource, Custom:name or hint:extension@context",
        ),
        (
            {"Queue": "sales", "Interface": "PJSIP/102", "Wrapuptime": "soon"},
            "'Wrapuptime' must be a whole number from 0 to 86400.",
        ),
        (
            {"Queue": "sales", "Interface": "PJSIP/102", "Reason": "x" * 257},
            "'Reason' may have at most 256 characters.",
        ),
    ],
)
async def test_add_refused_changes_nothing(
    parts: Parts, boss: Ami, headers: dict[str, str], sentence: str
) -> None:
    assert (await boss.refused("QueueAdd", **headers)).startswith(sentence)
    assert [agent.name for agent in await parts.directory.agents()] == ["alice"]


async def test_remove(parts: Parts, boss: Ami) -> None:
    need = "Need 'Queue' and 'Interface' parameters."
    assert await boss.refused("QueueRemove", Queue="sales") == need
    there = {"Queue": "sales", "Interface": "pjsip/101"}
    assert await boss.done("QueueRemove", **there) == "Removed interface from queue"
    assert await parts.directory.members("sales") == []
    not_there = "Unable to remove interface: Not there"
    assert await boss.refused("QueueRemove", **there) == not_there
    assert await boss.refused("QueueRemove", Queue="sales", Interface="PJSIP/9") == not_there
    assert await boss.refused("QueueRemove", Queue="none", Interface="PJSIP/101") == (
        "Unable to remove interface from queue: No such queue"
    )


async def test_add_takes_wrapuptime_and_whose_state_counts(parts: Parts, boss: Ami) -> None:
    added = {"Interface": "Local/7@agents/n", "StateInterface": "PJSIP/107", "Wrapuptime": "30"}
    await boss.done("QueueAdd", Queue="sales", MemberName="Gus", **added)
    agent = await parts.directory.agent("Gus")
    assert (agent.interface, agent.state_interface) == ("Local/7@agents/n", "PJSIP/107")
    assert (await parts.directory.member("sales", "Gus")).settings.wrapuptime == 30
    listed = await boss.listed("QueueStatus", Queue="sales", Member="Gus")
    (member,) = [one for one in listed if one["Event"] == "QueueMember"]
    assert (member["StateInterface"], member["Wrapuptime"]) == ("PJSIP/107", "30")


async def test_a_wrapuptime_of_none_is_the_queues(parts: Parts, boss: Ami) -> None:
    await boss.done("QueueAdd", Queue="sales", Interface="PJSIP/102", Wrapuptime="0")
    assert (await parts.directory.member("sales", "102")).settings.wrapuptime is None


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({}, MemberSettings(2, 30, True)),
        ({"Penalty": "0"}, MemberSettings(0, 30, True)),
        ({"Wrapuptime": "0"}, MemberSettings(2, None, True)),
        ({"Wrapuptime": "9", "Penalty": "5"}, MemberSettings(5, 9, True)),
        (
            {"Paused": "yes", "Reason": "new"},
            MemberSettings(2, 30, True, paused=True, reason="new"),
        ),
    ],
)
async def test_who_comes_back_keeps_what_the_action_does_not_say(
    parts: Parts, boss: Ami, said: dict[str, str], kept: MemberSettings
) -> None:
    await parts.directory.put_member("sales", "alice", 2, 30, True)
    await boss.done("QueueAdd", Queue="sales", Interface="PJSIP/101", **said)
    assert (await parts.directory.member("sales", "alice")).settings == kept
    membership = (await parts.engine.agent("alice")).memberships["sales"]
    line = (membership.penalty, membership.wrapuptime, membership.rings_in_use, membership.paused)
    assert line == (kept.penalty, kept.wrapuptime, True, kept.paused)


async def test_pause_in_one_queue(parts: Parts, boss: Ami) -> None:
    await parts.directory.put_queue("other", QueueSettings())
    await parts.directory.put_member("other", "alice")
    of = {"Interface": "PJSIP/101", "Queue": "sales"}
    await boss.done("QueuePause", Paused="1", Reason="lunch", **of)
    pauses = [(await parts.directory.member(q, "alice")).settings for q in ("sales", "other")]
    assert [(one.paused, one.reason) for one in pauses] == [(True, "lunch"), (False, "")]
    assert not (await parts.directory.agent("alice")).paused
    await boss.done("QueuePause", Paused="0", **of)
    assert not (await parts.directory.member("sales", "alice")).settings.paused


async def test_who_is_paused_in_all_and_unpaused_in_one(parts: Parts, boss: Ami) -> None:
    await parts.directory.put_queue("other", QueueSettings())
    await parts.directory.put_member("other", "alice")
    await boss.done("QueuePause", Interface="PJSIP/101", Paused="1", Reason="lunch")
    await boss.done("QueuePause", Interface="PJSIP/101", Paused="0", Queue="sales")
    assert not (await parts.directory.agent("alice")).paused
    pauses = [(await parts.directory.member(q, "alice")).settings for q in ("sales", "other")]
    assert [(one.paused, one.reason) for one in pauses] == [(False, ""), (True, "lunch")]
    assert not await parts.directory.lags()


async def test_pause(parts: Parts, boss: Ami) -> None:
    of = {"Interface": "PJSIP/101"}
    paused = await boss.done("QueuePause", Paused="1", Reason="lunch", **of)
    assert paused == "Interface paused successfully"
    agent = await parts.directory.agent("alice")
    assert (agent.paused, agent.pause_reason) == (True, "lunch")
    unpaused = await boss.done("QueuePause", Paused="false", **of)
    assert unpaused == "Interface unpaused successfully"
    assert not (await parts.directory.agent("alice")).paused


@pytest.mark.parametrize("queue", [{}, {"Queue": "sales"}], ids=["in_all", "in_one"])
async def test_why_a_pause_ends_is_told(parts: Parts, boss: Ami, queue: dict[str, str]) -> None:
    await parts.directory.login("alice")
    for paused, reason in (("1", "lunch"), ("0", "back")):
        await boss.done("QueuePause", Interface="PJSIP/101", Paused=paused, Reason=reason, **queue)
    kind = "member.changed" if queue else "agent.changed"
    told = [entry.data for entry in await parts.engine.journal() if entry.type == kind][-2:]
    assert [(one["change"], one["reason"]) for one in told] == [
        ("pause", "lunch"), ("unpause", "back"),
    ]  # fmt: skip


async def test_pause_refused(parts: Parts, boss: Ami) -> None:
    await parts.directory.put_queue("other", QueueSettings())
    need = "Need 'Interface' and 'Paused' parameters."
    assert await boss.refused("QueuePause", Interface="PJSIP/101") == need
    for headers in (
        {"Interface": "PJSIP/9"},
        {"Interface": "PJSIP/101", "Queue": "other"},
        {"Interface": "PJSIP/101", "Queue": "none"},
    ):
        assert await boss.refused("QueuePause", Paused="1", **headers) == "Interface not found"
    assert not (await parts.directory.agent("alice")).paused


async def test_penalty(parts: Parts, boss: Ami) -> None:
    await parts.directory.put_queue("other", QueueSettings())
    await parts.directory.put_member("other", "alice")
    done = "Interface penalty set successfully"
    assert await boss.done("QueuePenalty", Interface="PJSIP/101", Penalty="7") == done
    only = {"Interface": "PJSIP/101", "Queue": "other"}
    assert await boss.done("QueuePenalty", Penalty="8", **only) == done
    penalties = [(await parts.directory.members(q))[0].settings.penalty for q in ("sales", "other")]
    assert penalties == [7, 8]
    wrong = "Invalid interface, queuename or penalty"
    assert await boss.refused("QueuePenalty", Interface="PJSIP/9", Penalty="7") == wrong
    many = await boss.refused("QueuePenalty", Interface="PJSIP/101", Penalty="many")
    assert many == "'Penalty' must be a whole number from 0 to 99999."


async def test_ring_in_use(parts: Parts, boss: Ami) -> None:
    of = {"Interface": "PJSIP/101"}
    no = await boss.done("QueueMemberRingInUse", RingInUse="no", **of)
    assert no == "Interface ringinuse set successfully"
    assert (await parts.directory.member("sales", "alice")).settings.ringinuse is False
    await boss.done("QueueMemberRingInUse", RingInUse="yes", **of)
    settings = (await parts.directory.member("sales", "alice")).settings
    assert (settings.ringinuse, settings.penalty) == (True, 2), "the penalty stays"
    maybe = await boss.refused("QueueMemberRingInUse", RingInUse="maybe", **of)
    assert maybe == "'RingInUse' parameter must be a truth value (yes/no, on/off, 0/1, etc)"
    nobody = await boss.refused("QueueMemberRingInUse", RingInUse="no", Interface="PJSIP/9")
    assert nobody == "Invalid interface, queuename, or ringinuse value"


async def test_several_at_once(parts: Parts, manager: Manager, box: Box) -> None:
    """One agent an interface, whoever adds it first."""
    clients = [await manager.login("boss", events="off") for _ in range(5)]
    answers = await asyncio.gather(
        *(c.ask("QueueAdd", Queue="sales", Interface="PJSIP/102") for c in clients)
    )
    assert any(answer["Response"] == "Success" for answer in answers)
    assert [agent.name for agent in await parts.directory.agents()] == ["102", "alice"]
    assert len(await parts.directory.members("sales")) == 2
