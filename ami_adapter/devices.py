"""What Asterisk says of a device: in an event, and in the list a snapshot is made of. Pure."""

import re
from typing import get_args

from ami_adapter.headers import Headers, Unreadable, one, required
from coordinator.names import INTERFACE_PATTERN
from coordinator.protocol import Device, DeviceState

_PHONE = re.compile(INTERFACE_PATTERN)
_STATES = get_args(DeviceState)


def device(event: Headers) -> Device | None:
    """A phone's state; None for what is no phone. Raises Unreadable."""
    name = required(event, "device")
    # Queue:sales, Custom:x; and gvq-b, the trunk to box b, whose state changes with each call.
    if not _PHONE.fullmatch(name) or name.partition("/")[2].startswith("gvq-"):
        return None
    state = one(event, "state")
    if state not in _STATES:
        raise Unreadable(f"unknown State {state[:40]!r} of {name}")
    return Device(interface=name, state=state)
