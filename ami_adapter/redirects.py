"""A phone that sends its call elsewhere (302), and following it. Pure.

Asterisk follows by a Local channel that has neither the offer's id nor its variables, so it would
talk with nobody. It is sent to [gvq-forward], which tells where to (GvqForward) and hangs up; then
the offer is rung there, under its own id, in the context of the phone that sent it.
"""

import re
from dataclasses import dataclass
from typing import Final

from coordinator.protocol import Originate

#: Q.850, AST_CAUSE_REDIRECTED_TO_NEW_DESTINATION: why the phone asked to end.
REDIRECTED: Final = 23

#: In the dialplan, where Asterisk follows to.
CONTEXT: Final = "gvq-forward"

#: Before an endpoint's name, to another box: do not follow (option i).
REFUSING: Final = "i*"

#: What may be rung: an extension, and nothing that Local/ or an option would be read from.
_EXTENSION = re.compile(r"[A-Za-z0-9+*#_.-]{1,64}")
_CONTEXT = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(slots=True)
class Redirect:
    """Of an offer: its channel and context; where it was sent; what of it has ended."""

    channel: str = ""
    context: str = ""
    to: str = ""
    gone: bool = False
    over: bool = False

    @classmethod
    def of(cls, channel: str, context: str) -> "Redirect":
        """Of a channel that was just made."""
        return cls(channel, context if _CONTEXT.fullmatch(context) else "")

    @property
    def ended(self) -> bool:
        """Channel and Originate are over, so that the offer's id is free."""
        return self.gone and self.over


@dataclass(frozen=True, slots=True)
class Follow:
    """An offer that is to be rung at an extension instead; it has been rung since `began_s`."""

    command: Originate
    to: str
    context: str
    began_s: float

    @property
    def dial(self) -> str:
        """/n: the channel must not leave the call, and the offer's id with it."""
        return f"Local/{self.to}@{self.context}/n"


def extension(text: str) -> str:
    """The extension; "" for what may not be rung."""
    return text if _EXTENSION.fullmatch(text) else ""
