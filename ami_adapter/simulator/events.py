"""What a box says: each event's headers in Asterisk 22's order. Pure.

Only events named in `CLASSES` are simulated. The snapshot of a channel opens nearly all of them
(main/manager_channels.c, ast_manager_build_channel_state_string_prefix).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ami_adapter.simulator.channel import CAUSES, STATES, Bridge, Channel, End
from ami_adapter.simulator.messages import Headers, escape

#: Event → the class a session must be able to read.
CLASSES = {
    "FullyBooted": "system",
    "Shutdown": "system",
    "Newchannel": "call",
    "Newstate": "call",
    "HangupRequest": "call",
    "SoftHangupRequest": "call",
    "Hangup": "call",
    "BridgeCreate": "call",
    "BridgeEnter": "call",
    "BridgeLeave": "call",
    "BridgeDestroy": "call",
    "BlindTransfer": "call",
    "DeviceStateChange": "call",
    "OriginateResponse": "call",
    "UserEvent": "user",
}

UNKNOWN = "<unknown>"


@dataclass(frozen=True, slots=True)
class Event:
    """An event before it is written: its own headers follow Event, Privilege, SystemName."""

    name: str
    headers: tuple[tuple[str, str], ...]
    uniqueid: str = ""

    def lines(self, box: str) -> Headers:
        """Every header. FullyBooted alone carries no SystemName."""
        yield "Event", self.name
        yield "Privilege", f"{CLASSES[self.name]},all"
        if self.name != "FullyBooted":
            yield "SystemName", box
        yield from self.headers


def snapshot(channel: Channel, prefix: str = "") -> list[tuple[str, str]]:
    """The channel as nearly every event shows it."""
    return [
        (f"{prefix}Channel", channel.name),
        (f"{prefix}ChannelState", str(channel.state)),
        (f"{prefix}ChannelStateDesc", STATES[channel.state]),
        (f"{prefix}CallerIDNum", channel.number or UNKNOWN),
        (f"{prefix}CallerIDName", escape(channel.caller) or UNKNOWN),
        (f"{prefix}ConnectedLineNum", channel.connected_number or UNKNOWN),
        (f"{prefix}ConnectedLineName", escape(channel.connected) or UNKNOWN),
        (f"{prefix}Language", "en"),
        (f"{prefix}AccountCode", ""),
        (f"{prefix}Context", channel.context),
        (f"{prefix}Exten", channel.exten),
        (f"{prefix}Priority", str(channel.priority)),
        (f"{prefix}Uniqueid", channel.uniqueid),
        (f"{prefix}Linkedid", channel.linkedid),
    ]


def on_channel(name: str, channel: Channel, more: Iterable[tuple[str, str]] = ()) -> Event:
    """An event that opens with the channel's snapshot."""
    return Event(name, (*snapshot(channel), *more), channel.uniqueid)


def hangup(channel: Channel, end: End) -> Event:
    """The channel is gone. TechCause appears when SIP gave a status."""
    more = [("Cause", str(end.cause)), ("Cause-txt", CAUSES.get(end.cause, "Unknown"))]
    if end.sip:
        more.append(("TechCause", end.sip))
    return on_channel("Hangup", channel, more)


def hangup_request(channel: Channel, end: End) -> Event:
    """The far end hung up. A phone's BYE carries no cause."""
    more = [("Cause", str(end.cause))] if end.sip or end.reason else []
    if end.sip:
        more.append(("TechCause", end.sip))
    return on_channel("HangupRequest", channel, more)


def soft_hangup_request(channel: Channel) -> Event:
    """The dialplan ends the channel: the cause is 16 whatever it was told."""
    return on_channel("SoftHangupRequest", channel, [("Cause", "16")])


def bridge(name: str, bridge: Bridge) -> Event:
    """BridgeCreate and BridgeDestroy."""
    return Event(name, tuple(_bridge(bridge)))


def bridged(name: str, bridge: Bridge, channel: Channel) -> Event:
    """BridgeEnter and BridgeLeave, counted after the fact."""
    return Event(name, (*_bridge(bridge), *snapshot(channel)), channel.uniqueid)


def _bridge(bridge: Bridge) -> list[tuple[str, str]]:
    return [
        ("BridgeUniqueid", bridge.uniqueid),
        ("BridgeType", "basic"),
        ("BridgeTechnology", "simple_bridge"),
        ("BridgeCreator", UNKNOWN),
        ("BridgeName", UNKNOWN),
        ("BridgeNumChannels", str(len(bridge.channels))),
        ("BridgeVideoSourceMode", "none"),
    ]


def blind_transfer(channel: Channel, other: Channel, bridge: Bridge, exten: str) -> Event:
    """`channel` sent `other` to `exten` and is leaving (res_pjsip_refer)."""
    headers = [
        ("Result", "Success"),
        *snapshot(channel, "Transferer"),
        *snapshot(other, "Transferee"),
        *_bridge(bridge),
        ("IsExternal", "Yes"),
        ("Context", "phones"),
        ("Extension", exten),
    ]
    return Event("BlindTransfer", tuple(headers), channel.uniqueid)


def device_state(device: str, state: str) -> Event:
    """A device's aggregate state on this box."""
    return Event("DeviceStateChange", (("Device", device), ("State", state)))


def originate_response(
    action_id: str, ok: bool, reason: int, target: str, uniqueid: str, caller: tuple[str, str],
    context: str, exten: str,
) -> Event:  # fmt: skip
    """How an asynchronous Originate went. `reason`: 4 answered, 3 timed out, 0 all else.

    Asterisk 22 gives 0 for busy and refused too: only the Hangup's Cause tells them apart.
    """
    number, name = caller
    headers = [
        *([("ActionID", action_id)] if action_id else []),
        ("Response", "Success" if ok else "Failure"),
        ("Channel", target),
        ("Context", context),
        ("Exten", exten),
        ("Reason", str(reason)),
        ("Uniqueid", uniqueid),
        ("CallerIDNum", number or UNKNOWN),
        ("CallerIDName", name or UNKNOWN),
    ]
    return Event("OriginateResponse", tuple(headers), uniqueid)


def user_event(channel: Channel, name: str, body: Iterable[tuple[str, str]]) -> Event:
    """The dialplan's UserEvent: the body is raw."""
    return on_channel("UserEvent", channel, (("UserEvent", name), *body))


Make = Callable[[], Event]
