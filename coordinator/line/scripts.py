"""The Lua library: its files put together in order, named by the hash of its content.

A Redis function library is parsed once, not at every call, and is kept and replicated by the
server. The content's hash in the name lets replicas of two versions serve side by side during
an upgrade (docs/decisions/0001-redis-functions.md).
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from coordinator.line import keys, records
from coordinator.line.types import RING_ON_S

#: Shared pieces, in the order they build on each other; the tables of Python follow the first.
LIBRARY = (
    "clock", "record", "time", "journal", "timers", "box", "queue", "index", "membership", "agent",
    "window", "calling", "offer", "rules", "figures", "line", "placing", "choose", "patience",
    "match", "admission", "hold", "members", "autopause", "boxes", "transition",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timing:
    """The line's own times, seconds (settings.py says what they mean); part of the library.

    quiet_s: after so long without any step, 0 for never, boxes are awaited before anything is
    decided: the coordinators, of which each ticks every second (boxes/keeper.py), were away.
    """

    lease_s: float = 5.0
    detach_timeout_s: float = 300.0
    offer_grace_s: float = 5.0
    age_grace_s: float = 2.0
    quiet_s: float = 0.0

    def lua(self) -> str:
        """As Lua constants, µs."""
        times = {
            "LEASE_US": self.lease_s,
            "DETACH_US": self.detach_timeout_s,
            "OFFER_GRACE_US": self.offer_grace_s,
            "AGE_GRACE_US": self.age_grace_s,
            "QUIET_US": self.quiet_s,
        }
        return "\n".join(f"local {name} = {round(s * 1e6)}" for name, s in times.items())


@cache
def library(timing: Timing) -> tuple[str, str]:
    """(name of the library, source). The name is also the prefix of its functions."""
    root = files("coordinator.line") / "lua"
    shared = [(root / "lib" / f"{name}.lua").read_text() for name in LIBRARY]
    body = "\n".join(
        [
            timing.lua(),
            f"local RING_ON_S = {RING_ON_S}",
            shared[0],
            keys.lua_table(),
            records.lua_table(),
            *shared[1:],
            *(_room(source) for source in _sources(root / "strategies")),
            *(_room(source) for source in _sources(root)),
        ]
    )
    name = "gvq_" + hashlib.sha256(body.encode()).hexdigest()[:12]
    return name, f"#!lua name={name}\nlocal LIBRARY = '{name}'\n{body}\n"


def _sources(folder: Traversable) -> list[str]:
    lua = sorted((f for f in folder.iterdir() if f.name.endswith(".lua")), key=lambda f: f.name)
    return [f.read_text() for f in lua]


def _room(source: str) -> str:
    """A scope of its own: Lua allows 200 locals in one."""
    return f"do\n{source}\nend"
