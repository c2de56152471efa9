"""Bearer tokens: who may do what. Only a token's hash is kept.

The hash is a plain SHA-256. Slow, salted hashes protect passwords, which people choose and an
attacker can guess by the billion. A token is 256 random bits: there is nothing to guess, no two
are alike, and a fast hash lets every request be checked. Because the lookup is by the hash, its
timing tells nothing about any secret.
"""

import hashlib
import secrets
import time
from collections.abc import Callable

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from coordinator.database import Database
from coordinator.directory.mirror import lock
from coordinator.directory.models import BoxRow, TokenRow
from coordinator.directory.types import Role, Token
from coordinator.errors import Refused

#: A recognisable beginning, so that a secret pasted in the wrong place can be found by scanners.
PREFIX = "gvq_"
SECRET_BYTES = 32

#: `last_used` is written at most so often, µs: a write at every request would be the larger load.
LAST_USED_STEP_US = 60 * 1_000_000


class Tokens:
    """Makes, checks and revokes tokens. `clock` gives seconds since 1970."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def create(
        self, role: Role, box: str | None = None, label: str = ""
    ) -> tuple[Token, str]:
        """A new token and its secret, which nobody can read again.

        Raises Refused unknown_box, and invalid unless exactly the role `box` names a box.
        """
        if (role == "box") != (box is not None):
            raise Refused("invalid", detail="box: needed for the role 'box', and only there.")
        async with self._database.write() as session:
            if box is not None and await session.get(BoxRow, box) is None:
                raise Refused("unknown_box", box=box)
            return self._add(session, role, box, label)

    async def first_admin(self) -> str | None:
        """The secret of the first admin token, made once in a database's life; None later.

        Safe when two replicas start at once: one of them makes it.
        """
        async with self._database.write() as session:
            await lock(session)
            if await _count(session, TokenRow.role == "admin"):
                return None
            return self._add(session, "admin", None, "first start")[1]

    async def all(self) -> list[Token]:
        """Every token, also revoked ones, oldest first."""
        async with self._database.read() as session:
            wanted = select(TokenRow).order_by(TokenRow.created_us, TokenRow.id)
            return [_token(row) for row in (await session.execute(wanted)).scalars()]

    async def revoke(self, token_id: str) -> None:
        """The token opens nothing from now on. Raises Refused unknown_token, last_admin."""
        async with self._database.write() as session:
            await lock(session)
            row = await session.get(TokenRow, token_id)
            if row is None or row.revoked_us is not None:
                raise Refused("unknown_token", token=token_id)
            others = (TokenRow.role == "admin") & TokenRow.revoked_us.is_(None)
            if row.role == "admin" and await _count(session, others) == 1:
                raise Refused("last_admin", token=token_id)
            row.revoked_us = self._now_us()

    async def check(self, secret: str) -> Token:
        """Whose secret this is. Raises Refused unauthorized, box_disabled."""
        async with self._database.read() as session:
            wanted = (
                select(TokenRow, BoxRow.enabled)
                .outerjoin(BoxRow, BoxRow.name == TokenRow.box)
                .where(TokenRow.hash == _hash(secret), TokenRow.revoked_us.is_(None))
            )
            found = (await session.execute(wanted)).one_or_none()
        if found is None:
            raise Refused("unauthorized")
        row, enabled = found
        if enabled is False:
            raise Refused("box_disabled", box=row.box)
        await self._note_use(row)
        return _token(row)

    async def _note_use(self, row: TokenRow) -> None:
        now = self._now_us()
        if row.last_used_us is not None and now - row.last_used_us < LAST_USED_STEP_US:
            return
        async with self._database.write() as session:
            used = update(TokenRow).where(TokenRow.id == row.id).values(last_used_us=now)
            await session.execute(used)

    def _add(
        self, session: AsyncSession, role: Role, box: str | None, label: str
    ) -> tuple[Token, str]:
        secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        row = TokenRow(
            id=secrets.token_hex(8),
            hash=_hash(secret),
            role=role,
            box=box,
            label=label,
            created_us=self._now_us(),
        )
        session.add(row)
        return _token(row), secret

    def _now_us(self) -> int:
        return int(self._clock() * 1_000_000)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


async def _count(session: AsyncSession, condition: ColumnElement[bool]) -> int:
    counted = select(func.count()).select_from(TokenRow).where(condition)
    return (await session.execute(counted)).scalar_one()


def _token(row: TokenRow) -> Token:
    return Token(
        id=row.id,
        role=row.role,  # type: ignore[arg-type]  # only roles are ever added
        box=row.box,
        label=row.label,
        created_us=row.created_us,
        last_used_us=row.last_used_us,
        revoked_us=row.revoked_us,
    )
