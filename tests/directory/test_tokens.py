"""Who gets in: tokens are made, checked, used, revoked; only their hash is kept."""

import asyncio

import pytest
from sqlalchemy import text

from coordinator.database import Database
from coordinator.directory import Directory, Role, Token, Tokens
from coordinator.directory.tokens import LAST_USED_STEP_US
from coordinator.errors import Refused


class Clock:
    """Seconds since 1970, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def refusal(code: str, step: object) -> None:
    with pytest.raises(Refused) as caught:
        await step  # type: ignore[misc]
    assert caught.value.code == code


@pytest.mark.parametrize("role", ["read", "operate", "admin"])
async def test_a_token_opens_for_its_role(tokens: Tokens, role: Role) -> None:
    token, secret = await tokens.create(role, label="for a test")
    assert (await tokens.check(secret)).role == role
    assert [one.id for one in await tokens.all()] == [token.id]
    assert (token.label, token.box, token.revoked_us) == ("for a test", None, None)


async def test_only_the_hash_is_kept(tokens: Tokens, database: Database) -> None:
    _, secret = await tokens.create("read")
    async with database.read() as session:
        row = (await session.execute(text("SELECT * FROM tokens"))).one()
    assert secret not in str(row)
    assert len(secret) == len("gvq_") + 43  # 256 bits in base64


async def test_secrets_differ(tokens: Tokens) -> None:
    made = [(await tokens.create("read"))[1] for _ in range(5)]
    assert len(set(made)) == 5


async def test_an_unknown_secret_opens_nothing(tokens: Tokens) -> None:
    await tokens.create("admin")
    await refusal("unauthorized", tokens.check("gvq_guess"))
    await refusal("unauthorized", tokens.check(""))


class TestBoxTokens:
    async def test_name_their_box(self, tokens: Tokens, directory: Directory) -> None:
        await directory.put_box("a")
        _, secret = await tokens.create("box", "a")
        checked = await tokens.check(secret)
        assert (checked.role, checked.box) == ("box", "a")

    async def test_open_nothing_while_the_box_is_disabled(
        self, tokens: Tokens, directory: Directory
    ) -> None:
        await directory.put_box("a")
        _, secret = await tokens.create("box", "a")
        await directory.put_box("a", enabled=False)
        await refusal("box_disabled", tokens.check(secret))
        await directory.put_box("a", enabled=True)
        await tokens.check(secret)

    async def test_go_with_their_box(self, tokens: Tokens, directory: Directory) -> None:
        await directory.put_box("a")
        _, secret = await tokens.create("box", "a")
        await directory.delete_box("a")
        await directory.put_box("a")
        await refusal("unauthorized", tokens.check(secret))

    async def test_refusals(self, tokens: Tokens, directory: Directory) -> None:
        await directory.put_box("a")
        await refusal("unknown_box", tokens.create("box", "none"))
        await refusal("invalid", tokens.create("box"))
        await refusal("invalid", tokens.create("read", "a"))


class TestRevoking:
    async def test_ends_a_token_at_once_and_keeps_its_record(self, tokens: Tokens) -> None:
        token, secret = await tokens.create("read")
        await tokens.revoke(token.id)
        await refusal("unauthorized", tokens.check(secret))
        kept: list[Token] = await tokens.all()
        assert kept[0].revoked_us is not None

    async def test_an_unknown_or_revoked_one(self, tokens: Tokens) -> None:
        token, _ = await tokens.create("read")
        await tokens.revoke(token.id)
        await refusal("unknown_token", tokens.revoke(token.id))
        await refusal("unknown_token", tokens.revoke("none"))

    async def test_the_last_admin_stays(self, tokens: Tokens) -> None:
        first, _ = await tokens.create("admin")
        second, _ = await tokens.create("admin")
        await tokens.revoke(first.id)
        await refusal("last_admin", tokens.revoke(second.id))

    async def test_two_admins_at_once_leave_one(self, tokens: Tokens) -> None:
        made = [(await tokens.create("admin"))[0] for _ in range(2)]
        done = await asyncio.gather(*(tokens.revoke(t.id) for t in made), return_exceptions=True)
        assert [type(one) for one in done if one is not None] == [Refused]


class TestFirstAdmin:
    async def test_is_made_once(self, tokens: Tokens) -> None:
        secret = await tokens.first_admin()
        assert secret is not None
        assert (await tokens.check(secret)).role == "admin"
        assert await tokens.first_admin() is None

    async def test_is_made_once_by_replicas_starting_together(self, database: Database) -> None:
        made = await asyncio.gather(*(Tokens(database).first_admin() for _ in range(4)))
        assert sum(secret is not None for secret in made) == 1


async def test_last_use_is_noted_but_not_at_every_request(database: Database) -> None:
    clock = Clock()
    tokens = Tokens(database, clock)
    _, secret = await tokens.create("read")

    async def used_at() -> int | None:
        await tokens.check(secret)
        return (await tokens.all())[0].last_used_us

    assert await used_at() == 1_000_000_000
    clock.now += 1
    assert await used_at() == 1_000_000_000
    clock.now += LAST_USED_STEP_US / 1_000_000
    assert await used_at() == 1_061_000_000
