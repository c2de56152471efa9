"""Actions that list: what they tell over TCP of a real line."""

import pytest

from coordinator.line.types import PenaltyChange, QueueSettings
from coordinator.manager.parts import Parts
from tests.api.lines import Box
from tests.manager.client import Ami


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
