"""A network on hand-moved time whose boxes write down every event: what most tests here use."""

from dataclasses import dataclass, field

from ami_adapter.simulator.callers import Caller
from ami_adapter.simulator.clock import ManualClock
from ami_adapter.simulator.dialplan import Request
from ami_adapter.simulator.events import CLASSES, Event
from ami_adapter.simulator.network import Network
from ami_adapter.simulator.originate import Order
from ami_adapter.simulator.phones import Behaviour


@dataclass
class Stage:
    """Boxes a, b, c. `heard` are (box, event) in order."""

    seed: int = 0
    clock: ManualClock = field(default_factory=ManualClock)
    heard: list[tuple[str, Event]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.network = Network(self.clock, self.seed)
        for name in "abc":
            box = self.network.add_box(name)
            box.audible = frozenset(CLASSES)
            box.listener = lambda event, name=name: self.heard.append((name, event))  # type: ignore[misc]

    def phone(self, agent: str, box: str, behaviour: Behaviour = Behaviour()) -> None:  # noqa: B008
        """A registered phone."""
        self.network.add_phone(agent, box, behaviour)

    def caller(self, queue: str = "sales", box: str = "a", **request: object) -> Caller:
        """A caller who holds by now."""
        caller = self.network.call(box, Request(queue, **request))  # type: ignore[arg-type]
        self.clock.advance(0.01)
        return caller

    def offer(
        self, offer_id: str, target: str, caller: Caller, box: str = "a", timeout: float = 20.0
    ) -> None:
        """What the adapter sends for an offer; nothing has happened yet when this returns."""
        visit = caller.channel.variables["GVQ_VISIT"]
        variables = (
            ("GVQ_OFFER", offer_id),
            ("GVQ_CALLER", caller.channel.uniqueid),
            ("GVQ_CALL", f"{caller.channel.uniqueid}-{visit}"),
        )
        order = Order(
            offer_id, target, offer_id, "gvq-agent", "s", timeout, caller.number, "", variables
        )
        self.network.originate(self.network.boxes[box], order)

    def names(self, uniqueid: str = "", box: str = "a") -> list[str]:
        """Names of the events of one channel (or of all) on a box."""
        return [e.name for at, e in self.heard if at == box and uniqueid in ("", e.uniqueid)]

    def of(self, name: str, box: str = "a", **headers: str) -> list[dict[str, str]]:
        """Events of this name with these headers."""
        found = [dict(e.headers) for at, e in self.heard if at == box and e.name == name]
        return [event for event in found if headers.items() <= event.items()]

    def devices(self, agent: str, box: str) -> list[str]:
        """The states the agent's device went through, as its box told them."""
        return [e["State"] for e in self.of("DeviceStateChange", box, Device=f"PJSIP/{agent}")]
