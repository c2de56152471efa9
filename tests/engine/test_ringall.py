"""ringall's own corners: the tier that rings is remembered, and only ringall rings many."""

from tests.engine.conftest import Line


async def test_a_ringing_caller_whose_box_returns_still_takes_agents_of_its_tier(
    line: Line,
) -> None:
    await line.queue("sales", "ringall")
    for agent in ("101", "102"):
        await line.agent(agent, sales=0)
    a, c = await line.box("a"), await line.box("c", "101")
    await a.join("1")
    (ring,) = await a.rings()
    for _ in range(6):
        line.wait(1)
        await line.engine.heartbeat("c", c.link)
        await line.engine.tick()
    await a.attach()
    live = {
        "offer_id": ring.offer_id, "fence": ring.fence, "call_id": "a-1-1", "queue": "sales",
        "agent": "101", "talking": False, "age_us": 0,
    }  # fmt: skip
    await a.snapshot([{"join": a.call("1"), "age_us": 0}], [live])  # type: ignore[list-item]
    await a.join("2")
    await c.device("102")
    assert [r.call_id for r in await a.rings()] == ["a-1-1"], "not the later caller"


async def test_a_queue_that_is_ringall_no_more_rings_nobody_else_for_a_ringing_caller(
    line: Line,
) -> None:
    await line.queue("sales", "ringall")
    for agent in ("101", "102"):
        await line.agent(agent, sales=0)
    a = await line.box("a", "101")
    await a.join("1")
    await a.rings()
    await line.queue("sales", "linear")
    await a.join("2")
    await a.device("102")
    assert [r.call_id for r in await a.rings()] == ["a-2-1"]


async def test_a_queue_that_is_ringall_again_leaves_nobody_idle(line: Line) -> None:
    await line.queue("sales", "ringall")
    await line.agent("101", sales=0)
    a = await line.box("a", "101")
    await a.join("1")
    assert [ring.agent for ring in await a.rings()] == ["101"]
    await line.queue("sales", "linear")
    await line.agent("102", sales=0)
    await a.device("102")
    assert await a.rings() == []
    await line.queue("sales", "ringall")
    assert [ring.agent for ring in await a.rings()] == ["102"]
