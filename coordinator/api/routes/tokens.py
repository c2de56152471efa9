"""Tokens: made, listed, revoked."""

from typing import Annotated

from fastapi import APIRouter, Path

from coordinator.api.auth import needs
from coordinator.api.problems import refusals
from coordinator.api.schemas.boxes import TokenIn, TokenMade, TokenOut
from coordinator.api.services import Here

router = APIRouter(prefix="/v1/tokens", tags=["tokens"], dependencies=[needs("admin")])

TokenId = Annotated[str, Path(pattern=r"^[0-9a-f]{1,32}$", examples=["5b2d0a7c91e4f386"])]


@router.get("", responses=refusals())
async def list_tokens(here: Here) -> list[TokenOut]:
    """All tokens, oldest first, revoked ones too; never their secrets."""
    return [TokenOut.of(token) for token in await here.tokens.all()]


@router.post("", status_code=201, responses=refusals("unknown_box"))
async def create_token(body: TokenIn, here: Here) -> TokenMade:
    """Make a token. Its secret is in this answer and nowhere else."""
    token, secret = await here.tokens.create(body.role, body.box, body.label)
    return TokenMade(**TokenOut.of(token).model_dump(), token=secret)


@router.delete("/{token}", status_code=204, responses=refusals("unknown_token", "last_admin"))
async def revoke_token(token: TokenId, here: Here) -> None:
    """Revoke it: it opens nothing from now on, and links and streams it opened are ended."""
    await here.tokens.revoke(token)
