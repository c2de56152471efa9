"""The directory: what is configured, beside tokens. Every change of it goes through here.

Names and ranges are checked at the door (api/schemas, the database's constraints); in the parts
(queues.py, agents.py, members.py, joining.py) are the rules between things: what must exist, what
may not be shared, what follows what. How a change reaches the line, and what happens when the line
is away, is told in mirror.py.
"""

from coordinator.directory.importing import (
    Imported,
    Wanted,
    compare,
    out_of_order,
    present,
    write,
)
from coordinator.directory.joining import Joins
from coordinator.directory.mirror import lock
from coordinator.directory.models import BoxRow
from coordinator.directory.queues import Queues
from coordinator.directory.rows import box_of, need_box
from coordinator.directory.types import Box, Saved
from coordinator.errors import Refused


class Directory(Queues, Joins):
    """The configuration of one coordinator. Methods raise `Refused` and then change nothing."""

    async def mirror(self) -> list[Refused]:
        """Bring everything to the line; call it when the line was found empty.

        Returns what the line refused for now. Raises one of `redis_client.AWAY`.
        """
        return await self._mirror.mirror()

    async def lags(self) -> bool:
        """Whether a mirror is due: at the start, and after a change that missed the line."""
        return await self._mirror.lags()

    async def import_all(self, wanted: Wanted, dry_run: bool = False) -> Imported:
        """Bring there what is wanted, all of it or nothing; or only tell what would change.

        Raises Refused interface_taken, unknown_queue, unknown_agent, unknown_rule, agent_busy.
        After agent_busy the line may have some of it until it is mirrored, a moment later.
        """
        if dry_run:
            async with self._database.read() as session:
                there = await present(session)
                return Imported(compare(wanted, there), out_of_order(wanted, there), False)
        async with self._mirror.change() as change:
            there = await present(change.session)
            late = out_of_order(wanted, there)
            differences = compare(wanted, there)
            await write(change, self._line, wanted, there, differences)
        return Imported(differences, late, change.applied)

    # ── boxes (the line learns of a box when it links) ──────────────────────────────────────

    async def boxes(self) -> list[Box]:
        """All boxes by name."""
        return [box_of(row) for row in await self._all(BoxRow, BoxRow.name)]

    async def box(self, box: str) -> Box:
        """Raises Refused unknown_box."""
        async with self._database.read() as session:
            return box_of(await need_box(session, box))

    async def put_box(self, box: str, enabled: bool = True) -> Saved[Box]:
        """Create the box or let it link (`enabled`) or not."""
        async with self._database.write() as session:
            await lock(session)
            row = await session.get(BoxRow, box)
            created = row is None
            row = row or BoxRow(name=box)
            row.enabled = enabled
            session.add(row)
        return Saved(box_of(row), created, applied=True)

    async def delete_box(self, box: str) -> Saved[Box]:
        """Its tokens go with it, so its link ends. Raises Refused unknown_box."""
        async with self._database.write() as session:
            row = await need_box(session, box)
            await session.delete(row)
        return Saved(box_of(row), False, applied=True)
