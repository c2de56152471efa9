"""What Asterisk says of devices and hints: in an event, and in the lists of a snapshot. Pure.

All of them are told, not only agents': who is an agent changes at any time, and what is told is a
change of state, some 150 bytes. A box where every phone has a hint tells twice as much. Dropped are
trunks, and, here or by manager.conf's filters, the lamps that we light ourselves.
"""

import re
from typing import Final, get_args

from ami_adapter.headers import Headers, Unreadable, one, required, whole
from coordinator.names import DEVICE_PATTERN, INTERFACE_LENGTH
from coordinator.protocol import Device, DeviceState

#: A phone, a custom device (Custom:door), a hint. Not Queue:sales, nor a lamp: Custom:Queue:sales.
_DEVICE = re.compile(DEVICE_PATTERN)
_STATES = get_args(DeviceState)

#: An extension's Status (include/asterisk/pbx.h: AST_EXTENSION_…, a sum of bits) → the device state
#: that app_queue takes it for (extensionstate2devicestate), and RINGINUSE, ONHOLD for the two sums,
#: which it takes for INVALID. Below 0: the hint is gone.
_OF_HINTS: Final[dict[int, DeviceState]] = {
    -2: "INVALID", -1: "INVALID", 0: "NOT_INUSE", 1: "INUSE", 2: "BUSY", 4: "UNAVAILABLE",
    8: "RINGING", 9: "RINGINUSE", 16: "ONHOLD", 17: "ONHOLD",
}  # fmt: skip


def device(event: Headers) -> Device | None:
    """A device's state; None for what is of no use to a member. Raises Unreadable."""
    name = required(event, "device")
    # gvq-b is the trunk to box b, whose state changes with each call.
    if not _DEVICE.fullmatch(name) or name.partition("/")[2].startswith("gvq-"):
        return None
    state = one(event, "state")
    if state not in _STATES:
        raise Unreadable(f"unknown State {state[:40]!r} of {name}")
    return Device(interface=name, state=state)


def hint(event: Headers) -> Device | None:
    """The state of an extension's hint, as `hint:101@phones`; None for one that no member can have
    (`queues.conf`: its name has neither comma nor colon). Raises Unreadable."""
    name = f"hint:{required(event, 'exten')}@{required(event, 'context')}"
    if not _DEVICE.fullmatch(name) or len(name) > INTERFACE_LENGTH:
        return None
    status = whole(one(event, "status"), "Status", -2, 255)
    if status not in _OF_HINTS:
        raise Unreadable(f"unknown Status {status} of {name}")
    return Device(interface=name, state=_OF_HINTS[status])
