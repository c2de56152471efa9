"""Actions on callers, figures and queue_log: what each answers over TCP, and what it has done."""

import pytest

from coordinator.line.types import QueueSettings
from coordinator.manager.parts import Parts
from coordinator.queue_log.lines import Style, rows
from tests.api.lines import Box
from tests.manager.client import Ami


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
