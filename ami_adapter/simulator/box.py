"""One box: its channels, bridges and devices, and the events they raise.

Everything that changes a channel, a bridge or a device is here; what a channel does next is its
`Owner`'s (dialplan.py, originate.py). No sockets.
"""

import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

from ami_adapter.simulator import events
from ami_adapter.simulator.channel import (
    DOWN,
    NORMAL,
    RINGING,
    SIP_STATUS,
    UP,
    Bridge,
    Channel,
    End,
    Signal,
)
from ami_adapter.simulator.clock import Clock
from ami_adapter.simulator.events import Event, Make

#: (a leg is up, a leg rings) → state; neither: whether it is registered decides.
#: chan_pjsip_devicestate() of chan_pjsip.c with ast_devstate_aggregate_result().
AGGREGATE = {
    (True, True): "RINGINUSE",
    (True, False): "INUSE",
    (False, True): "RINGING",
}

Listener: TypeAlias = Callable[[Event], None]


class Box:
    """An Asterisk without audio. `up` is false while it has vanished."""

    def __init__(self, name: str, clock: Clock, seed: int = 0) -> None:
        self.name = name
        self.clock = clock
        self.up = True
        self.booted = clock.now()
        self.variables: dict[str, str] = {}
        self.channels: dict[str, Channel] = {}
        self.endpoints: dict[str, bool] = {}
        self.audible: frozenset[str] = frozenset()
        self.listener: Listener = lambda event: None
        # Per endpoint, so that a device's state costs the same however many calls it has.
        self._up: Counter[str] = Counter()
        self._ringing: Counter[str] = Counter()
        self._told: dict[str, str] = {}
        self._random = random.Random(f"{seed}/{name}")
        self._count = 0

    # ── events ──────────────────────────────────────────────────────────────────────────────

    def emit(self, name: str, make: Make) -> None:
        """Raise an event, if anyone listens: an unheard one costs a set lookup."""
        if self.up and name in self.audible:
            self.listener(make())

    def either(self, first: Callable[[], object], second: Callable[[], object]) -> None:
        """Both, in an order that a real box's threads leave open."""
        steps = [first, second]
        if self.coin():
            steps.reverse()
        for step in steps:
            step()

    def coin(self) -> bool:
        """What a box may do or not."""
        return self._random.random() < 0.5

    # ── devices ─────────────────────────────────────────────────────────────────────────────

    def add_endpoint(self, endpoint: str, reachable: bool) -> None:
        """Configure an endpoint. Its device is told of only when it changes."""
        self.endpoints[endpoint] = reachable
        self._told[f"PJSIP/{endpoint}"] = self._state(endpoint)

    def reach(self, endpoint: str, reachable: bool) -> None:
        """A contact was registered, or the last one went away."""
        self.endpoints[endpoint] = reachable
        self.refresh(endpoint)

    def devices(self) -> dict[str, str]:
        """Every device and its state, as DeviceStateList gives them."""
        return dict(self._told)

    def set_custom(self, device: str, state: str) -> None:
        """Setvar of DEVICE_STATE(Custom:…)."""
        self._tell(device, state)

    def refresh(self, endpoint: str) -> None:
        """Tell of the endpoint's device if its state changed."""
        self._tell(f"PJSIP/{endpoint}", self._state(endpoint))

    def _tell(self, device: str, state: str) -> None:
        if self._told.get(device) != state:
            self._told[device] = state
            self.emit("DeviceStateChange", lambda: events.device_state(device, state))

    def _state(self, endpoint: str) -> str:
        legs = self._up[endpoint] > 0, self._ringing[endpoint] > 0
        idle = "NOT_INUSE" if self.endpoints.get(endpoint) else "UNAVAILABLE"
        return AGGREGATE.get(legs, idle)

    def _count_leg(self, channel: Channel, by: int) -> None:
        """A leg came (1) or went (-1). One that is down counts for nothing."""
        if channel.state == RINGING:
            self._ringing[channel.endpoint] += by
        elif channel.state != DOWN:
            self._up[channel.endpoint] += by

    # ── channels ────────────────────────────────────────────────────────────────────────────

    def new_channel(
        self, endpoint: str, state: int, context: str, exten: str, *,
        uniqueid: str = "", linkedid: str = "", number: str = "", caller: str = "",
    ) -> Channel:  # fmt: skip
        """A channel to or from `endpoint`, numbered as PJSIP and the core number them."""
        name = f"PJSIP/{endpoint}-{self._count:08x}"
        uniqueid = uniqueid or f"{self.name}-{int(self.clock.now())}.{self._count}"
        self._count += 1
        channel = Channel(
            name, uniqueid, endpoint, state, self.clock.now(), context, exten,
            linkedid or uniqueid, dnid=exten if state else "", number=number, caller=caller,
        )  # fmt: skip
        self.channels[uniqueid] = channel
        self._count_leg(channel, 1)
        self.emit("Newchannel", lambda: events.on_channel("Newchannel", channel))
        self.refresh(endpoint)
        return channel

    def find(self, wanted: str) -> Channel | None:
        """By Uniqueid, or by exact name in any case."""
        found = self.channels.get(wanted)
        return found or next(self._named(wanted.lower()), None)

    def _named(self, name: str) -> Iterator[Channel]:
        return (channel for channel in self.channels.values() if channel.name.lower() == name)

    def set_state(self, channel: Channel, state: int) -> None:
        """The channel's state changed; so may its device's."""
        self._count_leg(channel, -1)
        channel.state = state
        self._count_leg(channel, 1)
        self.emit("Newstate", lambda: events.on_channel("Newstate", channel))
        self.refresh(channel.endpoint)

    def answer(self, channel: Channel) -> None:
        """Answer() of the dialplan."""
        if channel.state != UP:
            self.set_state(channel, UP)
            if channel.far is not None:
                channel.far.tell(Signal.ANSWER, End())

    def hear(self, channel: Channel, signal: Signal, end: End = End()) -> None:  # noqa: B008
        """The far end of the channel rings, answered or hung up."""
        if not channel.alive or not self.up:
            return
        if signal is Signal.END:
            channel.far = None
            request = partial(
                self.emit, "HangupRequest", lambda: events.hangup_request(channel, end)
            )
            self.either(request, channel.owner.ending)
            # A BYE sets no cause; being in a bridge does.
            bare = not (end.sip or end.reason or channel.bridge)
            self._end(channel, End(0) if bare else end, channel.owner.in_dialplan)
        else:
            {Signal.RINGING: channel.owner.rings, Signal.ANSWER: channel.owner.answers}[signal]()

    def hang_up(self, channel: Channel, cause: int = NORMAL, sip: str = "") -> None:
        """Our side ends the channel."""
        if channel.alive:
            far, channel.far = channel.far, None
            if far is not None:
                far.tell(Signal.END, End(cause, sip or SIP_STATUS.get(cause, "")))
            self._end(channel, End(cause, sip), False)

    def dialplan_hangs_up(self, channel: Channel, cause: int = NORMAL, sip: str = "") -> None:
        """Hangup() of the dialplan."""
        if channel.alive:
            self._soft_hangup(channel)
            self.hang_up(channel, cause, sip)

    def _soft_hangup(self, channel: Channel) -> None:
        self.emit("SoftHangupRequest", lambda: events.soft_hangup_request(channel))

    def _end(self, channel: Channel, end: End, soft: bool) -> None:
        channel.alive = False
        left = self.leave_bridge(channel)
        if soft:
            self._soft_hangup(channel)
        # Each channel has its own thread: which Hangup comes first is open.
        self.either(lambda: self._bury(channel, end), lambda: go_on(left))

    def _bury(self, channel: Channel, end: End) -> None:
        del self.channels[channel.uniqueid]
        self._count_leg(channel, -1)
        hangup = partial(self.emit, "Hangup", lambda: events.hangup(channel, end))
        self.either(hangup, partial(channel.owner.gone, end))
        self.refresh(channel.endpoint)

    # ── bridges ─────────────────────────────────────────────────────────────────────────────

    def bridge(self, caller: Channel, agent: Channel) -> None:
        """Bridge(caller) run by the agent's channel. Takes the caller out of any other bridge."""
        orphans = self.leave_bridge(caller)
        number = self._random.getrandbits(128)
        bridge = Bridge(str(uuid.UUID(int=number, version=4)))
        self.emit("BridgeCreate", lambda: events.bridge("BridgeCreate", bridge))
        agent.linkedid = caller.linkedid
        caller.connected_number, caller.connected = agent.number, agent.caller
        for channel in (caller, agent):
            channel.bridge = bridge
            bridge.channels.append(channel)
            self._bridged("BridgeEnter", bridge, channel)
        go_on(orphans)

    def split(self, channel: Channel) -> None:
        """Take the channel out of its bridge; the other goes on in its dialplan."""
        go_on(self.leave_bridge(channel))

    def leave_bridge(self, channel: Channel) -> list[Channel]:
        """Take the channel out of its bridge, which then ends; whom it left goes on."""
        bridge = channel.bridge
        if bridge is None:
            return []
        others = [other for other in bridge.channels if other is not channel]
        for leaver in (channel, *others):
            bridge.channels.remove(leaver)
            leaver.bridge = None
            self._bridged("BridgeLeave", bridge, leaver)
        self.emit("BridgeDestroy", lambda: events.bridge("BridgeDestroy", bridge))
        return others

    def _bridged(self, name: str, bridge: Bridge, channel: Channel) -> None:
        self.emit(name, lambda: events.bridged(name, bridge, channel))

    def transfer(self, agent: Channel, exten: str) -> None:
        """REFER by the agent: the other party leaves the bridge for `exten`."""
        bridge = agent.bridge
        if bridge is not None:
            caller = next(other for other in bridge.channels if other is not agent)
            event = events.blind_transfer(agent, caller, bridge, exten)
            self.emit("BlindTransfer", lambda: event)
            self.leave_bridge(caller)
            caller.owner.goes("phones", exten)

    # ── the whole box ───────────────────────────────────────────────────────────────────────

    def lose_power(self) -> None:
        """kill -9: no event, no BYE; what was in memory is gone. Registrations are on disk."""
        self.up = False
        lost, self.channels = list(self.channels.values()), {}
        self._up.clear()
        self._ringing.clear()
        self.variables.clear()
        for channel in lost:
            channel.alive = False
            channel.bridge = None
            channel.owner.lost()
            if channel.far is not None:
                channel.far.tell(Signal.END, End(0))

    def boot(self) -> None:
        """Start again, empty."""
        self.up = True
        self.booted = self.clock.now()
        for endpoint in self.endpoints:
            self._told[f"PJSIP/{endpoint}"] = self._state(endpoint)


def go_on(channels: list[Channel]) -> None:
    """Let channels whose bridge ended go on in the dialplan."""
    for channel in channels:
        if channel.alive:
            channel.owner.after_bridge()
