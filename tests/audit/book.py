"""Writes journals by hand: each method is one entry, each `step` one transition's time."""

from typing import Any

from coordinator.journal import Entry

Rows = list[list[Any]]


class Book:
    """A journal being written. It judges nothing: a test says what is true and what is not."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.now = 1_000_000

    def step(self, seconds: float = 1.0) -> None:
        """The next transition happens this much later."""
        self.now += int(seconds * 1_000_000)

    def write(self, type_: str, **data: Any) -> Entry:
        """Any entry; fields given as None are left out."""
        data = {name: value for name, value in data.items() if value is not None}
        entry = Entry(f"{len(self.entries) + 1}-0", self.now, type_, data)
        self.entries.append(entry)
        return entry

    def queue(
        self, queue: str = "sales", strategy: str = "linear", weight: int = 0, **more: Any
    ) -> None:
        """A queue with nobody in it, or a change of it."""
        fields = {"queue": queue, "strategy": strategy, "weight": weight, "removed": 0}
        self.write("queue.changed", **fields | more)

    def member(
        self, agent: str, penalty: int = 0, order: int = 1, queue: str = "sales", **more: Any
    ) -> None:
        """A membership, or a change of it."""
        self.write(
            "member.changed", queue=queue, agent=agent, penalty=penalty, order=order, removed=0,
            **more,
        )  # fmt: skip

    def agent(self, agent: str, state: str = "available") -> None:
        """An agent's state."""
        self.write("agent.state", agent=agent, state=state, home="a", by="box")

    def join(
        self, call: str, *, position: int = 1, box: str = "a", queue: str = "sales", **changes: Any
    ) -> None:
        """A caller joins now, or as `changes` say."""
        fields = {
            "queue": queue, "call_id": call, "box": box, "channel": f"PJSIP/{call}",
            "caller_id_num": "100", "caller_id_name": "", "priority": 0, "rank": self.now,
            "position": position, "age_us": 0, "by": "join",
        }  # fmt: skip
        self.write("caller.joined", **{**fields, **changes})

    def offer(self, call: str, agent: str, *, position: int = 1, **changes: Any) -> None:
        """The agent is rung for the caller; the offer is named after both."""
        penalty = changes.get("penalty", 0)
        fields = {
            "queue": "sales", "call_id": call, "box": "a", "agent": agent, "home": "a",
            "offer_id": f"{call}/{agent}", "fence": self.now, "penalty": penalty,
            "position": position, "strategy": "linear", "considered": [[agent, penalty, 0]],
            "passed_over": [], "ahead": position - 1, "timeout_us": 15_000_000,
        }  # fmt: skip
        self.write("offer.made", **{**fields, **changes})

    def offer_ended(self, call: str, agent: str, outcome: str, state: str = "resting") -> None:
        """An offer ends."""
        made = self.made(call, agent)
        self.write(
            "offer.ended", queue=made["queue"], call_id=call, agent=agent,
            offer_id=made["offer_id"], fence=made["fence"], outcome=outcome, ring_us=4_200_000,
            agent_state=state,
        )  # fmt: skip

    def claim(self, call: str, agent: str) -> None:
        """The phone has answered; an announcement plays before the bridge."""
        made = self.made(call, agent)
        self.write(
            "offer.claimed", queue=made["queue"], call_id=call, agent=agent,
            offer_id=made["offer_id"], fence=made["fence"],
        )  # fmt: skip

    def left(self, call: str, outcome: str, position: int = 1, **changes: Any) -> None:
        """A caller leaves the line."""
        fields = {
            "queue": "sales", "call_id": call, "box": "a", "outcome": outcome,
            "position": position, "wait_us": 8_000_000, "by": "box",
        }  # fmt: skip
        self.write("caller.left", **{**fields, **changes})

    def replaced(self, call: str, box: str = "a") -> None:
        """An attended transfer: another channel is in the caller's place."""
        self.write(
            "caller.replaced", queue="sales", call_id=call, uniqueid=f"{call}-heir", box=box,
            channel="PJSIP/heir", caller_id_num="200", caller_id_name="",
        )  # fmt: skip

    def connect(self, call: str, agent: str, position: int = 1, *, queue: str = "sales") -> None:
        """The agent answers and is bridged: three entries, as the line writes them."""
        self.offer_ended(call, agent, "answered", "talking")
        self.left(call, "answered", position, queue=queue)
        made = self.made(call, agent)
        self.write(
            "call.connected", queue=queue, call_id=call, box="a", agent=agent, home="a",
            offer_id=made["offer_id"], fence=made["fence"], hold_us=8_000_000, by="box",
        )  # fmt: skip

    def complete(
        self, call: str, agent: str, state: str = "available", ended_by: str = "caller",
        transfer: str | None = None,
    ) -> None:  # fmt: skip
        """The conversation ends."""
        made = self.made(call, agent)
        self.write(
            "call.completed", queue=made["queue"], call_id=call, agent=agent,
            offer_id=made["offer_id"], ended_by=ended_by, transfer=transfer, hold_us=8_000_000,
            talk_us=61_000_000, agent_state=state,
        )  # fmt: skip

    def made(self, call: str, agent: str) -> dict[str, Any]:
        """The fields of the offer of this pair made last."""
        offers = [
            e.data
            for e in self.entries
            if e.type == "offer.made" and (e.data["call_id"], e.data["agent"]) == (call, agent)
        ]
        return dict(offers[-1])


def shop(strategy: str = "linear", **penalties: int) -> Book:
    """A queue `sales` and its members, all available: `shop(ann=0, bob=1)`."""
    book = Book()
    book.queue("sales", strategy)
    for order, (agent, penalty) in enumerate(penalties.items(), start=1):
        book.member(agent, penalty, order)
        book.agent(agent)
    book.step()
    return book


def busy_day() -> Book:
    """A good journal in which everything happens: refusals, a detached box, two queues, a move."""
    book = shop(ann=0, bob=1)
    book.queue("help", "leastrecent")
    book.member("ann", 0, 1, "help")
    book.step()
    book.join("c1")
    book.offer("c1", "ann", considered=[["ann", 0, 0], ["bob", 1, 0]])
    book.step()
    book.join("c2", position=2, box="b")
    book.offer("c2", "bob", position=2, penalty=1, passed_over=[["c1", "ringing"]])
    book.step()
    book.join("c3", position=3, max_penalty=0)
    book.step()
    book.offer_ended("c1", "ann", "no_answer")
    book.step()
    book.join("c4", position=4, box="b")
    book.step()
    book.connect("c2", "bob", 2)
    book.step()
    book.agent("ann")
    book.offer("c1", "ann")
    book.step()
    book.write("caller.detached", queue="sales", call_id="c4", box="b")
    book.write("box.detached", box="b", reason="silent")
    book.step()
    book.connect("c1", "ann")
    book.step()
    book.complete("c2", "bob")
    book.step()
    book.write("box.attached", box="b")
    book.write("caller.attached", queue="sales", call_id="c4", box="b")
    book.offer("c4", "bob", position=2, penalty=1, passed_over=[["c3", "penalty"]])
    book.step()
    book.write(
        "caller.moved", queue="sales", call_id="c4", box="b", priority=9,
        rank=_rank(book, "c4"), position=1, by="api",
    )  # fmt: skip
    book.step()
    book.offer_ended("c4", "bob", "busy")
    book.step()
    book.complete("c1", "ann")
    book.offer("c4", "ann")
    book.step()
    book.connect("c4", "ann")
    book.step()
    book.complete("c4", "ann", "wrapup")
    book.step()
    book.left("c3", "abandoned")
    book.step()
    book.join("c5", queue="help")
    book.step()
    book.agent("ann")
    book.offer("c5", "ann", queue="help", strategy="leastrecent")
    book.step()
    book.connect("c5", "ann", queue="help")
    book.step()
    book.complete("c5", "ann")
    return book


def _rank(book: Book, call: str) -> int:
    joined = next(e for e in book.entries if e.data.get("call_id") == call)
    return int(joined.data["rank"])
