"""Boxes and tokens, as the API shows them."""

from dataclasses import asdict

from pydantic import BaseModel

from coordinator.api.schemas.common import Request, Text, shown
from coordinator.directory.types import Box, Role, Token
from coordinator.line.types import BoxView
from coordinator.names import Name


class BoxIn(Request):
    """Whether the box may link."""

    model_config = shown({"enabled": True})

    enabled: bool = True


class BoxConfig(BaseModel):
    """A box as configured."""

    model_config = shown({"name": "a", "enabled": True})

    name: str
    enabled: bool


class BoxOut(BoxConfig):
    """A box as configured and as the line sees it: linked now, attached, heard of when."""

    model_config = shown(
        {
            "name": "a", "enabled": True, "linked": True, "attached": True,
            "seen_us": 1763848134123456, "calls": 17,
        }
    )  # fmt: skip

    linked: bool
    attached: bool
    seen_us: int | None
    calls: int

    @classmethod
    def of(cls, box: Box, view: BoxView | None) -> "BoxOut":
        """From the directory and the line; a box that never linked is not known there."""
        return cls(
            name=box.name,
            enabled=box.enabled,
            linked=bool(view and view.linked),
            attached=bool(view and view.attached),
            seen_us=(view.seen_us or None) if view else None,
            calls=view.calls if view else 0,
        )


class TokenIn(Request):
    """What a new token is for. `box` is needed for the role box, and only there."""

    model_config = shown({"role": "box", "box": "a", "label": "adapter of box a"})

    role: Role
    box: Name | None = None
    label: Text = ""


_TOKEN = {
    "id": "5b2d0a7c91e4f386", "role": "box", "box": "a", "label": "adapter of box a",
    "created_us": 1763848134123456, "last_used_us": None, "revoked_us": None,
}  # fmt: skip


class TokenOut(BaseModel):
    """A token without its secret."""

    model_config = shown(_TOKEN)

    id: str
    role: Role
    box: str | None
    label: str
    created_us: int
    last_used_us: int | None
    revoked_us: int | None

    @classmethod
    def of(cls, token: Token) -> "TokenOut":
        """From the directory."""
        return cls(**asdict(token))


class TokenMade(TokenOut):
    """A new token. Its secret is shown this once and cannot be read again."""

    model_config = shown(_TOKEN | {"token": "gvq_…"})

    token: str
