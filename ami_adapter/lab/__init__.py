"""Real Asterisk boxes, phones and callers on this machine, for tests, demonstrations, measuring."""

from ami_adapter.lab.boxes import (
    Box,
    LabStatus,
    down,
    find,
    remove,
    start_box,
    status,
    stop_box,
    up,
)
from ami_adapter.lab.errors import LabError

__all__ = [
    "Box",
    "LabError",
    "LabStatus",
    "down",
    "find",
    "remove",
    "start_box",
    "status",
    "stop_box",
]
__all__ += ["up"]
