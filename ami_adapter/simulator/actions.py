"""What a box answers: one function per AMI action, and the class each needs.

Every sentence and every order of headers is Asterisk 22.10's. A function replies first and acts
after, as Asterisk acknowledges before the channel moves.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ami_adapter.simulator.box import Box
from ami_adapter.simulator.channel import NORMAL, UP, Channel
from ami_adapter.simulator.dialplan import EXTENSIONS
from ami_adapter.simulator.events import UNKNOWN, snapshot
from ami_adapter.simulator.messages import Action, Headers
from ami_adapter.simulator.network import Network
from ami_adapter.simulator.originate import Order

Reply = Callable[[Headers], None]

_CUSTOM = re.compile(r"DEVICE_STATE\((Custom:[^)]+)\)")
#: A simulated box has our dialplan.
_HAS = re.compile(r"DIALPLAN_EXISTS\(gvq-[^)]+\)")
_CALLER_ID = re.compile(r'^\s*(?:"?(?P<name>[^"<]*?)"?\s*)?<(?P<number>[^>]*)>\s*$')

#: Originate's Timeout where none is given, ms.
DEFAULT_TIMEOUT_MS = 30_000


@dataclass(frozen=True, slots=True)
class Context:
    """What an action works on."""

    network: Network
    box: Box
    action: Action
    reply: Reply

    def get(self, name: str) -> str:
        """A header of the action."""
        return self.action.get(name)

    def answer(self, response: str, *more: tuple[str, str]) -> None:
        """The Response message."""
        self.reply((("Response", response), *self.action_id(), *more))

    def refuse(self, message: str) -> None:
        """Response: Error."""
        self.answer("Error", ("Message", message))

    def action_id(self) -> tuple[tuple[str, str], ...]:
        """The ActionID header, if the action has one."""
        action_id = self.get("ActionID")
        return (("ActionID", action_id),) if action_id else ()

    def list_of(
        self, event: str, message: str, items: list[Headers], *more: tuple[str, str]
    ) -> None:
        """A list: its start, its events, its end. `event` names the closing event."""
        self.answer("Success", ("EventList", "start"), ("Message", message))
        for item in items:
            self.reply(item)
        count = ("ListItems", str(len(items)))
        self.reply((("Event", event), *self.action_id(), ("EventList", "Complete"), count, *more))


def setvar(it: Context) -> None:
    """Without Channel: a global variable, or the function DEVICE_STATE(Custom:…)."""
    name, wanted = it.get("Variable"), it.get("Channel")
    channel = it.box.find(wanted) if wanted else None
    if not name:
        it.refuse("No variable specified")
    elif wanted and channel is None:
        it.refuse("No such channel")
    else:
        it.answer("Success", ("Message", "Variable Set"))
        _assign(it.box, channel, name, it.get("Value"))


def _assign(box: Box, channel: Channel | None, name: str, value: str) -> None:
    custom = _CUSTOM.fullmatch(name)
    if custom:
        box.set_custom(custom[1], value)
    else:
        (channel.variables if channel else box.variables)[name] = value


def getvar(it: Context) -> None:
    """A variable that is not set is empty."""
    name, wanted = it.get("Variable"), it.get("Channel")
    channel = it.box.find(wanted) if wanted else None
    if not name:
        it.refuse("No variable specified")
    elif wanted and channel is None:
        it.refuse("No such channel")
    else:
        variables = channel.variables if channel else it.box.variables
        value = "1" if _HAS.fullmatch(name) else variables.get(name, "")
        it.answer("Success", ("Variable", name), ("Value", value))


def hangup(it: Context) -> None:
    """By name or Uniqueid; by regular expression if it begins with '/'."""
    wanted, cause = it.get("Channel"), it.get("Cause")
    if not wanted:
        it.refuse("No channel specified")
    elif wanted.startswith("/"):
        _hangup_matching(it, wanted[1:].rstrip("/"))
    elif (channel := it.box.find(wanted)) is None:
        it.refuse("No such channel")
    else:
        it.answer("Success", ("Message", "Channel Hungup"))
        it.box.hang_up(channel, int(cause) if cause.isdigit() else NORMAL)


def _hangup_matching(it: Context, pattern: str) -> None:
    it.answer("Success", ("Message", "Channels hung up will follow"))
    for channel in list(it.box.channels.values()):
        if re.search(pattern, channel.name):
            it.box.hang_up(channel)


def redirect(it: Context) -> None:
    """Neither context nor extension is looked up here."""
    wanted = it.get("Channel")
    if not wanted:
        it.refuse("Channel not specified")
    elif not it.get("Priority").isdigit():
        it.refuse("Priority is invalid" if it.get("Priority") else "Priority not specified")
    elif (channel := it.box.find(wanted)) is None:
        it.refuse(f"Channel does not exist: {wanted}")
    elif channel.state != UP:
        it.refuse("Redirect failed, channel not up.")
    else:
        it.answer("Success", ("Message", "Redirect successful"))
        channel.owner.goes(it.get("Context"), it.get("Exten"))


def originate(it: Context) -> None:
    """Asynchronous only: what the synchronous path does to the session is not simulated."""
    problem = next(_problems(it), "")
    if problem:
        it.refuse(problem)
    else:
        order = _order(it)
        it.answer("Success", ("Message", "Originate successfully queued"))
        it.network.originate(it.box, order)


def _problems(it: Context) -> Iterator[str]:
    extensions = EXTENSIONS.get(it.get("Context"), ())
    if not it.get("Channel"):
        yield "Channel not specified"
    if not (it.get("Priority") or "1").isdigit():
        yield "Invalid priority"
    if not (it.get("Timeout") or "1").isdigit():
        yield "Invalid timeout"
    if "/" not in it.get("Channel"):
        yield "Invalid channel"
    if it.get("Async").lower() not in ("true", "yes", "1", "on", "y", "t"):
        yield "The simulator only knows Async: true"
    if extensions is not None and it.get("Exten") not in extensions:
        yield "Extension does not exist."


def _order(it: Context) -> Order:
    caller = _CALLER_ID.match(it.get("CallerID"))
    return Order(
        it.get("ActionID"), it.get("Channel"), it.get("ChannelId"), it.get("Context"),
        it.get("Exten"), int(it.get("Timeout") or DEFAULT_TIMEOUT_MS) / 1000,
        (caller["number"] if caller else it.get("CallerID")).strip(),
        (caller["name"] or "" if caller else "").strip(),
        tuple(_pairs(it.action.all("Variable"))),
    )  # fmt: skip


def _pairs(variables: list[str]) -> Iterator[tuple[str, str]]:
    for variable in variables:
        for pair in variable.split(","):
            name, _, value = pair.partition("=")
            yield name.lstrip("_"), value


def status(it: Context) -> None:
    """Every channel, or one; with Variables, those of each."""
    wanted = it.get("Channel")
    channels = list(it.box.channels.values())
    if wanted:
        channels = [channel for channel in [it.box.find(wanted)] if channel is not None]
        if not channels:
            it.refuse("No such channel")
            return
    names = [name for name in it.get("Variables").split(",") if name]
    items: list[Headers] = [_status(it, channel, names) for channel in channels]
    it.list_of("StatusComplete", "Channel status will follow", items, ("Items", str(len(items))))


def _status(it: Context, channel: Channel, names: list[str]) -> Headers:
    up_for = int(it.box.clock.now() - channel.created) if channel.state == UP else 0
    return [
        ("Event", "Status"),
        ("Privilege", "Call"),
        *snapshot(channel),
        ("Type", "PJSIP"),
        ("DNID", channel.dnid),
        ("EffectiveConnectedLineNum", channel.connected_number or UNKNOWN),
        ("EffectiveConnectedLineName", channel.connected or UNKNOWN),
        ("TimeToHangup", "0"),
        ("BridgeID", channel.bridge.uniqueid if channel.bridge else ""),
        ("Application", channel.application or "(null)"),
        ("Data", channel.data or "(null)"),
        ("Nativeformats", "(ulaw)"),
        ("Readformat", "ulaw"),
        ("Readtrans", ""),
        ("Writeformat", "ulaw"),
        ("Writetrans", ""),
        ("Callgroup", "0"),
        ("Pickupgroup", "0"),
        ("Seconds", str(up_for)),
        *(("Variable", f"{name}={channel.variables.get(name, '(null)')}") for name in names),
        *it.action_id(),
    ]


def core_show_channels(it: Context) -> None:
    """Every channel with what it runs."""
    items: list[Headers] = [_shown(it, channel) for channel in it.box.channels.values()]
    it.list_of("CoreShowChannelsComplete", "Channels will follow", items)


def _shown(it: Context, channel: Channel) -> Headers:
    age = int(it.box.clock.now() - channel.created)
    return [
        ("Event", "CoreShowChannel"),
        *it.action_id(),
        *snapshot(channel),
        ("Application", channel.application),
        ("ApplicationData", channel.data),
        ("Duration", f"{age // 3600:02d}:{age // 60 % 60:02d}:{age % 60:02d}"),
        ("BridgeId", channel.bridge.uniqueid if channel.bridge else ""),
    ]


def device_state_list(it: Context) -> None:
    """Every device: these carry neither Privilege nor SystemName."""
    items: list[Headers] = [
        (("Event", "DeviceStateChange"), *it.action_id(), ("Device", device), ("State", state))
        for device, state in it.box.devices().items()
    ]
    it.list_of("DeviceStateListComplete", "Device State Changes will follow", items)


def extension_state_list(it: Context) -> None:
    """A box without hints."""
    it.list_of("ExtensionStateListComplete", "Extension Statuses will follow", [])


def ping(it: Context) -> None:
    """Timestamp: the box's clock, seconds."""
    it.answer("Success", ("Ping", "Pong"), ("Timestamp", f"{it.box.clock.now():.6f}"))


#: Action (lower case) → classes of which one is needed to run it (none: anybody), what it does.
TABLE: dict[str, tuple[frozenset[str], Callable[[Context], None]]] = {
    "ping": (frozenset(), ping),
    "setvar": (frozenset({"call"}), setvar),
    "getvar": (frozenset({"call", "reporting"}), getvar),
    "hangup": (frozenset({"system", "call"}), hangup),
    "redirect": (frozenset({"call"}), redirect),
    "originate": (frozenset({"originate"}), originate),
    "status": (frozenset({"system", "call", "reporting"}), status),
    "coreshowchannels": (frozenset({"system", "reporting"}), core_show_channels),
    "devicestatelist": (frozenset({"call", "reporting"}), device_state_list),
    "extensionstatelist": (frozenset({"call", "reporting"}), extension_state_list),
}
