"""Records: written once, at a step's end, without what is as by default."""

import pytest

from coordinator.line import keys, records
from coordinator.line.engine import TransitionFailed
from coordinator.line.types import QueueSettings
from tests.engine.conftest import Line


async def test_what_is_as_by_default_is_not_kept_and_yet_shown(line: Line) -> None:
    await line.queue("sales")
    a = await line.box("a")
    await a.join("1", caller_id_num="5550100")
    await line.engine.put_agent("101", "PJSIP/101")
    kept = await line.redis.hgetall(keys.key(line.tenant, "call", "a-1-1"))
    usual = {name for name, value in kept.items() if records.CALL.get(str(name)) == value}
    assert usual == set()
    assert kept["caller_id_num"] == "5550100"
    caller = await line.engine.caller("a-1-1")
    assert caller is not None
    assert (caller.state, caller.agent, caller.priority) == ("waiting", "", 0)
    agent = await line.engine.agent("101")
    assert (agent.state, agent.logged_in, agent.last_call_us) == ("offline", False, 0)


async def test_what_becomes_as_by_default_again_is_so(line: Line) -> None:
    await line.queue("sales", retry=0)
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    await a.join("1")
    (ring,) = await a.rings()
    assert (await line.engine.agent("101")).state == "ringing"
    await line.engine.logout("101")
    await a.ended(ring)
    caller = await line.engine.caller("a-1-1")
    assert caller is not None
    assert (caller.state, caller.agent) == ("waiting", "")
    assert (await line.engine.agent("101")).state == "offline"


async def test_a_step_that_fails_leaves_the_records_as_the_indexes(line: Line) -> None:
    await line.queue("sales")
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    commands = keys.key(line.tenant, "commands", "a")
    await line.redis.set(commands, "no stream")
    with pytest.raises(TransitionFailed):
        await a.join("1")
    await line.redis.delete(commands)
    assert await line.order() == ["a-1-1"]
    assert await line.state("101") == "ringing", "it is out of the free index: its record says why"


async def test_settings_that_say_the_same_change_nothing(line: Line) -> None:
    await line.queue("sales", timeout=20)
    await line.queue("sales", timeout=20)
    assert len(await line.journal("queue.changed")) == 1
    await line.queue("sales", timeout=21)
    found = (await line.engine.queue("sales")).settings
    assert found == QueueSettings(strategy="linear", timeout=21)
    assert len(await line.journal("queue.changed")) == 2
