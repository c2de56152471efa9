"""Each action over TCP, on a real line: what it answers, and what it has done."""

import asyncio

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from coordinator.errors import REFUSALS
from coordinator.line.types import PenaltyChange, QueueSettings
from coordinator.manager.parts import Parts
from coordinator.queue_log.lines import Style, rows
from tests.api.lines import Box
from tests.manager.client import Ami
from tests.manager.conftest import Manager


@pytest.fixture
async def boss(manager: Manager, box: Box) -> Ami:
    """May do everything and hears nothing."""
    return await manager.login("boss", events="off")


# ── lists ───────────────────────────────────────────────────────────────────────────────────


async def test_queue_status(parts: Parts, box: Box, boss: Ami) -> None:
    await parts.directory.put_queue("empty", QueueSettings())
    await box.join("sales", 1, "Ann")
    await box.join("sales", 2)
    items = await boss.listed("QueueStatus", ActionID="7")
    assert [item["Event"] for item in items] == [
        "QueueParams", "QueueParams", "QueueMember", "QueueEntry", "QueueEntry",
    ]  # fmt: skip
    assert all(list(item)[-1] == "ActionID" and item["ActionID"] == "7" for item in items)
    _, sales, member, first, second = items
    assert (sales["Queue"], sales["Calls"], sales["Strategy"]) == ("sales", "2", "linear")
    assert (member["Name"], member["Location"]) == ("Alice Adams", "PJSIP/101")
    assert (member["Penalty"], member["Status"], member["Paused"]) == ("2", "5", "0")
    assert (first["Position"], first["Channel"]) == ("1", "PJSIP/trunk-00000001")
    assert (first["CallerIDName"], first["Uniqueid"]) == ("Ann", "a-1")
    assert (second["Position"], second["CallerIDName"]) == ("2", "unknown")


@pytest.mark.parametrize(
    ("filters", "events"),
    [
        ({"Queue": "SALES"}, ["QueueParams", "QueueMember"]),
        ({"Queue": "sales", "Member": "PJSIP/101"}, ["QueueParams", "QueueMember"]),
        ({"Queue": "sales", "Member": "Alice Adams"}, ["QueueParams", "QueueMember"]),
        ({"Queue": "sales", "Member": "PJSIP/102"}, ["QueueParams"]),
        ({"Queue": "nobody"}, []),
    ],
)
async def test_queue_status_filtered(boss: Ami, filters: dict[str, str], events: list[str]) -> None:
    items = await boss.listed("QueueStatus", **filters)
    assert [item["Event"] for item in items] == events


async def test_members_are_listed_as_they_were_added(parts: Parts, boss: Ami) -> None:
    for number in ("105", "103", "104"):
        await boss.done("QueueAdd", Queue="sales", Interface=f"PJSIP/{number}")
    items = await boss.listed("QueueStatus", Queue="sales")
    assert [item["Location"][-3:] for item in items[1:]] == ["101", "105", "103", "104"]


async def test_queue_summary(parts: Parts, box: Box, boss: Ami) -> None:
    await box.join("sales", 1)
    (summary,) = await boss.listed("QueueSummary", Queue="sales", ActionID="8")
    assert list(summary) == [
        "Event", "Queue", "LoggedIn", "Available", "Callers", "HoldTime", "TalkTime",
        "LongestHoldTime", "ActionID",
    ]  # fmt: skip
    assert [summary[name] for name in ("LoggedIn", "Available", "Callers")] == ["0", "0", "1"]
    await parts.directory.login("alice")
    (summary,) = await boss.listed("QueueSummary")
    # Being rung for the caller.
    assert [summary[name] for name in ("LoggedIn", "Available", "Callers")] == ["1", "0", "1"]


async def test_rules_all_or_one(parts: Parts, boss: Ami) -> None:
    change = PenaltyChange
    changes = [change(30, "+2", "", "r5"), change(60, "-1", "3"), change(90, "5")]
    await parts.directory.put_rule("patience", changes)
    await parts.directory.put_rule("none", [])
    patience = [
        ("RuleList", "patience"), ("Rule", "30,+2,+0"), ("Rule", "60,-1,3"), ("Rule", "90,5,+0"),
    ]  # fmt: skip
    success = [("Response", "Success"), ("ActionID", "7")]
    for headers, lines in (
        ({}, [("RuleList", "none"), *patience]),
        ({"Rule": "Patience"}, patience),
        ({"Rule": "night"}, []),
    ):
        await boss.send(Action="QueueRule", ActionID="7", **headers)
        told = [line async for line in boss.lines()]
        assert told == [f"{name}: {value}" for name, value in [*success, *lines]]


# ── members ─────────────────────────────────────────────────────────────────────────────────


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
    again = await boss.refused("QueueAdd", Queue="sales", Interface="PJSIP/101")
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


# ── callers and figures ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("caller", ["PJSIP/trunk-00000002", "a-2", "a-2-1"])
async def test_another_priority(parts: Parts, box: Box, boss: Ami, caller: str) -> None:
    """By the channel's name, as in app_queue; also by what names it on all boxes."""
    await box.join("sales", 1)
    await box.join("sales", 2)
    of = {"Queue": "sales", "Caller": caller}
    changed = await boss.done("QueueChangePriorityCaller", Priority="9", **of)
    assert changed == "Priority change for caller on queue"
    assert [c.call_id for c in await parts.engine.callers("sales")] == ["a-2-1", "a-1-1"]


async def test_another_priority_refused(parts: Parts, box: Box, boss: Ami) -> None:
    await box.join("sales", 1)
    action, of = "QueueChangePriorityCaller", {"Queue": "sales", "Caller": "a-1"}
    assert await boss.refused(action) == "'Queue' not specified."
    assert await boss.refused(action, Queue="sales") == "'Caller' not specified."
    assert await boss.refused(action, **of) == "'Priority' not specified."
    assert await boss.refused(action, Priority="high", **of) == "'Priority' need integer."
    assert "from -1000000 to 1000000" in await boss.refused(action, Priority="1000001", **of)
    unable = "Unable to change priority caller on queue: No such "
    nobody = {"Queue": "sales", "Caller": "a-9"}
    assert await boss.refused(action, Priority="1", **nobody) == f"{unable}caller"
    nowhere = {"Queue": "none", "Caller": "a-1"}
    assert await boss.refused(action, Priority="1", **nowhere) == f"{unable}queue"
    assert [c.priority for c in await parts.engine.callers("sales")] == [0]


async def test_two_boxes_have_a_channel_of_one_name(parts: Parts, box: Box, boss: Ami) -> None:
    other = Box(parts.engine, "b")
    await other.attach()
    await box.join("sales", 1)
    await other.join("sales", 1)
    of = {"Queue": "sales", "Caller": "PJSIP/trunk-00000001"}
    sentence = await boss.refused("QueueWithdrawCaller", **of)
    assert sentence.endswith("say which as Caller: a-1-1, b-1-1")
    await boss.done("QueueWithdrawCaller", Queue="sales", Caller="b-1-1")
    assert [c.call_id for c in await parts.engine.callers("sales")] == ["a-1-1"]


async def test_withdraw(parts: Parts, box: Box, boss: Ami) -> None:
    await box.join("sales", 1)
    of = {"Queue": "sales", "Caller": "PJSIP/trunk-00000001"}
    done = await boss.done("QueueWithdrawCaller", WithdrawInfo="closing", **of)
    assert done == "Withdraw requested successfully"
    (left,) = [e for e in await parts.engine.journal() if e.type == "caller.left"]
    assert (left.data["outcome"], left.data["reason"]) == ("withdrawn", "closing")
    unable = "Unable to request withdraw from queue: No such "
    assert await boss.refused("QueueWithdrawCaller", **of) == f"{unable}caller"
    nowhere = await boss.refused("QueueWithdrawCaller", Queue="none", Caller="x")
    assert nowhere == f"{unable}queue"


async def test_a_line_of_ones_own_for_queue_log(parts: Parts, boss: Ami) -> None:
    wrapped = {"Queue": "sales", "Event": "WRAPCODE", "Message": "sold|3 pieces"}
    done = await boss.done("QueueLog", Uniqueid="17.1", Interface="PJSIP/101", **wrapped)
    assert done == "Event added successfully"
    await boss.done("QueueLog", Queue="nowhere", Event="DAYEND")
    logged = [e for e in await parts.engine.journal() if e.type == "queue.logged"]
    assert [row.line.partition("|")[2] for entry in logged for row in rows(entry, Style())] == [
        "17.1|sales|PJSIP/101|WRAPCODE|sold|3 pieces", "NONE|nowhere||DAYEND|",
    ]  # fmt: skip
    needed = "Need 'Queue' and 'Event' parameters."
    assert await boss.refused("QueueLog", Event="X") == needed
    assert await boss.refused("QueueLog", Queue="sales") == needed
    long = await boss.refused("QueueLog", Queue="sales", Event="X", Message="x" * 257)
    assert long == "'Message' may have at most 256 characters."


async def test_reset(parts: Parts, box: Box, boss: Ami) -> None:
    await parts.directory.put_queue("other", QueueSettings())
    for queue in ("sales", "other"):
        await box.join(queue, 1)
        await parts.engine.withdraw("a-1-1")
    done = "Queue stats reset successfully"
    assert await boss.done("QueueReset", Queue="sales") == done
    assert [(q.name, q.abandoned) for q in await parts.engine.queues()] == [
        ("other", 1), ("sales", 0),
    ]  # fmt: skip
    assert await boss.done("QueueReset") == done
    assert [q.abandoned for q in await parts.engine.queues()] == [0, 0]
    wrong = await boss.refused("QueueReset", Queue="none")
    assert wrong == "Error encountered while resetting queue stats"


# ── rights, outages, defects ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "action",
    [
        "QueueAdd", "QueueRemove", "QueuePause", "QueuePenalty", "QueueMemberRingInUse",
        "QueueChangePriorityCaller", "QueueWithdrawCaller", "QueueReset", "QueueLog",
    ],
)  # fmt: skip
async def test_who_may_only_look_changes_nothing(
    parts: Parts, manager: Manager, box: Box, action: str
) -> None:
    await box.join("sales", 1)
    wall = await manager.login("wall", events="off")
    of = {"Queue": "sales", "Interface": "PJSIP/101", "Caller": "a-1"}
    before = await parts.engine.journal()
    to = {"Paused": "1", "Penalty": "1", "Priority": "1", "Event": "X"}
    assert await wall.refused(action, **of, **to) == "Permission denied"
    assert await parts.engine.journal() == before
    assert len(await wall.listed("QueueStatus")) == 3


async def test_the_line_is_away(
    parts: Parts, boss: Ami, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(*arguments: object) -> None:
        raise RedisConnectionError("gone")

    monkeypatch.setattr(type(parts.engine), "queues", away)
    assert await boss.refused("QueueStatus") == REFUSALS["line_unavailable"].sentence
    assert "QueueStatus: the line does not answer" in caplog.text
    assert (await boss.ask("Ping"))["Ping"] == "Pong"


async def test_a_defect_is_told_and_costs_one_answer(
    parts: Parts, boss: Ami, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(parts.engine), "queues", broken)
    assert await boss.refused("QueueStatus") == REFUSALS["internal"].sentence
    assert "ZeroDivisionError" in caplog.text
    assert (await boss.ask("Ping"))["Ping"] == "Pong"


async def test_several_at_once(parts: Parts, manager: Manager, box: Box) -> None:
    """One agent an interface, whoever adds it first."""
    clients = [await manager.login("boss", events="off") for _ in range(5)]
    answers = await asyncio.gather(
        *(c.ask("QueueAdd", Queue="sales", Interface="PJSIP/102") for c in clients)
    )
    assert any(answer["Response"] == "Success" for answer in answers)
    assert [agent.name for agent in await parts.directory.agents()] == ["102", "alice"]
    assert len(await parts.directory.members("sales")) == 2
