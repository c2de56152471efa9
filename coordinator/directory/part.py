"""What every part of the directory stands on."""

from copy import copy
from typing import Self, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from coordinator.database import Base, Database
from coordinator.directory.mirror import Line, Mirror

Row = TypeVar("Row", bound=Base)


class Part:
    """SQL, the line, and the way from the one to the other."""

    def __init__(self, database: Database, line: Line) -> None:
        self._database = database
        self._line = line
        self._mirror = Mirror(database, line)

    def asked(self, by: str, uniqueid: str) -> Self:
        """The same; changes are journaled with who asks for them, and on which channel of a box."""
        same = copy(self)
        same._line = self._line.asked(by, uniqueid)
        return same

    async def _all(self, table: type[Row], order: InstrumentedAttribute[str]) -> list[Row]:
        async with self._database.read() as session:
            return list((await session.execute(select(table).order_by(order))).scalars())
