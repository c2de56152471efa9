"""Whatever happens on the real line, its queue_log is one of app_queue's, and the same story as the
history's: read by the independent reader.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from itertools import count

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from coordinator.history.models import CallRow, OfferRow
from coordinator.history.projection import Tables
from coordinator.journal import NEVER_RUNG, Entry
from coordinator.queue_log.lines import Style, returning
from tests.audit.traffic import Day
from tests.engine.conftest import Line
from tests.model.machine import LineMachine
from tests.queue_log.conftest import each, whole_log
from tests.queue_log.reader import ENDS, Report, read_line, read_lines

#: The history's outcomes that the reader can tell.
LEFT = {
    "abandoned": "ABANDON", "box_lost": "ABANDON", "timeout": "EXITWITHTIMEOUT",
    "redirected": "EXITWITHTIMEOUT", "withdrawn": "WITHDRAW", "exit_key": "EXITWITHKEY",
    "leave_empty": "EXITEMPTY",
}  # fmt: skip

_names = count(1)


async def same_story(entries: Sequence[Entry]) -> Report:
    """The report of the log, which tells of every call and offer what the history tells."""
    tables = Tables([], [])
    for entry in entries:
        tables.apply(entry)
    calls = [row for row in tables.added if isinstance(row, CallRow)]
    offers = [row for row in tables.added if isinstance(row, OfferRow)]
    report = read_lines(await whole_log(entries))
    _same_calls(report, calls, _uniqueids(entries))
    _same_offers(report, offers, entries)
    return report


def _uniqueids(entries: Sequence[Entry]) -> dict[str, str]:
    joined = [entry.data for entry in entries if entry.type == "caller.joined"]
    return {data["call_id"]: data["uniqueid"] for data in joined}


def _same_calls(report: Report, calls: Sequence[CallRow], uniqueids: dict[str, str]) -> None:
    placed = {row.call_id: row for row in calls if row.outcome not in ("full", "join_empty")}
    assert set(report.visits) == {uniqueids[call_id] for call_id in placed}
    for call_id, row in placed.items():
        name = uniqueids[call_id]
        if row.outcome is None:
            assert name in report.waiting
        elif row.outcome != "answered":
            assert report.last[name] == LEFT[row.outcome]
        elif row.completed_us is None or row.completed_us < (row.answered_us or 0):
            assert report.talking[name]
        else:
            assert report.last[name] in ENDS
    assert len(report.waiting) + len(report.talking) + len(report.last) >= len(placed)


def _same_offers(report: Report, offers: Sequence[OfferRow], entries: Sequence[Entry]) -> None:
    """An offer may end twice: called off, and then found to be a talk by a snapshot."""
    entries = [entry for entry in entries if entry.data.get("reason") != NEVER_RUNG]
    ended = Counter(e.data["outcome"] for e in entries if e.type == "offer.ended")
    answered = {e.data["offer_id"] for e in entries if e.type == "offer.claimed"}
    claimed = Counter(
        e.data["outcome"]
        for e in entries
        if e.type == "offer.ended" and e.data["offer_id"] in answered
    )
    failed = ("no_answer", "busy", "rejected", "failed", "expired")
    assert report.events["RINGNOANSWER"] == sum(ended[o] - claimed[o] for o in failed)
    assert report.events["AGENTDUMP"] == sum(claimed[o] for o in failed)
    assert report.events["RINGCANCELED"] == ended["cancelled"] - claimed["cancelled"]
    assert len(offers) >= report.events["CONNECT"] - len(report.last)


class QueueLogMachine(LineMachine):
    """The model's callers, agents, boxes and time; its journal is read when all is over."""

    def teardown(self) -> None:
        try:
            self._check()
        finally:
            super().teardown()

    def _check(self) -> None:
        entries = self.world.run(self.world.engine.journal(limit=1_000_000))
        report = asyncio.run(same_story(entries))
        state = self.world.model.state
        at_work = {a.name: a.interface for a in state.agents.values() if a.logged_in}
        members = {
            (queue.name, at_work[name]): bool(member.paused or state.agents[name].paused)
            for queue in state.queues.values()
            for name, member in queue.members.items()
            if name in at_work
        }
        assert report.members == members.keys()
        assert report.paused & report.members == {who for who, paused in members.items() if paused}


def test_the_log_of_any_traffic_tells_what_the_line_and_its_history_tell(valkey: str) -> None:
    machine = type("Machine", (QueueLogMachine,), {"url": valkey})
    # Not shrunk: that takes minutes, and the log that is wrong is told as it is.
    phases = (Phase.explicit, Phase.reuse, Phase.generate)
    rules = settings(max_examples=30, deadline=None, phases=phases)
    run_state_machine_as_test(machine, settings=rules)


@pytest.mark.parametrize("seed", range(4))
async def test_the_log_of_a_random_day(redis: object, tenant: str, seed: int) -> None:
    """Longer than the model's days, with announcements and boxes that fall silent for long."""
    line = Line(redis, tenant)  # type: ignore[arg-type]
    await line.engine.mirrored("run")
    day = Day(line, seed)
    await day.open()
    await day.run(400)
    entries = await line.journal()
    report = await same_story(entries)
    assert report.events["CONNECT"] > 10
    assert report.events["RINGNOANSWER"]
    assert report.events["PENALTY"]
    assert report.events["PAUSEALL"]


async def test_a_journal_may_begin_anywhere(redis: object, tenant: str) -> None:
    """Each entry tells its lines by itself, so none depends on where the reading began."""
    line = Line(redis, tenant)  # type: ignore[arg-type]
    await line.engine.mirrored("run")
    day = Day(line, 5)
    await day.open()
    await day.run(120)
    entries = await line.journal()
    whole = await each(entries)
    for beginning in range(0, len(entries), 7):
        rest = entries[beginning:]
        told = zip(rest, await each(rest), whole[beginning:], strict=True)
        assert [(e, lines) for e, lines, known in told if lines != known and not returning(e)] == []


async def test_names_stand_for_agents_everywhere_but_in_penalty(redis: object, tenant: str) -> None:
    line = Line(redis, tenant)  # type: ignore[arg-type]
    await line.engine.mirrored("run")
    day = Day(line, 1)
    await day.open()
    await day.run(120)
    lines = await whole_log(await line.journal(), Style(agent_names=True))
    named = [read_line(text) for text in lines]
    assert {e.agent.startswith("PJSIP/") for e in named if e.name == "PENALTY"} == {True}
    assert not [e for e in named if e.name != "PENALTY" and e.agent.startswith("PJSIP/")]
