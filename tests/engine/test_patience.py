"""Callers who do not wait for ever: Queue()'s timeout with timeoutpriority, and its option n."""

import pytest

from coordinator.audit import audit
from coordinator.protocol import Cancel, Originate, Release
from tests.engine.conftest import SECOND, Box, Line


async def a_queue(line: Line, *agents: str, strategy: str = "linear", **more: int | str) -> Box:
    """A queue with these agents, all at one box."""
    await line.queue("sales", strategy, **more)
    for agent in agents:
        await line.agent(agent, sales=0)
    return await line.box("a", *agents)


async def time_passes(line: Line, box: Box, seconds: float) -> None:
    """The box lives on meanwhile."""
    line.wait(seconds)
    await line.engine.heartbeat(box.name, box.link)
    await line.engine.tick()


async def released(box: Box) -> list[str]:
    return [c.status for c in await box.commands() if isinstance(c, Release)]


async def left(line: Line) -> list[tuple[str, str]]:
    report = audit(await line.journal())
    assert [violation.sentence for violation in report.violations] == []
    return [(e.data["call_id"], e.data["outcome"]) for e in await line.journal("caller.left")]


class TestApp:
    """The caller's own timeout ends a ring."""

    @pytest.mark.parametrize(("limit", "ring_s"), [(60, 15), (15, 15), (7, 7), (1, 1)])
    async def test_nobody_is_rung_beyond_it(self, line: Line, limit: int, ring_s: int) -> None:
        a = await a_queue(line, "101")
        await a.join("1", timeout=limit)
        (ring,) = await a.rings()
        (made,) = await line.journal("offer.made")
        assert (ring.timeout_ms, made.data["timeout_us"]) == (ring_s * 1000, ring_s * SECOND)

    async def test_what_has_passed_counts(self, line: Line) -> None:
        a = await a_queue(line, "101")
        await a.device("101", "INUSE")
        await a.join("1", timeout=20)
        await time_passes(line, a, 12.5)
        await a.device("101")
        assert [ring.timeout_ms for ring in await a.rings()] == [7500]

    async def test_at_its_very_end_a_phone_rings_a_second(self, line: Line) -> None:
        """Its box ends the wait, and with it the ring; the line does not."""
        a = await a_queue(line, "101")
        await a.device("101", "INUSE")
        await a.join("1", timeout=20)
        await time_passes(line, a, 20.5)
        assert await left(line) == []
        await a.device("101")
        assert [ring.timeout_ms for ring in await a.rings()] == [1000]
        await a.leave("1", "timeout")
        assert [type(c) for c in await a.commands()] == [Cancel]

    async def test_without_one_the_queues_holds(self, line: Line) -> None:
        a = await a_queue(line, "101", timeout=0)
        await a.join("1")
        assert [ring.timeout_ms for ring in await a.rings()] == [3_600_000]


async def test_each_agent_is_rung_for_the_whole_timeout(line: Line) -> None:
    """What timeoutrestart=yes gives; and retry rests the agent, not the caller."""
    a = await a_queue(line, "101", "102", timeout=20, retry=5)
    await a.join("1")
    (first,) = await a.rings()
    await time_passes(line, a, 4)
    await a.ended(first, "busy")
    (second,) = await a.rings()
    assert (second.agent, second.timeout_ms) == ("102", 20_000)
    await a.ended(second, "busy")
    assert await a.rings() == []
    await time_passes(line, a, 4.9)
    assert await a.rings() == []
    await time_passes(line, a, 0.1)
    assert [(ring.agent, ring.timeout_ms) for ring in await a.rings()] == [("101", 20_000)]


class TestConf:
    """It is looked at between two rings only."""

    async def queue(self, line: Line, *agents: str, strategy: str = "linear") -> Box:
        return await a_queue(line, *agents, strategy=strategy, timeoutpriority="conf")

    async def test_the_line_lets_a_waiting_caller_go(self, line: Line) -> None:
        a = await self.queue(line)
        await a.join("1", timeout=20)
        await time_passes(line, a, 19.9)
        assert await released(a) == []
        await time_passes(line, a, 0.1)
        assert await released(a) == ["TIMEOUT"]
        assert await left(line) == [("a-1-1", "timeout")]

    async def test_a_ring_goes_on_to_its_end(self, line: Line) -> None:
        a = await self.queue(line, "101")
        await a.join("1", timeout=7)
        (ring,) = await a.rings()
        assert ring.timeout_ms == 15_000
        await time_passes(line, a, 14.9)
        assert await a.commands() == []
        await a.ended(ring)
        assert await released(a) == ["TIMEOUT"]
        assert await left(line) == [("a-1-1", "timeout")]

    async def test_who_answers_in_the_meantime_gets_the_caller(self, line: Line) -> None:
        a = await self.queue(line, "101")
        await a.join("1", timeout=7)
        (ring,) = await a.rings()
        await time_passes(line, a, 10)
        await a.connect(ring)
        await time_passes(line, a, 10)
        assert await left(line) == [("a-1-1", "answered")]

    async def test_nobody_more_is_rung_for_it(self, line: Line) -> None:
        """ringall, with an agent who is free only now: the one behind gets it."""
        a = await self.queue(line, "101", "102", strategy="ringall")
        await a.device("102", "INUSE")
        await a.join("1", timeout=7)
        await a.join("2")
        await time_passes(line, a, 8)
        await a.device("102")
        assert [(r.agent, r.call_id) for r in await a.rings()] == [
            ("101", "a-1-1"),
            ("102", "a-2-1"),
        ]
        assert len(await line.journal("caller.overdue")) == 1
        assert await left(line) == []

    async def test_one_whose_box_is_away_leaves_when_it_is_back(self, line: Line) -> None:
        a = await self.queue(line)
        await a.join("1", timeout=7)
        line.wait(6)
        await line.engine.tick()
        line.wait(2)
        await line.engine.tick()
        assert await left(line) == []
        await a.attach()
        await a.snapshot([{"join": a.call("1", timeout=7), "age_us": 0}])  # type: ignore[list-item]
        assert await released(a) == ["TIMEOUT"]

    async def test_the_box_lets_it_wait_for_that(self, line: Line) -> None:
        """A little longer than a ring, should the line be away."""
        a = await self.queue(line)
        await a.join("1", timeout=7)
        await a.join("2")
        standing = await line.engine.standing("a-1-1", "a")
        assert standing is not None
        assert standing.patience_s == 15 + 10
        await line.queue("sales")
        await a.join("3", timeout=7)
        later = await line.engine.standing("a-3-1", "a")
        assert later is not None
        assert later.patience_s == 0


class TestOnePass:
    """Option n."""

    @pytest.mark.parametrize("strategy", ["linear", "rrmemory", "rrordered"])
    async def test_in_order_each_member_is_rung_once(self, line: Line, strategy: str) -> None:
        a = await a_queue(line, "101", "102", "103", strategy=strategy)
        await a.join("1", once=True)
        for agent, outcome in (("101", "no_answer"), ("102", "busy"), ("103", "no_answer")):
            (ring,) = await a.rings()
            assert ring.agent == agent
            await a.ended(ring, outcome)
        assert await released(a) == ["TIMEOUT"]
        assert await left(line) == [("a-1-1", "timeout")]

    @pytest.mark.parametrize("strategy", ["leastrecent", "fewestcalls", "random", "wrandom"])
    async def test_else_one_ring_that_nobody_answers_is_all(
        self, line: Line, strategy: str
    ) -> None:
        a = await a_queue(line, "101", "102", strategy=strategy)
        await a.join("1", once=True)
        (ring,) = await a.rings()
        await a.ended(ring)
        assert await released(a) == ["TIMEOUT"]

    async def test_who_is_busy_passes_it_on(self, line: Line) -> None:
        a = await a_queue(line, "101", "102", strategy="leastrecent")
        await a.join("1", once=True)
        (ring,) = await a.rings()
        await a.ended(ring, "busy")
        (ring,) = await a.rings()
        assert ring.agent == "102"
        await a.ended(ring, "rejected")
        assert await released(a) == ["TIMEOUT"]

    async def test_ringall_rings_all_once(self, line: Line) -> None:
        a = await a_queue(line, "101", "102", strategy="ringall")
        await a.join("1", once=True)
        first, second = await a.rings()
        await a.ended(first)
        assert await released(a) == []
        await a.ended(second)
        assert await released(a) == ["TIMEOUT"]

    async def test_ringall_goes_on_to_the_next_tier_when_all_are_busy(self, line: Line) -> None:
        a = await a_queue(line, "101", strategy="ringall")
        await line.agent("102", sales=5)
        await a.device("102")
        await a.join("1", once=True)
        (ring,) = await a.rings()
        await a.ended(ring, "busy")
        assert [ring.agent for ring in await a.rings()] == ["102"]

    async def test_who_has_rested_is_not_rung_again_before_the_next_tier(self, line: Line) -> None:
        """Its pass would never come to 103."""
        a = await a_queue(line, "101", strategy="linear", retry=5)
        for penalty, agent in enumerate(("102", "103"), start=1):
            await line.agent(agent, sales=penalty)
            await a.device(agent)
        await a.join("1", once=True)
        for agent in ("101", "102", "103"):
            (ring,) = await a.rings()
            assert ring.agent == agent
            await line.pass_time(15, a)
            await a.ended(ring)
        assert await released(a) == ["TIMEOUT"]
        assert await left(line) == [("a-1-1", "timeout")]

    async def test_ringall_does_not_ring_in_turns_for_ever(self, line: Line) -> None:
        """101 has rested while 102 rings, and the other way round."""
        a = await a_queue(line, "101", "102", strategy="ringall", retry=5)
        await a.join("1", once=True)
        first, second = await a.rings()
        await a.ended(first, "busy")
        await line.pass_time(6, a)
        assert await a.rings() == []
        await a.ended(second)
        assert await released(a) == ["TIMEOUT"]
        assert await left(line) == [("a-1-1", "timeout")]

    async def test_ringall_takes_nobody_more_for_the_pass(self, line: Line) -> None:
        """Who is free only now goes to the one behind; nobody is left idle by that."""
        a = await a_queue(line, "101", "102", strategy="ringall")
        await a.device("102", "INUSE")
        await a.join("1", once=True)
        line.wait(1)
        await a.join("2", once=True)
        line.wait(1)
        await a.device("102")
        rung = [(ring.agent, ring.call_id) for ring in await a.rings()]
        assert rung == [("101", "a-1-1"), ("102", "a-2-1")]
        line.wait(1)
        assert await left(line) == []

    @pytest.mark.parametrize("strategy", ["ringall", "linear", "random", "wrandom"])
    async def test_the_busy_are_not_rung_in_a_loop(self, line: Line, strategy: str) -> None:
        """Without a rest."""
        a = await a_queue(line, "101", strategy=strategy, retry=0)
        await line.agent("102", sales=1)
        await a.device("102")
        await a.join("1", once=True)
        rung = []
        while rings := await a.rings():
            rung.append(rings[0].agent)
            line.wait(0.1)
            await a.ended(rings[0], "busy")
        assert sorted(rung) == ["101", "102"]
        assert await left(line) == [("a-1-1", "timeout")]

    async def test_who_it_may_not_ring_again_goes_to_the_one_behind(self, line: Line) -> None:
        a = await a_queue(line, "101", retry=0)
        await a.join("1", once=True)
        await a.join("2")
        (ring,) = await a.rings()
        line.wait(1)
        await a.ended(ring, "busy")
        commands = await a.commands()
        assert [c.call_id for c in commands if isinstance(c, Originate)] == ["a-2-1"]
        assert await left(line) == [("a-1-1", "timeout")]

    async def test_it_waits_until_somebody_is_there(self, line: Line) -> None:
        a = await a_queue(line, "101")
        await a.device("101", "INUSE")
        await a.join("1", once=True)
        await time_passes(line, a, 100)
        assert await a.commands() == []
        await a.device("101")
        (ring,) = await a.rings()
        await a.ended(ring)
        assert await released(a) == ["TIMEOUT"]

    async def test_the_next_may_go_to_who_is_ahead(self, line: Line) -> None:
        """Both are rung; whose pass ended gets no agent whom the one before it takes."""
        a = await a_queue(line, "101", "102")
        await a.join("1")
        await a.join("2", once=True)
        first, second = await a.rings()
        await a.ended(first, "busy")
        assert await a.rings() == []
        await a.ended(second, "busy")
        commands = await a.commands()
        assert [c.call_id for c in commands if isinstance(c, Release)] == ["a-2-1"]
        assert await left(line) == [("a-2-1", "timeout")]

    async def test_an_answer_ends_it_as_any(self, line: Line) -> None:
        a = await a_queue(line, "101")
        await a.join("1", once=True)
        (ring,) = await a.rings()
        await a.connect(ring)
        await a.complete(ring)
        assert await left(line) == [("a-1-1", "answered")]

    async def test_a_restart_of_the_coordinator_ends_no_pass(self, line: Line) -> None:
        """While the line is held nobody can be seen to be there: the pass begins anew."""
        a = await a_queue(line, "101")
        await a.join("1", once=True)
        (ring,) = await a.rings()
        await line.engine.start("run-0", boxes=("a",))
        await a.ended(ring)
        assert await left(line) == []
        await line.engine.heartbeat("a", a.link)
        await time_passes(line, a, 5)
        commands = await a.commands()
        assert [type(command) for command in commands] == [Originate]
