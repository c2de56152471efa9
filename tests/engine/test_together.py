"""The same transition for many at once: in order, each by itself."""

import pytest

from coordinator.line import keys
from coordinator.line.types import MemberSettings
from tests.engine.conftest import Line


async def test_each_is_refused_by_itself_and_the_order_is_kept(line: Line) -> None:
    await line.queue("sales")
    agents = [(f"1{n:02}", f"PJSIP/1{n:02}", "") for n in range(50)]
    assert await line.engine.put_agents(agents) == [None] * 50
    told = [("sales", name, MemberSettings()) for name, *_ in reversed(agents)]
    told[3:3] = [("none", "101", MemberSettings()), ("sales", "none", MemberSettings())]
    answers = await line.engine.put_members(told)
    refused = {place: answer.code for place, answer in enumerate(answers) if answer}
    assert refused == {3: "unknown_queue", 4: "unknown_agent"}
    added = [str(entry.data["agent"]) for entry in await line.journal("member.changed")]
    assert added == [name for name, *_ in reversed(agents)]
    again = await line.engine.put_agents([("new", "PJSIP/100", ""), agents[0]])
    assert [answer and answer.sentence for answer in again] == [
        "Interface 'PJSIP/100' belongs to agent '100'.",
        None,
    ]


async def test_a_server_that_has_lost_the_library_gets_it_again(line: Line) -> None:
    await line.queue("sales")
    await line.redis.function_flush()
    agents = [(name, f"PJSIP/{name}", "") for name in ("101", "102", "103")]
    assert await line.engine.put_agents(agents) == [None] * 3
    changes = [("101", "login", ""), ("102", "pause", "lunch"), ("102", "login", "")]
    assert await line.engine.change_agents(changes) == [None] * 3
    states = {view.name: view.state for view in await line.engine.agents()}
    assert states == {"101": "unregistered", "102": "unregistered", "103": "offline"}
    assert await line.engine.put_agents([]) == []


async def test_a_defect_in_one_of_many_is_told_and_stops_no_other(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    await line.redis.set(keys.key(line.tenant, "agent", "102"), "no hash")
    agents = [(name, f"PJSIP/{name}", "") for name in ("101", "102", "103")]
    refused = [answer and answer.code for answer in await line.engine.put_agents(agents)]
    assert refused == [None, "internal", None]
    assert "the transition 'put_agent' failed: WRONGTYPE" in caplog.text
