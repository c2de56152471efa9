"""What the journal says happened: the line now, and who was served when. Pure."""

from dataclasses import dataclass, field
from typing import Any

from coordinator.audit import Checker
from coordinator.audit.replay import apply
from coordinator.audit.world import World
from coordinator.cli.demo.cast import QUEUE
from coordinator.journal import Entry


@dataclass(slots=True)
class Part:
    """A caller's part in the demo. Times µs; `served`: order of getting a first agent."""

    number: str
    box: str
    rank: int
    served: int = 0
    agent: str = ""
    outcome: str = ""
    wait_us: int = 0


@dataclass(slots=True)
class Story:
    """Everything so far. `world` is the line as the journal tells it."""

    world: World = field(default_factory=World)
    checker: Checker = field(default_factory=Checker)
    parts: dict[str, Part] = field(default_factory=dict)
    began_us: int = 0
    last_id: str = "0"
    _served: int = 0

    def read(self, entry: Entry) -> str:
        """Take an entry; returns its line of the log, empty for one that is not worth a line."""
        self.checker.feed(entry)
        self._note(entry)
        line = _LINES.get(entry.type)
        text = line(self, entry) if line else ""
        apply(self.world, entry)
        self.last_id = entry.id
        return text

    def _note(self, entry: Entry) -> None:
        data, part = entry.data, self.parts.get(str(entry.data.get("call_id")))
        if entry.type == "caller.joined":
            self.began_us = self.began_us or entry.at_us
            part = Part(data["caller_id_num"], data["box"], data["rank"])
            self.parts[data["call_id"]] = part
        elif part and entry.type == "offer.made" and not part.served:
            self._served += 1
            part.served = self._served
        elif part and entry.type == "caller.left":
            part.outcome, part.wait_us = data["outcome"], data["wait_us"]
        elif part and entry.type == "call.connected":
            part.agent = data["agent"]

    def over(self, callers: int) -> bool:
        """All have come and gone, and nobody talks."""
        gone = len(self.parts) == callers and all(part.outcome for part in self.parts.values())
        return gone and not self.world.callers

    def in_order_of_joining(self) -> list[Part]:
        """All callers by rank: the order in which they joined, over all boxes."""
        return sorted(self.parts.values(), key=lambda part: part.rank)

    def served_in_order(self) -> bool:
        """Whether those who got an agent got their first one in the order of joining."""
        served = [part.served for part in self.in_order_of_joining() if part.served]
        return served == sorted(served)

    def waiting(self) -> list[str]:
        """Call ids in line, first one first."""
        queue = self.world.queues.get(QUEUE)
        return [place[2] for place in queue.line] if queue else []

    def number(self, entry: Entry) -> str:
        """The caller's number, and its box."""
        part = self.parts[str(entry.data["call_id"])]
        return f"{part.number} ({part.box})"

    def state(self, agent: str) -> tuple[str, str]:
        """What an agent does, and the call id of the caller concerned."""
        there = self.world.agents[agent]
        for held in there.holds.values():
            return ("talking" if held.state == "connected" else "ringing"), held.call_id
        return there.state, ""


def _joined(story: Story, entry: Entry) -> str:
    return f"caller {story.number(entry)} joins: position {entry.data['position']}"


def _offered(story: Story, entry: Entry) -> str:
    data: Any = entry.data
    return (
        f"agent {data['agent']} (penalty {data['penalty']}, box {data['home']}) rings for "
        f"{story.number(entry)}, position {data['position']}"
    )


def _offer_ended(story: Story, entry: Entry) -> str:
    if entry.data["outcome"] in ("answered", "cancelled"):
        return ""
    what = str(entry.data["outcome"]).replace("_", " ")
    return f"agent {entry.data['agent']}: {what}; {story.number(entry)} keeps its place"


def _left(story: Story, entry: Entry) -> str:
    if entry.data["outcome"] == "answered":
        return ""
    what = str(entry.data["outcome"]).replace("_", " ")
    return f"caller {story.number(entry)} {what} after {entry.data['wait_us'] / 1e6:.1f} s"


def _connected(story: Story, entry: Entry) -> str:
    waited = entry.data["hold_us"] / 1e6
    return (
        f"agent {entry.data['agent']} talks with {story.number(entry)}, who waited {waited:.1f} s"
    )


def _completed(story: Story, entry: Entry) -> str:
    talked = entry.data["talk_us"] / 1e6
    return f"agent {entry.data['agent']} is free again after {talked:.1f} s"


_LINES = {
    "caller.joined": _joined,
    "offer.made": _offered,
    "offer.ended": _offer_ended,
    "caller.left": _left,
    "call.connected": _connected,
    "call.completed": _completed,
}
