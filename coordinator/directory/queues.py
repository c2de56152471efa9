"""Queues, and the penalty rules that they name."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from coordinator.directory.mirror import Change, settings_of
from coordinator.directory.models import QueueRow, RuleRow
from coordinator.directory.part import Part
from coordinator.directory.rows import need_queue, need_rule, queue_of, rule_of
from coordinator.directory.types import Queue, Rule, Saved
from coordinator.errors import Refused
from coordinator.line.types import PenaltyChange, QueueSettings


class Queues(Part):
    """Of the directory: queues and penalty rules."""

    async def queues(self) -> list[Queue]:
        """All queues by name."""
        return [queue_of(row) for row in await self._all(QueueRow, QueueRow.name)]

    async def queue(self, queue: str) -> Queue:
        """Raises Refused unknown_queue."""
        async with self._database.read() as session:
            return queue_of(await need_queue(session, queue))

    async def put_queue(self, queue: str, settings: QueueSettings) -> Saved[Queue]:
        """Create the queue or replace its settings. Raises Refused unknown_rule."""
        async with self._mirror.change() as change:
            row = await change.session.get(QueueRow, queue)
            created = row is None
            await self._save_queue(change, row or QueueRow(name=queue), settings)
        return Saved(Queue(queue, settings), created, change.applied)

    async def change_queue(self, queue: str, **fields: Any) -> Saved[Queue]:
        """Change some fields of its QueueSettings; the others stay.

        Raises Refused unknown_queue, unknown_rule.
        """
        async with self._mirror.change() as change:
            row = await need_queue(change.session, queue)
            settings = replace(settings_of(row), **fields)
            await self._save_queue(change, row, settings)
        return Saved(Queue(queue, settings), False, change.applied)

    async def _save_queue(self, change: Change, row: QueueRow, settings: QueueSettings) -> None:
        if settings.defaultrule:
            await need_rule(change.session, settings.defaultrule)
        row.settings = asdict(settings)
        change.session.add(row)
        await change.session.flush()
        await change.push(self._line.put_queue, row.name, settings)

    async def delete_queue(self, queue: str) -> Saved[Queue]:
        """Raises Refused unknown_queue, queue_in_use."""
        async with self._mirror.change() as change:
            row = await need_queue(change.session, queue)
            await change.session.delete(row)
            await change.session.flush()
            await change.push(self._line.delete_queue, queue)
        return Saved(queue_of(row), False, change.applied)

    # ── penalty rules ───────────────────────────────────────────────────────────────────────

    async def rules(self) -> list[Rule]:
        """All penalty rules by name."""
        return [rule_of(row) for row in await self._all(RuleRow, RuleRow.name)]

    async def rule(self, rule: str) -> Rule:
        """Raises Refused unknown_rule."""
        async with self._database.read() as session:
            return rule_of(await need_rule(session, rule))

    async def put_rule(self, rule: str, changes: Sequence[PenaltyChange]) -> Saved[Rule]:
        """Create the rule or replace its changes, which come by time."""
        async with self._mirror.change() as change:
            row = await change.session.get(RuleRow, rule)
            created = row is None
            row = row or RuleRow(name=rule)
            row.changes = [asdict(step) for step in changes]
            change.session.add(row)
            await change.session.flush()
            await change.push(self._line.put_rule, rule, changes)
        return Saved(rule_of(row), created, change.applied)

    async def delete_rule(self, rule: str) -> Saved[Rule]:
        """Raises Refused unknown_rule, rule_in_use."""
        async with self._mirror.change() as change:
            row = await need_rule(change.session, rule)
            await _rule_is_free(change.session, rule)
            await change.session.delete(row)
            await change.session.flush()
            await change.push(self._line.delete_rule, rule)
        return Saved(rule_of(row), False, change.applied)


async def _rule_is_free(session: AsyncSession, rule: str) -> None:
    for row in (await session.execute(select(QueueRow).order_by(QueueRow.name))).scalars():
        if settings_of(row).defaultrule == rule:
            raise Refused("rule_in_use", rule=rule, queue=row.name)
